import secrets
from datetime import timedelta

import pytest
import time_machine
from flask import session

from crmapp.db import utcnow
from crmapp.web.sessions import LONGEST_TOASTS


@pytest.fixture
def cookie(app):
    """A session that was opened once, so that the process knows its cookie again."""
    sent = write(app, {"who": "ada", "recent": [1, 2]})
    assert opened(app, sent) == {"who": "ada", "recent": [1, 2]}
    return sent


def write(app, values):
    with app.test_request_context():
        response = app.response_class()
        written = app.session_interface.session_class()
        written.update(values)
        app.session_interface.save_session(app, written, response)
        return response.headers["Set-Cookie"].partition(";")[0]


def opened(app, cookie, change=lambda values: None):
    with app.test_request_context(headers={"Cookie": cookie}):
        values = dict(session)
        change(session)
        return values


def test_what_one_request_changes_in_its_session_no_other_sees(app, cookie):
    opened(app, cookie, lambda values: values["recent"].append(3))
    opened(app, cookie, lambda values: values.pop("who"))

    assert opened(app, cookie) == {"who": "ada", "recent": [1, 2]}


@pytest.mark.parametrize("later", [timedelta(days=31, seconds=1), timedelta(seconds=-2)])
def test_a_cookie_that_is_known_grows_too_old(app, cookie, later):
    with time_machine.travel(utcnow() + later, tick=False):
        assert opened(app, cookie) == {}


def test_a_cookie_that_resembles_a_known_one_is_not_ours(app, cookie):
    name, _, value = cookie.partition("=")

    assert opened(app, f"{name}={value[:-1]}") == {}
    assert opened(app, f"{name}=x{value}") == {}


def test_of_many_toasts_that_nobody_looked_at_the_latest_are_kept(app):
    toasts = [("success", f"{secrets.token_hex(16)} is created.") for _ in range(400)]

    sent = write(app, {"_user_id": "ada", "_flashes": toasts})

    kept = opened(app, sent)
    assert len(sent) < 3_000
    assert kept["_flashes"] == toasts[-len(kept["_flashes"]) :]
    assert len(kept["_flashes"]) == LONGEST_TOASTS // len(toasts[0][1])
    assert kept["_user_id"] == "ada"


def test_one_toast_is_kept_however_long(app):
    toasts = [("success", "Saved."), ("error", "no " * LONGEST_TOASTS)]

    kept = opened(app, write(app, {"_flashes": toasts}))

    assert kept["_flashes"] == toasts[1:]
