"""When databases are refreshed: every so many minutes, or once a day at a time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select

from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.permissions import Right
from crmapp.domain.schedule import FARTHEST, Schedule, chosen, has_come, problems
from crmapp.errors import Invalid, NotFound
from crmapp.models import StoredDataset, User
from crmapp.services import audit, dataset_refresh
from crmapp.services.rights import need

_AT_ONCE = 20


def change(
    dataset_id: int, *, kind: str, every: int | None, daily: str, zone: str, by: User
) -> None:
    """Set when a database is refreshed: ``kind`` is never, every or daily.

    Raises:
        Forbidden, NotFound
        Invalid: the minutes or the time cannot be used.
    """
    need(Right.DATASET_MANAGE, by=by)
    offered = kind if kind != "cron" else ""
    if wrong := problems(offered, every, daily, ""):
        raise Invalid(wrong)
    schedule = chosen(kind, every, daily, "", zone)
    with unit_of_work():
        stored = session.get(StoredDataset, dataset_id, with_for_update=True)
        if stored is None or stored.name is None:
            raise NotFound
        stored.every, stored.daily = schedule.every, schedule.daily
        stored.zone = zone
        stored.next_at = next_time(stored, utcnow())
        stored.updated_at = utcnow()
        told = {"every": schedule.every, "daily": schedule.daily}
        audit.note("schedule_set", by=by, about="database", about_id=dataset_id, **told)


def next_time(stored: StoredDataset, now: datetime) -> datetime | None:
    """When the database is refreshed next, after ``now``; None if never by itself."""
    return Schedule(stored.every, stored.daily, None, stored.zone).next_time(now)


def start_due() -> list[int]:
    """Start the refreshes whose time has come; return their runs.

    One that is still at work is not started again; its next time is set all the same.
    """
    now = utcnow()
    time = or_(StoredDataset.next_at <= now, StoredDataset.next_at > now + FARTHEST)
    due = select(StoredDataset.id).where(StoredDataset.state == StoredDataset.LIVE, time)
    ids = list(session.scalars(due.order_by(StoredDataset.next_at).limit(_AT_ONCE)))
    session.rollback()
    return [run for dataset_id in ids if (run := _start(dataset_id)) is not None]


def _start(dataset_id: int) -> int | None:
    with unit_of_work():
        stored = session.get(StoredDataset, dataset_id, with_for_update=True)
        now = utcnow()
        if stored is None or stored.state != StoredDataset.LIVE:
            return None
        if stored.next_at is None or not has_come(stored.next_at, now):
            return None
        stored.next_at = next_time(stored, now)
        if dataset_refresh.active(stored) is not None:
            return None
        return dataset_refresh.queue(stored, by=None)
