"""What is done once, before the web opens: the schema, the demo, and a word to the operator."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
from flask import Flask
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from crmapp.cli.supervision import web
from crmapp.cli.supervision.preflight import why_not_writable
from crmapp.config import Settings
from crmapp.db import db
from crmapp.db.schema import migrate
from crmapp.errors import CRMError
from crmapp.services import demo, users


def set_up(app: Flask, settings: Settings) -> None:
    """Migrate, and load the demo into an installation that is new; exit with 1 if that fails."""
    try:
        with app.app_context():
            if migrate(db.engine):
                click.echo("crmapp: the database has the newest schema.")
            if settings.demo:
                _load_demo_once(settings.home / "demo")
    except OSError as error:
        _refuse(why_not_writable(settings.home, error))
    except OperationalError as error:
        _refuse(f"The database cannot be used: {_first_line(error)}. Check DATABASE_URL.")
    except (CRMError, SQLAlchemyError) as error:
        _refuse(f"Could not set up crmapp: {_first_line(error)}.")


def _load_demo_once(mark: Path) -> None:
    """Load the demo into an installation without people; start over if that was interrupted.

    ``mark`` says *loading* meanwhile and *loaded* for ever after, also when the demo is removed;
    *connected* once it was connected as well (:mod:`crmapp.cli.supervision.sandboxes`).
    """
    state = mark.read_text() if mark.exists() else ""
    if state in ("loaded", "connected"):
        return
    if state == "loading" and demo.is_loaded():
        demo.remove()
    if not users.anybody():
        mark.write_text("loading")
        demo.load()
        click.echo("crmapp: the demo is loaded.")
    mark.write_text("loaded")


def _first_line(error: Exception) -> str:
    known = isinstance(error, CRMError) and error.message.text != type(error).default
    original = error if known else getattr(error, "orig", None) or error.__cause__ or error
    return str(original).strip().splitlines()[0].rstrip(".")


def _refuse(line: str) -> None:
    click.ClickException(line).show()
    sys.exit(1)


def greet(app: Flask, settings: Settings, address: tuple[str, int]) -> None:
    """Wait until the web answers, then say where it is and who may sign in."""
    while not web.answers(address):
        time.sleep(0.05)
    click.echo(f"\ncrmapp is ready: {settings.address}")
    with app.app_context():
        click.echo(_sign_ins())
    click.echo("Stop it with Ctrl-C.\n")


def _sign_ins() -> str:
    if demo.is_loaded():
        lines = [f"  {login}@demo.example".ljust(24) + role for login, _, role, _ in demo.PEOPLE]
        return "\n".join([f"Sign in with the password {demo.PASSWORD} as", *lines])
    if not users.anybody():
        return "Nobody may sign in yet: crmapp users add you@example.com --role admin"
    return "Sign in with your e-mail address."
