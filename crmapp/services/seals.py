"""Seals audit events and changes in blocks once no smaller id can come; forgets what is erased.

Nobody who writes waits for it: the sweeper seals what others have committed. ``docs/adr`` says
what is protected, and from when.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Table, and_, func, or_, select

from crmapp.db import be_alone, session, unit_of_work, utcnow
from crmapp.db.horizon import horizon, is_past
from crmapp.domain import sealing
from crmapp.garbage import uncollected
from crmapp.models import AuditEvent, Change, Seal, SealMark
from crmapp.services import audit

EVENTS, CHANGES = "event", "change"
TABLES: dict[str, Table] = {
    EVENTS: AuditEvent.__table__,  # type: ignore[dict-item]  # a Table
    CHANGES: Change.__table__,  # type: ignore[dict-item]  # a Table
}
_NOT_SEALED = frozenset({"address", "agent", "salt"})
"""What goes with a person who is erased; its commitment is sealed."""
ROWS = 2_000
"""So many rows are sealed together, at most."""
ENOUGH = 500
SOON = timedelta(minutes=1)
"""Fewer rows than enough wait until the first of them is so old."""
_AT_ONCE = 50
_ALONE = "seals"
_ERASED = "records_erased"
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Block:
    """Rows that are to be sealed after the seal of that number, as they were at an erasure."""

    after: int
    stream: str
    first: int
    rows: Sequence[Any]
    erasure: int


def seal(at_least: int = ENOUGH, soon: timedelta = SOON) -> int:
    """Seal what is final and not sealed yet; return how many blocks were made."""
    made = 0
    for stream in TABLES:
        final = _final(stream)
        while made < _AT_ONCE and _seal_next(stream, final, at_least, soon):
            made += 1
    session.rollback()
    return made


def _seal_next(stream: str, final: int, at_least: int, soon: timedelta) -> bool:
    """Seal a block; not if there is none, or somebody else seals, or erases."""
    with uncollected():
        block = _next(stream, final, at_least, soon)
        return block is not None and _keep(block)


def columns(stream: str) -> list[ColumnElement[Any]]:
    """Return what is sealed of a row, the id first."""
    return [column for column in TABLES[stream].c if column.name not in _NOT_SEALED]


def sealed_up_to(stream: str) -> int:
    """Return the last id of a stream that has a seal."""
    return session.scalar(select(func.max(Seal.last)).where(Seal.stream == stream)) or 0


def forget(changes: Sequence[int]) -> None:
    """Take their salts from the seals of changes that are erased, and note which they were.

    Expects their ids in order, and a unit of work around it.
    """
    if not changes:
        return
    be_alone(_ALONE)
    gone = set(changes)
    within = (Seal.stream == CHANGES, Seal.last >= changes[0], Seal.first <= changes[-1])
    for number in session.scalars(select(Seal.number).where(*within)).all():
        row = session.get_one(Seal, number)
        row.rows = sealing.forget(row.rows, gone)
        session.flush()
        session.expunge(row)
    audit.note(_ERASED, by=None, about="changes", changes=list(sealing.spans(changes)))


def within(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    """Narrow changes down to blocks that have some of this time, and to those without a seal."""
    conditions: list[ColumnElement[bool]] = []
    own = Seal.stream == CHANGES
    sealed = sealed_up_to(CHANGES)
    if since is not None:
        first = session.scalar(select(func.min(Seal.first)).where(own, Seal.until >= since))
        conditions.append(Change.id >= (sealed + 1 if first is None else first))
    if until is not None:
        last = session.scalar(select(func.max(Seal.last)).where(own, Seal.since < until))
        conditions.append(or_(Change.id <= (last or 0), Change.id > sealed))
    return conditions


def _final(stream: str) -> int:
    """Return the id up to which all rows are there that ever will be.

    What is seen now is final once all who write now have ended: often at once, else at the next
    sweep, or the one after.
    """
    query = select(func.max(TABLES[stream].c.id))
    newest = session.scalar(query) or 0
    if newest <= sealed_up_to(stream) or not horizon():
        return newest
    with unit_of_work():
        be_alone(_ALONE)
        newest = session.scalar(query) or 0
        mark = session.get(SealMark, stream)
        now = horizon()
        if mark is None:
            mark = SealMark(stream=stream, upto=0, horizon=0)
            session.add(mark)
        settled = mark.upto if is_past(mark.horizon) else 0
        if settled or mark.upto == 0 or mark.horizon > now:  # a restored database counts anew
            mark.upto, mark.horizon = newest, now
    return newest if is_past(now) else settled


def _next(stream: str, final: int, at_least: int, soon: timedelta) -> _Block | None:
    """Read the next block of a stream, if enough waits, or has waited long enough."""
    session.rollback()
    first = sealed_up_to(stream) + 1
    after, erasure = session.scalar(select(func.max(Seal.number))) or 0, _last_erasure()
    own = TABLES[stream].c
    query = select(*columns(stream)).where(own.id.between(first, final)).order_by(own.id)
    rows = session.execute(query.limit(ROWS)).all()
    if not rows:
        return None
    waited = abs(utcnow() - rows[0].at)  # the clock may have stepped back since
    if len(rows) < at_least and waited < soon:
        return None
    return _Block(after, stream, first, rows, erasure)


def _last_erasure() -> int:
    """Return the event of the last erasure: rows that were read before it may be others now."""
    query = select(func.max(AuditEvent.id)).where(AuditEvent.kind == _ERASED)
    return session.scalar(query) or 0


def _keep(block: _Block) -> bool:
    """Write a seal, unless somebody else has written one, or erased rows of it, meanwhile."""
    entries = sealing.block([tuple(row) for row in block.rows])
    last = block.rows[-1].id
    times = [row.at for row in block.rows]
    with unit_of_work():
        be_alone(_ALONE)
        before = session.scalars(select(Seal).order_by(Seal.number.desc()).limit(1)).one_or_none()
        own = TABLES[block.stream].c
        there = select(func.count()).where(and_(own.id >= block.first, own.id <= last))
        if (before.number if before else 0) != block.after or session.scalar(there) != len(times):
            return False
        if _last_erasure() != block.erasure:
            return False
        previous = before.digest if before else sealing.FIRST
        made = Seal(
            number=block.after + 1,
            stream=block.stream,
            first=block.first,
            last=last,
            rows=entries,
            previous=previous,
            digest=sealing.digest(previous, block.stream, block.first, last, entries),
            since=min(times),
            until=max(times),
        )
        session.add(made)
        told = {"number": made.number, "digest": made.digest, "rows": len(times)}
    log.info("sealed", **told)
    return True
