"""The session cookie: what a process has read once, it knows again by the whole cookie.

A browser sends the same cookie with each request until the session changes. To derive the key,
check the signature and unpack what it signs takes longer than most statements.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature

from crmapp.web.htmx import vary
from crmapp.web.tokens import Serializer

MOST = 1_000
"""So many cookies are known again; one has less than 4 KB."""
TOASTS = "_flashes"
"""Where Flask keeps what it is to say on the next page: (category, text), the latest last."""
LONGEST_TOASTS = 1_000
"""So many characters of them are kept, or the latest one."""


class Sessions(SecureCookieSessionInterface):
    """Flask's sessions in signed cookies; the age of a cookie is checked each time."""

    def __init__(self, app: Flask) -> None:
        if not app.secret_key:
            raise RuntimeError("sessions need the application's SECRET_KEY")
        self._serializer = serializer = Serializer(
            app.secret_key,
            salt=self.salt,
            serializer=self.serializer,
            signer_kwargs={
                "key_derivation": self.key_derivation,
                "digest_method": self.digest_method,
            },
        )
        self._read = lru_cache(MOST)(partial(serializer.loads, return_timestamp=True))

    def get_signing_serializer(self, app: Flask) -> Serializer:
        """Return the one that was made when the application was."""
        return self._serializer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        """Return what the cookie holds, or an empty session if it is not ours or too old."""
        cookie = request.cookies.get(self.get_cookie_name(app))
        if not cookie:
            return self.session_class()
        try:
            values, signed = self._read(cookie)
        except BadSignature:
            return self.session_class()
        age = datetime.now(UTC) - signed
        if not timedelta(0) <= age <= app.permanent_session_lifetime:
            return self.session_class()
        return self.session_class({name: _copy(value) for name, value in values.items()})

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the cookie if the session has changed, else only say that the answer follows it."""
        if session.modified or self.should_set_cookie(app, session):
            _forget_old_toasts(session)
            super().save_session(app, session, response)
        elif session.accessed:
            vary(response, "Cookie")


def _forget_old_toasts(session: SessionMixin) -> None:
    """Keep the latest: a program that sends forms and looks at no page would never be rid of any.

    A browser drops a cookie above 4,096 bytes, and the server refuses a request with 8,190.
    """
    toasts, length = session.get(TOASTS, ()), 0
    for kept, (_category, text) in enumerate(reversed(toasts)):
        length += len(text)
        if kept and length > LONGEST_TOASTS:
            session[TOASTS] = toasts[-kept:]
            return


def _copy(value: object) -> object:
    return value if isinstance(value, str | int | float | None) else deepcopy(value)


def init_app(app: Flask) -> None:
    """Read and write sessions so; the application has its key by now."""
    app.session_interface = Sessions(app)
