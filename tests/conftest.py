"""The ground every test stands on: one application per process, one clean database per test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import time_machine
from flask import Flask

from crmapp import config
from crmapp.blueprints.grid import answers
from crmapp.config import Settings
from crmapp.db import db
from crmapp.db.schema import migrate
from crmapp.services import remotes
from crmapp.web.extensions import limiter
from crmapp.web.kept import Kept
from tests.factories import Make
from tests.support.connections import pretended
from tests.support.databases import Database, open_database, open_empty_database
from tests.support.web import Client, sign_in

hypothesis.settings.register_profile("crmapp", deadline=None)  # a busy machine is no defect
hypothesis.settings.load_profile("crmapp")

NOW = datetime(2026, 6, 15, 9, 30, tzinfo=UTC)
"""The moment at which frozen tests happen: a Monday."""
DATABASES = {"database", "empty_database"}
"""The fixtures that come with a database of the kind that CRMAPP_TEST_DB names."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in ("browser", "faults"):
            item.add_marker(folder)
        if DATABASES & set(getattr(item, "fixturenames", ())):
            item.add_marker("database")


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with open_database(tmp_path_factory.mktemp("database")) as opened:
        yield opened


@pytest.fixture(scope="module")
def empty_database() -> Iterator[dict[str, str]]:
    """An empty database for one installation, as the settings that an operator names it by."""
    with open_empty_database() as place:
        yield place


@pytest.fixture(scope="session")
def application(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application of this test process, with its schema made by the migrations."""
    from crmapp import create_app

    settings = Settings.from_env(
        {
            "CRMAPP_HOME": str(tmp_path_factory.mktemp("home")),
            "DATABASE_URL": database.url,
            "SECRET_KEY": "a key that only tests use, long enough",
            "HTMX_SOURCE": "local",
            "CRMAPP_WORKERS": "1",
        }
    )
    app = create_app(settings)
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    app.test_client_class = Client
    with app.app_context():
        migrate(db.engine)
        db.session.remove()
        db.engine.dispose()
    database.freeze()
    return app


@pytest.fixture
def app(application: Flask, database: Database) -> Iterator[Flask]:
    """The application in its context, with a clean database and an empty home."""
    settings: Settings = application.extensions["crmapp"]
    before = dict(application.config)
    config.use(settings)
    _empty(settings.home)
    database.thaw()
    answers._kept = Kept()  # a test may patch what is written in them
    limiter.enabled = True  # a test may switch limits off
    limiter.reset()
    remotes.use(None)  # a test may have put a pretended system in their place
    with application.app_context():
        yield application
        db.session.remove()
    application.config.clear()
    application.config.update(before)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


@pytest.fixture
def settings(app: Flask) -> Settings:
    chosen: Settings = app.extensions["crmapp"]
    return chosen


@pytest.fixture
def make(app: Flask) -> Make:
    return Make()


@pytest.fixture
def client(app: Flask) -> Any:
    """A visitor who is not signed in."""
    return app.test_client()


@pytest.fixture
def as_user(app: Flask) -> Callable[[Any], Client]:
    """Return a function from a person to a client that she has signed in with."""
    return lambda user: sign_in(app, user)


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    """Time stands still at :data:`NOW` until the test moves it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def intacct(tmp_path: Path) -> Iterator[str]:
    """The address of a pretend Sage Intacct."""
    with pretended("intacct", tmp_path / "intacct") as url:
        yield url


@pytest.fixture
def org(tmp_path: Path) -> Iterator[str]:
    """The address of a pretend Salesforce organisation."""
    with pretended("salesforce", tmp_path / "salesforce") as url:
        yield url
