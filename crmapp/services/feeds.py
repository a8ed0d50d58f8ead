"""Feeds: runs of CRM mappings, begun by hand or by their schedule."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.feeds import Content
from crmapp.domain.runs import Status
from crmapp.domain.schedule import FARTHEST, has_come
from crmapp.errors import AlreadyRunning, Conflict, NotFound
from crmapp.i18n import N_, Text
from crmapp.models import CrmMapping, FeedSource, Run, User
from crmapp.services import crm_mappings, engine, feed_states, planning
from crmapp.services.crm_mappings import RIGHT
from crmapp.services.engine import enqueue
from crmapp.services.feed_states import KIND, REST
from crmapp.services.rights import need

_AT_ONCE = 20
_OLD = N_("The CRM mapping was changed since this plan was made. Start a new run of it.")
_GONE = N_("The source “%(name)s” is retired. Choose another one in the CRM mapping.")


def start(mapping_id: int, *, by: User, dry: bool = False, whole: bool = False) -> int:
    """Read the sources of a CRM mapping now and return the run; a ``dry`` one only plans.

    What waits for a person is planned anew: the older plan is of an older reading.

    Raises:
        Forbidden, NotFound
        Conflict: a source is retired.
        AlreadyRunning: its run has not ended; carries that.
    """
    crm_mappings.get(mapping_id, by=by)
    with unit_of_work():
        mapping = session.get_one(CrmMapping, mapping_id, with_for_update=True)
        busy = feed_states.working(mapping)
        if busy is not None:
            raise AlreadyRunning(busy)
        for old in feed_states.waiting(mapping):
            if old.source.get("mode") != "gone":
                engine.stop(old)
        return _queue(mapping, by.id, dry=dry, whole=whole)


def begin(run_id: int, plan_hash: str, *, by: User) -> None:
    """Carry out a plan that ``by`` has looked at.

    Raises:
        Forbidden, NotFound
        Conflict: the plan was made anew since, or by an older version of the CRM mapping.
        AlreadyRunning: it was begun already.
    """
    need(RIGHT, by=by)
    run = session.get(Run, run_id)
    if run is None or run.kind != KIND:
        raise NotFound
    with unit_of_work():
        mapping = session.get_one(CrmMapping, run.source["mapping"], with_for_update=True)
        if run.status == Status.PLANNED and run.source["version"] != mapping.version:
            raise Conflict({}, message=_OLD)
        planning.queue(run_id, plan_hash)


def start_due() -> list[int]:
    """Start the CRM mappings whose time has come; return their runs."""
    now = utcnow()
    time = or_(CrmMapping.next_at <= now, CrmMapping.next_at > now + FARTHEST)
    query = select(CrmMapping).where(CrmMapping.active, time).order_by(CrmMapping.next_at)
    found = session.scalars(query)
    ids = [mapping.id for mapping in found if _is_due(mapping, now)][:_AT_ONCE]
    session.rollback()
    return [run for mapping_id in ids if (run := _start_due(mapping_id)) is not None]


def _start_due(mapping_id: int) -> int | None:
    """Start one if nothing of it is at work, waits for a person, or went wrong a moment ago."""
    with unit_of_work():
        mapping, now = session.get(CrmMapping, mapping_id, with_for_update=True), utcnow()
        if mapping is None or not mapping.active or not _is_due(mapping, now):
            return None
        mapping.next_at = crm_mappings.schedule_of(mapping).next_time(now)
        if feed_states.working(mapping) is not None or _broke_off(mapping, now):
            return None
        waits = [run for run in feed_states.waiting(mapping) if run.source.get("mode") == "guard"]
        if waits or _retired(Content.from_json(mapping.content)):
            return None
        return _queue(mapping, None)


def _is_due(mapping: CrmMapping, now: datetime) -> bool:
    """Whether its time has come; a cron text may well say one that is far away, as once a year."""
    at = mapping.next_at
    if at is None or not has_come(at, now):
        return False
    return at <= now or at != crm_mappings.schedule_of(mapping).next_time(now)


def _broke_off(mapping: CrmMapping, now: datetime) -> bool:
    ended = select(Run.status).where(
        Run.kind == KIND,
        Run.lock_key == mapping.lock_key,
        Run.finished_at.between(now - REST, now),
    )
    last = session.scalar(ended.order_by(Run.id.desc()).limit(1))
    return last in (Status.CANCELLED, Status.FAILED)


def _retired(content: Content) -> list[str]:
    ids = [fed.source_id for fed in content.sources]
    query = select(FeedSource.name).where(
        FeedSource.id.in_(ids), FeedSource.retired_at.is_not(None)
    )
    return list(session.scalars(query))


def _queue(
    mapping: CrmMapping, person: int | None, *, dry: bool = False, whole: bool = False
) -> int:
    """Inside a unit of work: add the run. It keeps the mapping as it is now."""
    content = Content.from_json(mapping.content)
    for name in _retired(content):
        raise Conflict({}, message=Text(_GONE, {"name": name}))
    run = Run(
        kind=KIND,
        title=mapping.name,
        status=Status.PLANNING.value,
        source={
            "kind": KIND,
            "mapping": mapping.id,
            "version": mapping.version,
            "mode": "dry" if dry else "run",
            "guard": mapping.guard_percent,
            "origin": {"kind": KIND, "mapping": mapping.id, "name": mapping.name},
            "sources": _sources(mapping, content, whole),
            "responsible": [rule.as_json() for rule in content.responsible],
        },
        mapping={"phase": "stage"},
        lock_key=mapping.lock_key,
        by_id=person,
    )
    return enqueue(run)


def _sources(mapping: CrmMapping, content: Content, whole: bool) -> list[dict[str, Any]]:
    """Return what the run keeps of each source: how it is read, from where, and by which rules."""
    ids = [fed.source_id for fed in content.sources]
    rows = {
        row.id: row for row in session.scalars(select(FeedSource).where(FeedSource.id.in_(ids)))
    }
    cursors, now = feed_states.cursors(mapping.id), utcnow()
    found = []
    for fed in content.sources:
        row, before = rows[fed.source_id], cursors.get(fed.source_id)
        anew = whole or feed_states.is_due_whole(before, now)
        found.append(
            {
                **fed.as_json(),
                "name": row.name,
                "identity": list(row.identity),
                "company": row.company,
                "company_column": row.company_column,
                "stamp_column": row.stamp_column,
                "cursor": before.cursor if before and not anew else None,
                "count": before.count if before else None,
                "read_at": before.read_at.isoformat() if before and before.read_at else None,
            }
        )
    return found
