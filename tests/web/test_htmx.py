import json

import pytest
from flask import flash

from crmapp.web.htmx import page, see_other, targets_drawer, trigger
from tests.support.web import htmx


def shown(app, headers):
    with app.test_request_context(headers=headers):
        flash("Saved.")
        return page("security/email/letter.html", "_toasts.html")


@pytest.mark.parametrize(
    "headers",
    [{}, htmx(kind="full"), {**htmx(), "HX-History-Restore-Request": "true"}],
    ids=["plain", "whole page", "history"],
)
def test_the_whole_page_is_sent_unless_a_part_is_asked_for(app, headers):
    assert "<!doctype html>" in shown(app, headers).get_data(as_text=True)


def test_a_part_is_sent_alone(app):
    text = shown(app, htmx("main#main")).get_data(as_text=True)

    assert "<html" not in text
    assert "Saved." in text


def test_caches_keep_parts_and_pages_apart(client):
    assert "HX-Request" in client.get("/login").headers["Vary"]


def test_a_form_leads_on_with_303(app):
    with app.test_request_context():
        response = see_other("/accounts/1")

    assert (response.status_code, response.location) == (303, "/accounts/1")


def test_htmx_is_led_on_by_a_header_that_holds_any_script(app):
    with app.test_request_context(headers=htmx()):
        response = see_other("/accounts?q=Łódź")

    assert response.headers["HX-Redirect"] == "/accounts?q=%C5%81%C3%B3d%C5%BA"


def test_events_are_sent_in_ascii_to_the_body(app):
    with app.test_request_context(headers=htmx()):
        response = trigger(shown(app, htmx()), {"accounts:changed": {"name": "Łódź"}})

    header = response.headers["HX-Trigger"]
    assert header.isascii()
    assert json.loads(header) == {"accounts:changed": {"target": "body", "name": "Łódź"}}


def test_a_part_for_the_drawer_is_known(app):
    with app.test_request_context(headers=htmx("div#drawer-body")):
        assert targets_drawer()
