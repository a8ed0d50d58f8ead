"""Installations to measure, and one person in them who is signed in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from flask import session as cookie
from flask_security import login_user
from sqlalchemy import select

from crmapp import create_app
from crmapp.config import Settings
from crmapp.db import db, session, unit_of_work
from crmapp.db.schema import migrate
from crmapp.domain.permissions import Role
from crmapp.models import User
from crmapp.services import users

MANAGER = "m@bench.example"


@contextmanager
def opened(home: Path, **environ: str) -> Iterator[Flask]:
    """Be inside the application of ``home``; no connection is left behind."""
    usual = {"CRMAPP_HOME": str(home), "CRMAPP_DEMO": "0", "HTMX_SOURCE": "local"}
    app = create_app(Settings.from_env(usual | environ))
    with app.app_context():
        try:
            yield app
        finally:
            session.remove()
            db.engine.dispose()


def furnish(home: Path, **environ: str) -> None:
    """Bring the schema and a manager into an empty database."""
    home.mkdir(parents=True, exist_ok=True)
    with opened(home, **environ):
        migrate(db.engine)
        users.add(name="Mona", email=MANAGER, role=Role.MANAGER, by=None)


def manager() -> User:
    """Return the person who asks, in the application that one is in."""
    return session.scalars(select(User).where(User.email == MANAGER)).one()


def cookie_of(home: Path) -> str:
    """Sign the manager in and return what her browser would send from now on."""
    with opened(home) as app:
        return signed_in(app)


def signed_in(app: Flask) -> str:
    """Sign the manager in, as :func:`cookie_of` does, in the application that one is in."""
    with app.test_request_context():
        with unit_of_work():
            login_user(manager())
        content = dict(cookie)
    client = app.test_client()
    with client.session_transaction() as kept:
        kept.update(content)
    client.get("/accounts")  # her session learns the token that forms carry
    name = app.config["SESSION_COOKIE_NAME"]
    found = client.get_cookie(name)
    assert found is not None
    return f"{name}={found.value}"
