"""The installation that a command works on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import click
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from crmapp import create_app
from crmapp.cli.supervision import valkey
from crmapp.config import Settings
from crmapp.db import db
from crmapp.db.schema import is_current
from crmapp.errors import CRMError, Invalid, NotFound

Given = ParamSpec("Given")
Returned = TypeVar("Returned")
_NEW = "There is no installation in {home} yet. Start it once with `crmapp up`."
_UNKNOWN = "There is nothing with this number."
_OLD = "The database has another schema than this version of crmapp. Start it with `crmapp up`."


def settings_in_force() -> Settings:
    """Read the settings; the queue is the embedded one if it runs."""
    settings = Settings.from_env()
    if settings.redis_url is None and valkey.socket_path(settings.home).exists():
        return replace(settings, redis_url=valkey.url(settings.home))
    return settings


@contextmanager
def installation(*, any_schema: bool = False) -> Iterator[Settings]:
    """Open the application; what is wrong is one line.

    ``any_schema`` opens one of an older version of crmapp as well.
    """
    settings = settings_in_force()
    if is_new(settings):
        raise click.ClickException(_NEW.format(home=settings.home))
    try:
        settings.refuse_half_restored()
        with opened(settings):
            if not any_schema and not is_current(db.engine):
                raise click.ClickException(_OLD)
            yield settings
    except OperationalError as error:
        line = str(error.orig).strip().splitlines()[0]
        raise click.ClickException(f"The database cannot be used: {line}.") from error
    except Invalid as error:
        raise click.ClickException(" ".join(map(str, error.fields.values()))) from error
    except NotFound as error:
        plain = error.message.text == NotFound.default  # it speaks of a page
        raise click.ClickException(_UNKNOWN if plain else str(error)) from error
    except CRMError as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def opened(settings: Settings) -> Iterator[None]:
    """Be inside the application, and leave no connection behind."""
    with create_app(settings).app_context():
        try:
            yield
        finally:
            db.session.remove()
            db.engine.dispose()


def in_installation(command: Callable[Given, Returned]) -> Callable[Given, Returned]:
    """Run a command with the application open."""

    @wraps(command)
    def inside(*args: Given.args, **kwargs: Given.kwargs) -> Returned:
        with installation():
            return command(*args, **kwargs)

    return inside


def is_new(settings: Settings) -> bool:
    """Say whether nothing was ever started here."""
    url = make_url(settings.database_url)
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").exists()


def table(rows: list[tuple[object, ...]], head: tuple[str, ...]) -> None:
    """Print rows under their heads, in columns as wide as they need."""
    cells = [head, *[tuple("" if cell is None else str(cell) for cell in row) for row in rows]]
    widths = [max(len(row[place]) for row in cells) for place in range(len(head))]
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())
