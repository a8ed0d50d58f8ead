"""Tokens: JSON Web Tokens to come in with, and refresh tokens that live once.

A second authorisation of the same user in the same company ends the refresh tokens of the first
(nango.dev, July 2026: REST-2102), and a refresh token ends with its use.
"""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt

from crmapp.connectors.sandbox.intacct import company
from crmapp.connectors.sandbox.intacct.company import USERS, Session
from crmapp.connectors.sandbox.intacct.values import moment
from crmapp.connectors.sandbox.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS signing (secret TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS access (
    id TEXT PRIMARY KEY, user TEXT NOT NULL, entity TEXT NOT NULL, until TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS refresh (
    token TEXT PRIMARY KEY, user TEXT NOT NULL, entity TEXT NOT NULL, client TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS code (
    code TEXT PRIMARY KEY,
    user TEXT NOT NULL,
    entity TEXT NOT NULL,
    redirect TEXT NOT NULL,
    challenge TEXT NOT NULL,
    until TEXT NOT NULL
);
"""
LIFE = timedelta(hours=12)
_CODE_LIFE = timedelta(minutes=5)


@dataclass(frozen=True)
class Code:
    """An authorisation that a user gave and that a client has not redeemed yet."""

    user: str
    entity: str
    redirect: str
    challenge: str


class Tokens:
    """Makes and knows the tokens; kept, so that they outlive a restart."""

    def __init__(self, store: Store) -> None:
        store.create(SCHEMA)
        self._store = store
        with store.writing() as connection:
            row = connection.execute("SELECT secret FROM signing").fetchone()
            if row is None:
                secret = secrets.token_hex(32)
                connection.execute("INSERT INTO signing (secret) VALUES (?)", [secret])
        self._secret: str = row["secret"] if row is not None else secret

    def session(self, token: str, now: datetime) -> Session | None:
        """Return who comes in with ``token``; None if it is no longer, or never was, good."""
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                options={"verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return None
        with self._store.reading() as connection:
            row = connection.execute(
                "SELECT * FROM access WHERE id = ? AND until > ?", [claims["jti"], moment(now)]
            ).fetchone()
        if row is None:
            return None
        return Session(USERS[row["user"]], row["entity"], moment(now), row["until"], row["id"])

    def authorise(self, code: Code, now: datetime) -> str:
        """Return the code for an authorisation; it is good for a few minutes, once."""
        made = secrets.token_urlsafe(24)
        values = [made, code.user, code.entity, code.redirect, code.challenge]
        with self._store.writing() as connection:
            connection.execute(
                "INSERT INTO code (code, user, entity, redirect, challenge, until)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [*values, moment(now + _CODE_LIFE)],
            )
        return made

    def redeem(self, code: str, now: datetime) -> Code | None:
        with self._store.writing() as connection:
            row = connection.execute(
                "DELETE FROM code WHERE code = ? RETURNING *", [code]
            ).fetchone()
        if row is None or row["until"] <= moment(now):
            return None
        return Code(row["user"], row["entity"], row["redirect"], row["challenge"])

    def grant(self, user: str, entity: str, now: datetime) -> dict[str, Any]:
        """Return the tokens of a new grant, which ends the refresh tokens of those before it."""
        with self._store.writing() as connection:
            connection.execute("DELETE FROM refresh WHERE user = ?", [user])
            return self._made(connection, user, entity, now)

    def refresh(
        self, token: str, now: datetime, entity: str | None = None
    ) -> dict[str, Any] | None:
        """Return new tokens for a refresh token, which ends; None if it has ended already."""
        with self._store.writing() as connection:
            row = connection.execute(
                "DELETE FROM refresh WHERE token = ? RETURNING *", [token]
            ).fetchone()
            if row is None:
                return None
            place = row["entity"] if entity is None else entity
            return self._made(connection, row["user"], place, now)

    def expire(self) -> int:
        """End all access tokens now; refresh tokens stay good."""
        with self._store.writing() as connection:
            return connection.execute("UPDATE access SET until = ''").rowcount

    def revoke(self, token: str) -> None:
        with self._store.writing() as connection:
            connection.execute("DELETE FROM refresh WHERE token = ?", [token])
            claims = _unverified(token)
            connection.execute("DELETE FROM access WHERE id = ?", [claims.get("jti", "")])

    def _made(
        self, connection: sqlite3.Connection, user: str, entity: str, now: datetime
    ) -> dict[str, Any]:
        id, refresh = secrets.token_hex(16), secrets.token_urlsafe(32)
        claims = {
            "jti": id,
            "clientId": company.CLIENT,
            "cnyId": company.COMPANY,
            "userId": user,
            "entityId": entity,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFE).timestamp()),
        }
        connection.execute(
            "INSERT INTO access (id, user, entity, until) VALUES (?, ?, ?, ?)",
            [id, user, entity, moment(now + LIFE)],
        )
        connection.execute(
            "INSERT INTO refresh (token, user, entity, client) VALUES (?, ?, ?, ?)",
            [refresh, user, entity, company.CLIENT],
        )
        return {
            "token_type": "Bearer",
            "access_token": jwt.encode(claims, self._secret, algorithm="HS256"),
            "expires_in": int(LIFE.total_seconds()),
            "refresh_token": refresh,
        }


def _unverified(token: str) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return {}
    return claims
