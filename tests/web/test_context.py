"""What belongs to an answer is what Flask's own names say."""

from __future__ import annotations

import pytest
from flask import g, request

from crmapp.web.context import is_asked, kept, this_request


def test_what_is_kept_is_what_g_holds(app):
    with app.test_request_context("/accounts"):
        kept()["colour"] = "green"
        assert g.colour == "green"
        g.colour = "blue"
        assert kept()["colour"] == "blue"


def test_the_request_is_the_one_that_flask_has(app):
    with app.test_request_context("/accounts?q=acme"):
        assert is_asked()
        assert this_request() is request._get_current_object()


def test_without_a_request_there_is_none(app):
    with app.app_context():
        assert kept() is vars(g._get_current_object())
        assert not is_asked()
        with pytest.raises(RuntimeError, match="no request"):
            this_request()


def test_without_an_application_nothing_is_kept():
    with pytest.raises(RuntimeError, match="no application context"):
        kept()
