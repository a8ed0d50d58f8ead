"""What is done once, before the web opens: the schema, the demo, and a word to the operator."""

from __future__ import annotations

import sys
import time

import click
from flask import Flask
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from crmapp.cli.supervision import web
from crmapp.cli.supervision.preflight import why_not_writable
from crmapp.config import Settings
from crmapp.db import db
from crmapp.db.schema import migrate
from crmapp.errors import CRMError
from crmapp.services import demo


def set_up(app: Flask, settings: Settings) -> None:
    """Migrate, and load the demo into an installation that is new; exit with 1 if that fails."""
    try:
        with app.app_context():
            if migrate(db.engine):
                click.echo("crmapp: the database has the newest schema.")
            if demo.load_once():
                click.echo("crmapp: the demo is loaded.")
    except OSError as error:
        _refuse(why_not_writable(settings.home, error))
    except OperationalError as error:
        _refuse(f"The database cannot be used: {_first_line(error)}. Check DATABASE_URL.")
    except (CRMError, SQLAlchemyError) as error:
        _refuse(f"Could not set up crmapp: {_first_line(error)}.")


def _first_line(error: Exception) -> str:
    original = getattr(error, "orig", None) or error.__cause__ or error
    return str(original).strip().splitlines()[0].rstrip(".")


def _refuse(line: str) -> None:
    click.ClickException(line).show()
    sys.exit(1)


def greet(app: Flask, settings: Settings, address: tuple[str, int]) -> None:
    """Wait until the web answers, then say where it is and who may sign in."""
    while not web.answers(address):
        time.sleep(0.05)
    place = settings.public_url or _url(address)
    click.echo(f"\ncrmapp is ready: {place}")
    with app.app_context():
        people = demo.sign_ins()
    if people:
        click.echo(f"Sign in with the password {demo.PASSWORD} as")
        for email, role in people:
            click.echo(f"  {email:<24} {role}")
    click.echo("Stop it with Ctrl-C.\n")


def _url(address: tuple[str, int]) -> str:
    host, port = address
    if host in ("0.0.0.0", "::"):  # noqa: S104  # compared with, not listened on
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
