"""Where faults happen: a database that can crash, a home, and ``crmapp up`` in it."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

import psycopg
from flask import Flask
from sqlalchemy.exc import InterfaceError, OperationalError

from crmapp import create_app
from crmapp.cli.supervision import valkey
from crmapp.config import ROOT, Settings
from crmapp.db import db, session
from crmapp.db.schema import migrate
from crmapp.domain.permissions import Role
from crmapp.errors import Unavailable
from crmapp.services import users
from crmapp.web.extensions import limiter, limiter_config
from tests.faults import made
from tests.support.postgres import Server

PLANTS = Path(__file__).parent / "plants"
PASSWORD = "a-long-enough-passphrase"
PEOPLE = {"alice": Role.ADMIN, "mona": Role.MANAGER, "bob": Role.REP}
AWAY = (Unavailable, OperationalError, InterfaceError, psycopg.OperationalError)
"""What a caller sees while the database is away."""
Answer = TypeVar("Answer")
_FILE = "sqlite:///"


class Databases(Protocol):
    """Makes databases that begin with the schema and the people, and crashes their server."""

    can_crash: bool

    def make(self, home: Path, like: str | None = None) -> str:
        """Make a database for the installation in ``home`` and return its URL.

        With ``like``, the URL of one that nobody uses, it begins with what is in that.
        """

    def drop(self, url: str) -> None:
        """Remove a database that nobody needs any more."""

    def crash(self) -> None:
        """Drop the server at once and start it again."""


class Files:
    """SQLite: each home has its file, and there is no server to crash."""

    can_crash = False

    def __init__(self, folder: Path) -> None:
        self._beginning = folder / "beginning.db"
        furnish(folder, f"{_FILE}{self._beginning}")

    def make(self, home: Path, like: str | None = None) -> str:
        file = home / "crmapp.db"
        beginning = like.removeprefix(_FILE) if like else self._beginning
        with closing(sqlite3.connect(beginning)) as read, closing(sqlite3.connect(file)) as to:
            read.backup(to)
        return f"{_FILE}{file}"

    def drop(self, url: str) -> None:
        for file in Path(url.removeprefix(_FILE)).parent.glob("crmapp.db*"):
            file.unlink()

    def crash(self) -> None:
        raise NotImplementedError("SQLite has no server")


class Cluster:
    """PostgreSQL: a server that keeps what it has acknowledged when it crashes."""

    can_crash = True

    def __init__(self, folder: Path) -> None:
        self.server = Server(synchronous_commit="on", max_connections="100")
        self._count = 0
        self.server.recreate("beginning")
        furnish(folder, self.server.url("beginning"))

    def make(self, home: Path, like: str | None = None) -> str:
        self._count += 1
        name = f"faults_{self._count}"
        self.server.recreate(name, _name(like) if like else "beginning")
        return self.server.url(name)

    def drop(self, url: str) -> None:
        self.server.run("DROP DATABASE {} WITH (FORCE)", _name(url))

    def crash(self) -> None:
        self.server.crash_and_restart()


def _name(url: str) -> str:
    """Return the name of the database that a URL leads to."""
    return urlsplit(url).path.removeprefix("/")


@contextmanager
def open_databases(kind: str, folder: Path) -> Iterator[Databases]:
    """Open what ``CRMAPP_TEST_DB`` names: sqlite or postgres."""
    if kind == "sqlite":
        yield Files(folder)
        return
    cluster = Cluster(folder)
    try:
        yield cluster
    finally:
        cluster.server.close()


def furnish(home: Path, url: str) -> None:
    """Bring the schema and the people into an empty database."""
    with opened(Settings.from_env({"CRMAPP_HOME": str(home), "DATABASE_URL": url})):
        migrate(db.engine)
        for name, role in PEOPLE.items():
            email = f"{name}@crm.example"
            users.add(name=name.title(), email=email, role=role, password=PASSWORD, by=None)


@contextmanager
def opened(settings: Settings) -> Iterator[Flask]:
    """Be inside an application of this process, and leave no connection behind."""
    made.register()
    app = create_app(settings)
    with app.app_context():
        try:
            yield app
        finally:
            session.remove()
            db.engine.dispose()
            _count_attempts_here()


def _count_attempts_here() -> None:
    """Bind the limiter, which all applications share, to no server: this one's goes away."""
    unserved = Flask("limits")
    unserved.config.update(limiter_config(None))
    limiter.init_app(unserved)


@dataclass(frozen=True)
class Ground:
    """One home with its database; ``env`` is what its processes are started with."""

    home: Path
    url: str
    databases: Databases
    env: Mapping[str, str]

    def settings(self) -> Settings:
        """Return the settings with which this process joins the installation."""
        environ = {**self.env, "CRMAPP_HOME": str(self.home), "REDIS_URL": valkey.url(self.home)}
        return Settings.from_env(environ)


def lay_ground(
    folder: Path,
    databases: Databases,
    like: str | None = None,
    lease: str = "3",
    **planted: str,
) -> Ground:
    """Make a home and a database; ``planted`` are settings of :mod:`tests.faults.plants`.

    The database begins ``like`` another one, if its URL is given. Leases are short, so that what
    was interrupted is taken up again within the test.
    """
    home = folder / "home"
    (home / "gates").mkdir(parents=True)
    url = databases.make(home, like)
    env = {
        "CRMAPP_DEMO": "0",
        "CRMAPP_FAULTS_GATES": str(home / "gates"),
        "CRMAPP_LEASE": lease,
        "CRMAPP_SWEEP_INTERVAL": "0.5",
        "CRMAPP_TIME_SLICE": "5",
        "DATABASE_URL": url,
        "HTMX_SOURCE": "local",
        "PORT": "0",
        "PYTHONPATH": os.pathsep.join([str(PLANTS), str(ROOT)]),
        **{f"CRMAPP_FAULTS_{name.upper()}": value for name, value in planted.items()},
    }
    return Ground(home, url, databases, env)


def insist(action: Callable[[], Answer], seconds: float = 60) -> Answer:
    """Do what a patient person does while the database is away: try again."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return action()
        except AWAY:
            if time.monotonic() > deadline:
                raise
            session.remove()
            time.sleep(0.1)
