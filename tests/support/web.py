"""Clients that ask as a browser would."""

from __future__ import annotations

from contextvars import Context
from typing import Any

from flask import Flask, has_app_context
from flask import session as cookie
from flask.testing import FlaskClient
from flask_security import login_user
from werkzeug.test import TestResponse

from crmapp.db import session, unit_of_work


class Client(FlaskClient):
    """A client whose requests see nothing of the test's own context, as in a real server.

    Flask reuses an application context that is already there, and with it ``g``, the database
    session and the signed-in user: a forgotten commit would pass. So each request runs in an empty
    context, and the test's session reads afresh after it.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        kwargs.setdefault("buffered", True)
        response = Context().run(super().open, *args, **kwargs)
        if has_app_context():
            session.rollback()
        return response


def sign_in(app: Flask, user: Any) -> Client:
    """Return a client with a session of ``user``, without the cost of checking a password."""
    client = app.test_client()
    signed_in = Context().run(_session_of, app, user)
    with client.session_transaction() as content:
        content.update(signed_in)
    return client


def _session_of(app: Flask, user: Any) -> dict[str, Any]:
    with app.test_request_context():
        with unit_of_work():  # as a request to sign in does: it waits for who writes
            login_user(user)
        return dict(cookie)


def htmx(target: str | None = None, kind: str = "partial") -> dict[str, str]:
    """Return the headers htmx 4 sends for a swap into the element with id ``target``."""
    headers = {"HX-Request": "true", "HX-Request-Type": kind, "Accept": "text/html"}
    return {**headers, "HX-Target": target} if target else headers
