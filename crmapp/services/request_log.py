"""The log of requests to other systems: written while a connection is open, read, forgotten."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, case, delete, func, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from crmapp.connectors.port import Connector, Exchange, Usage
from crmapp.db import beside, session, unit_of_work, utcnow
from crmapp.domain.permissions import Right
from crmapp.errors import NotFound
from crmapp.i18n import N_
from crmapp.models import Connection, RequestLog, User
from crmapp.services import api_use
from crmapp.services.connection_kinds import system as known
from crmapp.services.rights import need

PAGE = 50
AT_ONCE = 200
"""So many requests are kept in memory before they are written."""
KEPT_FOR = timedelta(days=7)
MOST = 5_000
"""So many requests are kept for each connection, at most."""
MEANINGS: dict[str, str] = {
    "name": N_("There is no host of that name."),
    "refused": N_("Nothing answers at the address, or the way to it is closed."),
    "time": N_("No answer came in time."),
    "tls": N_("No secure connection could be made."),
    "cut": N_("The connection ended before the answer was whole."),
    "401": N_("The sign-in was refused, or has ended."),
    "403": N_("That is not allowed to the user of the connection."),
    "404": N_("There is no such thing at the address."),
    "429": N_("Too many requests at a time. It is tried again in a while."),
    "500": N_("The other system failed. It is tried again in a while."),
    "502": N_("The other system was not there for a moment. It is tried again in a while."),
    "503": N_("The other system was not there for a moment. It is tried again in a while."),
    "504": N_("The other system took too long. It is tried again in a while."),
    "WrongInstance": N_("The address must not be asked, or leads to another one."),
    "INVALID_SESSION_ID": N_("The session had ended. A new one is opened by itself."),
    "INVALID_FIELD": N_("A field is gone, or hidden from the user of the connection."),
    "INVALID_TYPE": N_("An object is gone, or hidden from the user of the connection."),
    "REQUEST_LIMIT_EXCEEDED": N_("The quota of the organisation is used up."),
    "UNABLE_TO_LOCK_ROW": N_("Somebody else was changing the same record. It is tried again."),
    "invalid_grant": N_("The sign-in was refused."),
    "invalid_client": N_("The secret of the app was refused."),
    "invalid_client_id": N_("The key of the app is not known there."),
    "XL03000006": N_("The sign-in was refused."),
}
"""What codes of errors mean, where it can be said in a sentence."""
_BATCH = 1_000
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cause:
    """What went wrong in the same way, how often, and when last."""

    error: str
    status: int | None
    count: int
    last_at: datetime
    detail: str

    @property
    def code(self) -> str:
        """What tells this cause from others in an address."""
        return self.error or f"HTTP {self.status or '-'}"

    @property
    def meaning(self) -> str | None:
        """What it means, in a sentence, if that is known."""
        return meaning(self.error, self.status)


class Journal:
    """The requests of one opened connection, and what they cost; for any thread.

    They are written in transactions of their own: when the connection is closed, and before, so
    that a long run keeps few in memory. What cannot be written is told in the log of the process
    and fails nothing: the request was made all the same.
    """

    def __init__(self, engine: Engine, row: Connection, *, budgeted: bool) -> None:
        self._engine = engine
        self._id = row.id
        self._system = row.system
        self._budget = row.budget if budgeted else None
        self._begun = api_use.ours(row.system, row.usage, utcnow())
        self._lock = threading.Lock()
        self._waiting: list[Exchange] = []
        self._counted = 0
        self._said: Usage | None = None
        self.answered = False
        self.connector: Connector | None = None

    def note(self, exchange: Exchange) -> None:
        """Keep a request."""
        with self._lock:
            self._waiting.append(exchange)
            self._counted += 1
            self.answered |= exchange.status is not None and not exchange.error
            full = len(self._waiting) >= AT_ONCE
        if full:
            self.write()

    def allow(self) -> None:
        """Let one more request be made.

        Raises:
            QuotaExceeded: our own budget is used up.
        """
        if self._budget is not None and self._begun + self._counted >= self._budget:
            api_use.refuse(self._system, self._budget, utcnow())

    def write(self) -> None:
        """Write what is kept, and what it cost."""
        with self._lock:
            taken, self._waiting = self._waiting, []
            before, said = self._said, self.connector.usage() if self.connector else None
            self._said = said
        if not taken:
            return
        more = api_use.costs(self._system, len(taken), before, said)
        try:
            self._write(taken, more, said)
        except SQLAlchemyError as error:
            log.warning("%s requests to %s are not logged: %s", len(taken), self._system, error)

    def _write(self, taken: Sequence[Exchange], more: int, said: Usage | None) -> None:
        rows = [asdict(each) | {"connection_id": self._id} for each in taken]
        with beside(self._engine) as connection:
            own = Connection.id == self._id
            kept = connection.scalars(
                select(Connection.usage).where(own).with_for_update()
            ).one_or_none()
            if kept is None:
                return  # removed meanwhile, with its log
            usage = api_use.counted(self._system, kept, more, said, utcnow())
            connection.execute(update(Connection).where(own).values(usage=usage))
            connection.execute(insert(RequestLog), rows)


def listed(
    system: str,
    *,
    by: User,
    errors: bool = False,
    cause: str = "",
    before: int | None = None,
) -> tuple[Sequence[RequestLog], int | None]:
    """Return a page of requests, newest first, and the id to go on before, if there is more.

    ``cause`` is the code of a :class:`Cause`.

    Raises:
        Forbidden: she lacks the right.
        NotFound: there is no such system.
    """
    query = select(RequestLog).where(_of(system, by)).order_by(RequestLog.id.desc())
    if errors or cause:
        query = query.where(_WRONG)
    if cause:
        query = query.where(_is(cause))
    if before is not None:
        query = query.where(RequestLog.id < before)
    rows = session.scalars(query.limit(PAGE + 1)).all()
    return rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None


def causes(system: str, *, by: User) -> list[Cause]:
    """Return what went wrong, by cause, the latest first.

    Raises:
        Forbidden, NotFound
    """
    groups = (
        select(
            RequestLog.error,
            _STATUS,
            func.count(),
            func.max(RequestLog.at),
            func.max(RequestLog.id),
        )
        .where(_of(system, by), _WRONG)
        .group_by(RequestLog.error, _STATUS)
        .order_by(func.max(RequestLog.id).desc())
    )
    found = [tuple(row) for row in session.execute(groups)]
    last = [row[4] for row in found]
    details = select(RequestLog.id, RequestLog.detail).where(RequestLog.id.in_(last))
    words = {row.id: row.detail for row in session.execute(details)}
    return [
        Cause(error, status, count, at, words.get(newest, ""))
        for error, status, count, at, newest in found
    ]


def get(system: str, request_id: int, *, by: User) -> RequestLog:
    """Return one request.

    Raises:
        Forbidden, NotFound
    """
    query = select(RequestLog).where(_of(system, by), RequestLog.id == request_id)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def meaning(error: str, status: int | None) -> str | None:
    """Say what an error means, if that is known: by its code, or else by the state of HTTP."""
    return MEANINGS.get(error) or (None if error else MEANINGS.get(str(status)))


def is_wrong(row: RequestLog) -> bool:
    """Say whether a request came to nothing."""
    return bool(row.error) or row.status is None or row.status >= 400


def forget_old() -> int:
    """Delete what is older than a week, or more than is kept; return how many were deleted.

    Asked every few seconds, it looks at the oldest and the newest row before it does anything.
    """
    oldest = session.scalars(select(RequestLog).order_by(RequestLog.id).limit(1)).one_or_none()
    newest = session.scalar(select(func.max(RequestLog.id)))
    limit = utcnow() - KEPT_FOR
    too_old = [RequestLog.at < limit] if oldest and oldest.at < limit else []
    too_many = _beyond_most() if oldest and newest and newest - oldest.id >= MOST else []
    session.rollback()
    return sum(_delete(condition) for condition in (*too_old, *too_many))


def _beyond_most() -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for connection_id in session.scalars(select(Connection.id)).all():
        own = RequestLog.connection_id == connection_id
        newest = select(RequestLog.id).where(own).order_by(RequestLog.id.desc())
        last = session.scalar(newest.offset(MOST).limit(1))
        if last is not None:
            found.append(own & (RequestLog.id <= last))
    return found


def _delete(condition: ColumnElement[bool]) -> int:
    """Delete a batch, the oldest first; the next sweep deletes the next one."""
    with unit_of_work():
        batch = select(RequestLog.id).where(condition).order_by(RequestLog.id).limit(_BATCH)
        gone = session.scalars(batch).all()
        if gone:
            session.execute(delete(RequestLog).where(RequestLog.id.in_(gone)))
        return len(gone)


_WRONG = or_(RequestLog.error != "", RequestLog.status.is_(None), RequestLog.status >= 400)
# An error code may come with several states of HTTP; it is one cause all the same.
_STATUS = case((RequestLog.error == "", RequestLog.status), else_=None).label("state")


def _is(cause: str) -> ColumnElement[bool]:
    number = cause.removeprefix("HTTP ")
    if number == cause:
        return RequestLog.error == cause
    status = int(number) if number.isdigit() and len(number) == 3 else None
    return (RequestLog.error == "") & (RequestLog.status == status)


def _of(system: str, by: User) -> ColumnElement[bool]:
    need(Right.INTEGRATION_MANAGE, by=by)
    connection = select(Connection.id).where(Connection.system == known(system).code)
    return RequestLog.connection_id == connection.scalar_subquery()
