"""The one company of this Intacct: who may sign in, its sessions, its two places and its meter.

Sage meters each query page and each record written (performance tiers), and lets a company have two
requests at a time; what comes on top is refused at once.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crmapp.connectors.sandbox.intacct.search import Scope
from crmapp.connectors.sandbox.intacct.values import moment
from crmapp.connectors.sandbox.store import Store

# Printed for everybody who tries the sandbox.
COMPANY = "crmapp-demo"
SENDER, SENDER_PASSWORD = "crmapp", "sender-crmapp-2026"
STRANGER, STRANGER_PASSWORD = "stranger", "sender-stranger-2026"
CLIENT, CLIENT_SECRET = "crmapp.app.sage.com", "client-crmapp-2026"
PASSWORD = "intacct-crmapp-2026"  # noqa: S105  (no secret)
SESSION = timedelta(hours=4)
PLACES = 2  # requests at a time

SCHEMA = """
CREATE TABLE IF NOT EXISTS session (
    id TEXT PRIMARY KEY,
    user TEXT NOT NULL,
    entity TEXT NOT NULL,
    since TEXT NOT NULL,
    until TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS usage (month TEXT PRIMARY KEY, transactions INTEGER NOT NULL);
"""


@dataclass(frozen=True)
class User:
    """A user for web services; ``may_write`` is false for one with list and view permissions."""

    id: str
    may_write: bool = True


USERS = {each.id: each for each in (User("crmapp_sync"), User("crmapp_viewer", may_write=False))}


@dataclass(frozen=True)
class Session:
    """Somebody who is signed in, in the whole company or in one entity."""

    user: User
    entity: str
    since: str
    until: str
    id: str = ""

    def scope(self, private: bool = False) -> Scope:
        return Scope(self.entity, private and not self.entity)


def credentials_of() -> dict[str, Any]:
    """Return all that one needs to connect."""
    return {
        "company": COMPANY,
        "users": {each.id: "all" if each.may_write else "list and view" for each in USERS.values()},
        "password": PASSWORD,
        "sender": SENDER,
        "sender_password": SENDER_PASSWORD,
        "client_id": CLIENT,
        "client_secret": CLIENT_SECRET,
    }


class Full(Exception):
    """The company's places are taken."""


class Company:
    """What both interfaces share, over one file."""

    def __init__(self, store: Store) -> None:
        store.create(SCHEMA)
        self.store = store
        self._free = PLACES
        self._lock = threading.Lock()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take one of the places while a request is answered.

        Raises:
            Full: none is free.
        """
        with self._lock:
            if self._free == 0:
                raise Full
            self._free -= 1
        try:
            yield
        finally:
            with self._lock:
                self._free += 1

    def sign_in(self, user: str, password: str, entity: str, now: datetime) -> Session | None:
        """Return who is signed in, without a session yet; None if she is not let in."""
        found = USERS.get(user)
        if found is None or not secrets.compare_digest(password.encode(), PASSWORD.encode()):
            return None
        if entity and not self.has_entity(entity):
            return None
        return Session(found, entity, moment(now), moment(now + SESSION))

    def has_entity(self, entity: str) -> bool:
        sql = "SELECT 1 FROM record WHERE object = 'LOCATIONENTITY' AND key = ?"
        with self.store.reading() as connection:
            return connection.execute(sql, [entity]).fetchone() is not None

    def open(self, who: Session, connection: sqlite3.Connection, entity: str) -> Session:
        """Keep a session in ``entity``, or at the top level."""
        opened = Session(who.user, entity, who.since, who.until, secrets.token_urlsafe(24))
        connection.execute(
            "INSERT INTO session (id, user, entity, since, until) VALUES (?, ?, ?, ?, ?)",
            [opened.id, opened.user.id, opened.entity, opened.since, opened.until],
        )
        return opened

    def session(self, id: str, now: datetime) -> Session | None:
        """Return a session that has not expired yet; using it puts that off."""
        with self.store.reading() as connection:
            row = connection.execute("SELECT * FROM session WHERE id = ?", [id]).fetchone()
        if row is None or row["until"] <= moment(now):
            return None
        until = row["until"]
        if until < moment(now + SESSION / 2):
            until = moment(now + SESSION)
            with self.store.writing() as connection:
                connection.execute("UPDATE session SET until = ? WHERE id = ?", [until, id])
        return Session(USERS[row["user"]], row["entity"], row["since"], until, id)

    def expire_sessions(self) -> int:
        """End all sessions now, as the company's policy or an administrator does."""
        with self.store.writing() as connection:
            return connection.execute("UPDATE session SET until = since").rowcount

    def usage(self) -> dict[str, int]:
        """Return the metered transactions by month (``2026-11``)."""
        with self.store.reading() as connection:
            rows = connection.execute("SELECT month, transactions FROM usage ORDER BY month")
            return {row["month"]: row["transactions"] for row in rows}

    def meter(self, transactions: int, now: datetime) -> None:
        if transactions:
            with self.store.writing() as connection:
                add_usage(connection, transactions, now)


def add_usage(connection: sqlite3.Connection, transactions: int, now: datetime) -> None:
    connection.execute(
        "INSERT INTO usage (month, transactions) VALUES (?, ?) ON CONFLICT (month)"
        " DO UPDATE SET transactions = transactions + excluded.transactions",
        [now.strftime("%Y-%m"), transactions],
    )
