"""Each person's calendar: a secret address, and what is read at it as iCalendar (RFC 5545)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from icalendar import Calendar, Event, Todo
from sqlalchemy import select, update

from crmapp.config import settings
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.planned import COMPLETED, KINDS
from crmapp.models import Activity, User
from crmapp.services import audit, day

PAST, AHEAD = timedelta(days=90), timedelta(days=365)
"""How far back and ahead a calendar goes."""
MOST = 2_000
"""So many activities stand in a calendar, those that come last."""
_EVENTS = {"cancelled": "CANCELLED"}
_STATUSES = {COMPLETED: "COMPLETED", "cancelled": "CANCELLED", "in_progress": "IN-PROCESS"}


def renew(*, by: User) -> str:
    """Give her calendar a new secret word and return it; it is not kept, the old one is void."""
    word = secrets.token_urlsafe(32)
    _keep("calendar_renewed", _hashed(word), utcnow(), by)
    return word


def revoke(*, by: User) -> None:
    """Close her calendar: its address leads nowhere any more."""
    _keep("calendar_closed", None, None, by)


def reader_of(word: str) -> User | None:
    """Return who reads her calendar by this word, if she is still here."""
    return session.scalar(select(User).where(User.calendar_hash == _hashed(word), User.active))


def written(reader: User) -> bytes:
    """Return her meetings and tasks of accounts that she may see now, as iCalendar.

    The same activities are always the same bytes.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//crmapp//calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", f"crmapp: {reader.name}")
    for activity in _activities(reader, utcnow()):
        calendar.add_component(_entry(activity))
    return bytes(calendar.to_ical())


def _keep(kind: str, hashed: str | None, since: datetime | None, by: User) -> None:
    with unit_of_work():
        session.execute(
            update(User).where(User.id == by.id).values(calendar_hash=hashed, calendar_since=since)
        )
        audit.note(kind, by=by, about="calendar", about_id=by.id)


def _hashed(word: str) -> str:
    """Return what is kept of a word; it is long and random, so nobody finds it by trying."""
    return hashlib.sha256(word.encode()).hexdigest()


def _activities(reader: User, now: datetime) -> Iterable[Activity]:
    query = (
        day.seen(reader)
        .where(
            Activity.deleted_at.is_(None),
            Activity.owner_id == reader.id,
            Activity.kind.in_(KINDS),
            Activity.happens_at >= now - PAST,
            Activity.happens_at < now + AHEAD,
        )
        .order_by(Activity.happens_at.desc(), Activity.id.desc())
        .limit(MOST)
    )
    return session.scalars(query).all()


def _entry(activity: Activity) -> Event | Todo:
    if activity.kind == "meeting":
        entry: Event | Todo = Event()
        entry.add("dtstart", activity.happens_at)
        entry.add("dtend", activity.happens_at + timedelta(minutes=activity.takes or 0))
        entry.add("status", _EVENTS.get(activity.status or "", "CONFIRMED"))
    else:
        entry = Todo()
        entry.add("due", activity.happens_at)
        entry.add("status", _STATUSES.get(activity.status or "", "NEEDS-ACTION"))
        if activity.completed_at:
            entry.add("completed", activity.completed_at.replace(microsecond=0))
    changed = activity.updated_at.replace(microsecond=0)
    url = f"{settings().address}/accounts/{activity.account_id}/timeline"
    entry.add("uid", f"activity-{activity.id}@{_here()}")
    entry.add("dtstamp", changed)
    entry.add("last-modified", changed)
    entry.add("sequence", activity.version - 1)
    entry.add("summary", f"{activity.subject} · {activity.account.name}")
    entry.add("description", "\n\n".join(filter(None, (activity.notes, url))))
    entry.add("url", url)
    return entry


def _here() -> str:
    """Return a word that no other installation has, and that stays if its address changes."""
    return hashlib.sha256(f"calendar:{settings().session_key()}".encode()).hexdigest()[:16]
