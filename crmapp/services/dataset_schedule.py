"""When databases are refreshed: every so many minutes, or once a day at a time."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.permissions import Right
from crmapp.errors import Invalid, NotFound
from crmapp.i18n import N_, Text
from crmapp.models import StoredDataset, User
from crmapp.services import dataset_refresh
from crmapp.services.rights import need

SHORTEST, LONGEST = 5, 7 * 24 * 60
"""Minutes between two refreshes."""
_AT_ONCE = 20
_TIME = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")


def change(
    dataset_id: int, *, kind: str, every: int | None, daily: str, zone: str, by: User
) -> None:
    """Set when a database is refreshed: ``kind`` is never, every or daily.

    Raises:
        Forbidden, NotFound
        Invalid: the minutes or the time cannot be used.
    """
    need(Right.DATASET_MANAGE, by=by)
    if kind == "every" and (every is None or not SHORTEST <= every <= LONGEST):
        raise Invalid({"every": Text(N_("Enter %(least)s to %(most)s minutes."),
                                     {"least": SHORTEST, "most": LONGEST})})  # fmt: skip
    if kind == "daily" and not _TIME.fullmatch(daily):
        raise Invalid({"daily": N_("Enter a time such as 06:30.")})
    if kind not in ("never", "every", "daily"):
        raise Invalid({"kind": N_("Choose one from the list.")})
    with unit_of_work():
        stored = session.get(StoredDataset, dataset_id, with_for_update=True)
        if stored is None or stored.name is None:
            raise NotFound
        stored.every = every if kind == "every" else None
        stored.daily = daily.zfill(5) if kind == "daily" else None
        stored.zone = zone
        stored.next_at = next_time(stored, utcnow())
        stored.updated_at = utcnow()


def next_time(stored: StoredDataset, now: datetime) -> datetime | None:
    """When the database is refreshed next, after ``now``; None if never by itself."""
    if stored.every is not None:
        return now + timedelta(minutes=stored.every)
    if stored.daily is None:
        return None
    zone = ZoneInfo(stored.zone)
    hour, minute = map(int, stored.daily.split(":"))
    day = now.astimezone(zone).date()
    at = datetime.combine(day, time(hour, minute), zone)
    if at <= now:
        at = datetime.combine(day + timedelta(days=1), time(hour, minute), zone)
    return at


def start_due() -> list[int]:
    """Start the refreshes whose time has come; return their runs.

    One that is still at work is not started again; its next time is set all the same.
    """
    due = select(StoredDataset.id).where(
        StoredDataset.state == StoredDataset.LIVE, StoredDataset.next_at <= utcnow()
    )
    ids = list(session.scalars(due.order_by(StoredDataset.next_at).limit(_AT_ONCE)))
    session.rollback()
    return [run for dataset_id in ids if (run := _start(dataset_id)) is not None]


def _start(dataset_id: int) -> int | None:
    with unit_of_work():
        stored = session.get(StoredDataset, dataset_id, with_for_update=True)
        now = utcnow()
        if stored is None or stored.state != StoredDataset.LIVE:
            return None
        if stored.next_at is None or stored.next_at > now:
            return None
        stored.next_at = next_time(stored, now)
        if dataset_refresh.active(stored) is not None:
            return None
        return dataset_refresh.queue(stored, by=None)
