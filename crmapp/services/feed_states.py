"""How far a CRM mapping has read its sources, and which of its runs are open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from crmapp.db import session, utcnow
from crmapp.domain.runs import Status
from crmapp.models import CrmMapping, FeedCursor, Run
from crmapp.services import feed_sources
from crmapp.services.staged_rows import state_of

KIND = "feed"
REST = timedelta(minutes=30)
"""After a run that failed or was cancelled the schedule waits so long, whatever its minutes."""
WHOLE_EVERY = timedelta(hours=24)
"""So often everything is read, for what the cursors of sources miss."""
_WORKING = [Status.PLANNING.value, Status.QUEUED.value, Status.RUNNING.value]


def working(mapping: CrmMapping) -> int | None:
    """Return the run of a CRM mapping that is worked on, or is about to be."""
    query = select(Run.id).where(
        Run.kind == KIND, Run.lock_key == mapping.lock_key, Run.status.in_(_WORKING)
    )
    return session.scalar(query.order_by(Run.id).limit(1))


def waiting(mapping: CrmMapping) -> Sequence[Run]:
    """Return the runs of a CRM mapping whose plans wait for a person."""
    query = select(Run).where(
        Run.kind == KIND, Run.lock_key == mapping.lock_key, Run.status == Status.PLANNED.value
    )
    return session.scalars(query.order_by(Run.id)).all()


def cursors(mapping_id: int) -> dict[int, FeedCursor]:
    """Return source → how far it was read."""
    found = session.scalars(select(FeedCursor).where(FeedCursor.mapping_id == mapping_id))
    return {each.source_id: each for each in found}


def is_due_whole(cursor: FeedCursor | None, now: datetime) -> bool:
    """Whether a source is to be read from the beginning."""
    return cursor is None or cursor.whole_at is None or cursor.whole_at <= now - WHOLE_EVERY


def keep(run: Run, known: Mapping[str, Any], *, stays: bool = True) -> None:
    """Inside a unit of work: note how far the run has read, and what it found.

    Not if the mapping was changed since: then everything is to be read by its new rules. Files that
    were picked up are noted with the run, unless that is about to go.
    """
    mapping = session.get(CrmMapping, run.source["mapping"], with_for_update=True)
    if mapping is None or mapping.version != run.source["version"]:
        return
    mapping.known = dict(known)
    state, now = state_of(run), utcnow()
    before = cursors(mapping.id)
    for number, fed in enumerate(run.source["sources"]):
        read = state["read"][number]
        row = before.get(fed["source_id"])
        if row is None:
            row = FeedCursor(mapping_id=mapping.id, source_id=fed["source_id"])
            session.add(row)
        noted = run.id if stays else None
        next_ = feed_sources.finish(fed["source_id"], read["cursor"], noted)
        row.cursor = None if next_ is None else dict(next_)
        row.read_at = datetime.fromisoformat(read["at"])
        if fed["cursor"] is None:
            row.whole_at = now
        if read["whole"]:
            row.count = read["count"]
