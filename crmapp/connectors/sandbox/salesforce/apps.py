"""Who may sign in: apps, their users and tokens, as the pretend org keeps them."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from crmapp.connectors.sandbox.salesforce.database import ORG_ID, Database
from crmapp.connectors.sandbox.salesforce.values import moment, stamp

CLIENT_ID = "3MVG9sandbox.crmapp.demo"
CLIENT_SECRET = "sandbox-secret-of-the-demo"  # noqa: S105  # of a pretend system, for everybody
USERNAME = "integration@demo.example"
PASSWORD = "sandbox-password"  # noqa: S105  # as above
SECURITY_TOKEN = "sandboxtoken"  # noqa: S105  # as above
_CODES_LIVE = timedelta(minutes=15)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS sf_app (client_id TEXT PRIMARY KEY, app TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sf_token (
    access TEXT PRIMARY KEY, refresh TEXT, user TEXT NOT NULL, client_id TEXT NOT NULL,
    made TEXT NOT NULL, dead INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS sf_refresh (
    token TEXT PRIMARY KEY, user TEXT NOT NULL, client_id TEXT NOT NULL, scope TEXT NOT NULL,
    dead INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS sf_authorization (
    code TEXT PRIMARY KEY, user TEXT NOT NULL, client_id TEXT NOT NULL, redirect_uri TEXT NOT NULL,
    challenge TEXT NOT NULL, scope TEXT NOT NULL, nonce TEXT NOT NULL, made TEXT NOT NULL
);
"""


@dataclass(frozen=True)
class App:
    """An external client app; ``public_key`` is PEM, of a key or a certificate.

    ``rotates`` says that a refresh token dies with its use, and another one comes in its place.
    An empty ``redirect_uris`` lets any address receive codes.
    """

    client_id: str
    secret: str
    run_as: str = USERNAME
    client_credentials: bool = True
    public_key: str = ""
    rotates: bool = False
    redirect_uris: tuple[str, ...] = ()
    scope: str = "api refresh_token id"


@dataclass(frozen=True)
class Code:
    user: str
    client_id: str
    redirect_uri: str
    challenge: str
    scope: str
    nonce: str = ""


@dataclass(frozen=True)
class Granted:
    access: str
    refresh: str | None
    user: str
    scope: str
    client_id: str
    nonce: str | None = None  # of OpenID Connect, where that was asked for


@dataclass(frozen=True)
class Token:
    user: str
    since: datetime


