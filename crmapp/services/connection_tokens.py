"""Keeps the tokens of a connection in its row, and lets one process at a time renew them.

Who renews first takes a lease on the row (``renewing_until``) in a short transaction, then asks the
other system with no transaction open, then keeps the answer in a second short transaction. A
transaction, or an advisory lock, held while the other system takes its time would stop every writer
on SQLite and tie up a connection of PostgreSQL. What this costs, and why it is worth it:

* Others that need the tokens wait for the lease by looking again; who finds newer tokens than those
  that were refused takes them. A process that is killed holds the others up until its lease ends.
* A lease can end before its holder is done (a clock that jumps). So the lease decides nothing about
  the data: tokens are kept only in the place of those that the sign-in began with, and only while
  the connection's credentials are the ones that it was opened with.
* Tokens reach nobody before they are committed: a refresh token that is rotated dies with its
  first use, and whoever read the old one afterwards would end the connection. Killed between the
  answer and the commit, a rotated token is lost whatever a database does, and a person signs in
  again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection as Opened
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from crmapp.connectors.addresses import at_most, is_over
from crmapp.connectors.errors import Retryable
from crmapp.connectors.port import Tokens
from crmapp.db import beside, utcnow
from crmapp.errors import NotConnected, SecretsLost
from crmapp.i18n import N_
from crmapp.models import Connection
from crmapp.services import vault
from crmapp.services.connection_kinds import fingerprint

LONGEST = 30.0
"""Seconds that a sign-in may take."""
LEASE = timedelta(seconds=90)
"""How long one who renews has the row: for the sign-in, and for a database that is busy."""
TRIES = 3
log = logging.getLogger(__name__)
SignIn = Callable[[Tokens | None], Tokens]


@dataclass(frozen=True)
class _Turn:
    """Our turn to sign in, until then; ``kept`` are the tokens that it begins with."""

    kept: Tokens | None
    until: datetime


class RowTokens:
    """The :class:`crmapp.connectors.port.TokenStore` of one connection, for any thread.

    ``credentials`` is the fingerprint of the settings that the connection was opened with;
    ``before`` is called before each request and may refuse it.
    """

    def __init__(
        self,
        engine: Engine,
        system: str,
        connection_id: int,
        credentials: str,
        before: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._system = system
        self._id = connection_id
        self._credentials = credentials
        self._before = before

    def current(self) -> Tokens | None:
        self._before()
        with self._engine.connect() as connection:
            return self._tokens(self._row(connection))

    def renew(self, refused: str | None, sign_in: SignIn) -> Tokens:
        """Sign in, or return what somebody else got meanwhile.

        Raises:
            Retryable: somebody else is signing in for too long, or the settings have changed.
            NotConnected: the connection is gone.
        """
        turn = self._wait_for_turn(refused)
        if isinstance(turn, Tokens):
            return turn
        try:
            with at_most(LONGEST):
                fresh = sign_in(turn.kept)
        except BaseException:
            with suppress(SQLAlchemyError):  # the lease ends by itself
                self._give_up(turn.until)
            raise
        return self._keep(turn.kept, fresh)

    def put(self, fresh: Tokens) -> None:
        """Keep what a person's sign-in gave, in the place of whatever is there.

        Raises:
            Retryable: the settings have changed meanwhile.
        """
        with beside(self._engine) as connection:
            self._row(connection, lock=True)
            self._write(connection, tokens=vault.seal(_json(fresh)), renewing_until=None)

    def _wait_for_turn(self, refused: str | None) -> _Turn | Tokens:
        end, pause = time.monotonic() + LONGEST + 5, 0.05
        while True:
            turn = self._turn(refused)
            if turn is not None:
                return turn
            if is_over() or time.monotonic() >= end:
                raise Retryable(
                    N_("Somebody else is signing in to the other system. Try again in a minute.")
                )
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)

    def _turn(self, refused: str | None) -> _Turn | Tokens | None:
        """Take the lease, or the newer tokens; None while somebody else has the lease."""
        with beside(self._engine) as connection:
            row = self._row(connection, lock=True)
            kept = self._tokens(row)
            if kept is not None and kept.access != refused:
                return kept
            now = utcnow()
            if row.renewing_until is not None and row.renewing_until > now:
                return None
            until = now + LEASE
            self._write(connection, renewing_until=until)
            return _Turn(kept, until)

    def _keep(self, kept: Tokens | None, fresh: Tokens) -> Tokens:
        for left in reversed(range(TRIES)):
            try:
                return self._kept(kept, fresh)
            except DBAPIError:
                if not left:  # the refresh token that these came with is dead
                    log.error("the new tokens of %s could not be kept", self._system)
                    raise
        raise AssertionError("unreachable")

    def _kept(self, kept: Tokens | None, fresh: Tokens) -> Tokens:
        with beside(self._engine) as connection:
            row = self._row(connection, lock=True)
            now = self._tokens(row)
            if now is not None and (kept is None or now.access != kept.access):
                return now  # our lease had ended, and somebody else was quicker
            self._write(connection, tokens=vault.seal(_json(fresh)), renewing_until=None)
        return fresh

    def _give_up(self, until: datetime) -> None:
        with beside(self._engine) as connection:
            connection.execute(
                update(Connection)
                .where(Connection.id == self._id, Connection.renewing_until == until)
                .values(renewing_until=None)
            )

    def _row(self, connection: Opened, *, lock: bool = False) -> Any:
        query = select(Connection.__table__).where(Connection.id == self._id)
        row = connection.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            raise NotConnected(self._system)
        if self._credentials != fingerprint(
            row.kind, row.settings, vault.unseal(row.secrets), row.sandbox
        ):
            raise Retryable(N_("The settings of the connection were changed. Try again."))
        return row

    def _write(self, connection: Opened, **values: object) -> None:
        connection.execute(update(Connection).where(Connection.id == self._id).values(values))

    def _tokens(self, row: Any) -> Tokens | None:
        return tokens_of(row.tokens)


def tokens_of(sealed: str) -> Tokens | None:
    """Return the tokens that a row keeps; those that cannot be read are as good as none."""
    try:
        json = vault.unseal(sealed)
    except SecretsLost:
        return None
    if not json:
        return None
    ends: str | None = json["expires_at"]
    return Tokens(
        access=json["access"],
        refresh=json["refresh"],
        instance_url=json["instance_url"],
        expires_at=datetime.fromisoformat(ends) if ends else None,
        extra=json["extra"],
    )


def _json(tokens: Tokens) -> Mapping[str, Any]:
    return {
        "access": tokens.access,
        "refresh": tokens.refresh,
        "instance_url": tokens.instance_url,
        "expires_at": tokens.expires_at.isoformat() if tokens.expires_at else None,
        "extra": dict(tokens.extra),
    }