class Apps:
    """The apps and their tokens; all of it outlives a restart."""

    def __init__(self, database: Database) -> None:
        self._store = database.store
        self._store.create(_SCHEMA)
        if self.app(CLIENT_ID) is None:
            self.register(App(CLIENT_ID, CLIENT_SECRET))

    def register(self, app: App) -> None:
        with self._store.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO sf_app VALUES (?, ?)",
                [app.client_id, orjson.dumps(asdict(app)).decode()],
            )

    def change(self, given: Mapping[str, Any]) -> App:
        """Register an app by what is given of it; the rest stays as it was."""
        client_id = str(given.get("client_id") or CLIENT_ID)
        before = self.app(client_id) or App(client_id, secrets.token_hex(16))
        values = asdict(before) | {k: v for k, v in given.items() if k in asdict(before)}
        values["redirect_uris"] = tuple(values["redirect_uris"])
        app = App(**values)
        self.register(app)
        return app

    def app(self, client_id: str) -> App | None:
        with self._store.reading() as connection:
            row = connection.execute(
                "SELECT app FROM sf_app WHERE client_id = ?", [client_id]
            ).fetchone()
        if row is None:
            return None
        values = orjson.loads(row["app"])
        return App(**{**values, "redirect_uris": tuple(values["redirect_uris"])})

    def user(self, username: str) -> str | None:
        """Return the id of an active user."""
        with self._store.reading() as connection:
            row = connection.execute(
                'SELECT Id FROM "User" WHERE Username = ? AND IsActive = 1', [username]
            ).fetchone()
        return row["Id"] if row else None

    def grant(self, app: App, user: str, now: datetime, *, lasting: bool = False) -> Granted:
        """Give a new access token; a refresh token too if it shall be ``lasting``."""
        with self._store.writing() as connection:
            refresh = _new_refresh(connection, app, user, app.scope) if lasting else None
            access = _new_access(connection, app.client_id, user, refresh, now)
        return Granted(access, refresh, user, app.scope, app.client_id)

    def refresh(self, app: App, token: str, now: datetime) -> Granted | None:
        """Give a new access token for a refresh token; None if that is dead or another app's."""
        with self._store.writing() as connection:
            row = connection.execute(
                "SELECT * FROM sf_refresh WHERE token = ? AND client_id = ? AND dead = 0",
                [token, app.client_id],
            ).fetchone()
            if row is None:
                return None
            fresh = None
            if app.rotates:
                connection.execute("UPDATE sf_refresh SET dead = 1 WHERE token = ?", [token])
                fresh = _new_refresh(connection, app, row["user"], row["scope"])
            kept = fresh or token
            access = _new_access(connection, app.client_id, row["user"], kept, now)
        return Granted(access, fresh, row["user"], row["scope"], app.client_id)

    def issue_code(self, code: Code, now: datetime) -> str:
        made = f"aPrx{secrets.token_urlsafe(40)}=="
        with self._store.writing() as connection:
            connection.execute(
                "INSERT INTO sf_authorization VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [made, code.user, code.client_id, code.redirect_uri, code.challenge, code.scope,
                 code.nonce, stamp(now)],
            )  # fmt: skip
        return made

    def spend_code(self, text: str, now: datetime) -> Code | None:
        """Take a code; None if it is unknown, used or too old."""
        with self._store.writing() as connection:
            row = connection.execute(
                "DELETE FROM sf_authorization WHERE code = ? RETURNING *", [text]
            ).fetchone()
        if row is None or moment(row["made"]) < now - _CODES_LIVE:
            return None
        return Code(
            row["user"], row["client_id"], row["redirect_uri"], row["challenge"], row["scope"],
            row["nonce"],
        )  # fmt: skip

    def holder(self, access: str) -> str | None:
        """Return the user of a living access token."""
        token = self.token(access)
        return token.user if token else None

    def token(self, access: str) -> Token | None:
        """Return a living access token."""
        with self._store.reading() as connection:
            row = connection.execute(
                "SELECT user, made FROM sf_token WHERE access = ? AND dead = 0", [access]
            ).fetchone()
        return Token(row["user"], moment(row["made"])) if row else None

    def revoke(self, token: str) -> bool:
        """Let a token die; with a refresh token die the access tokens that came of it."""
        with self._store.writing() as connection:
            ended = connection.execute(
                "UPDATE sf_token SET dead = 1 WHERE (access = ? OR refresh = ?) AND dead = 0",
                [token, token],
            ).rowcount
            ended += connection.execute(
                "UPDATE sf_refresh SET dead = 1 WHERE token = ? AND dead = 0", [token]
            ).rowcount
        return ended > 0

    def expire(self, *, refresh: bool = False) -> None:
        """Let all access tokens die, and the refresh tokens too if asked."""
        with self._store.writing() as connection:
            connection.execute("UPDATE sf_token SET dead = 1")
            if refresh:
                connection.execute("UPDATE sf_refresh SET dead = 1")


def _new_access(
    connection: sqlite3.Connection, client_id: str, user: str, refresh: str | None, now: datetime
) -> str:
    access = f"{ORG_ID[:15]}!AQ{secrets.token_urlsafe(60)}"
    connection.execute(
        "INSERT INTO sf_token VALUES (?, ?, ?, ?, ?, 0)",
        [access, refresh, user, client_id, stamp(now)],
    )
    return access


def _new_refresh(connection: sqlite3.Connection, app: App, user: str, scope: str) -> str:
    token = f"5Aep861{secrets.token_urlsafe(50)}"
    connection.execute(
        "INSERT INTO sf_refresh VALUES (?, ?, ?, ?, 0)", [token, user, app.client_id, scope]
    )
    return token
