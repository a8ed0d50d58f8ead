"""Letters about what is due: a digest on each person's morning, a reminder before an activity."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import Row, Select, or_, select, tuple_, update

from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.days import Today, digest_due, zone_named
from crmapp.domain.planned import REMINDERS
from crmapp.models import Activity, MailOutbox, User
from crmapp.queue import later
from crmapp.services import day
from crmapp.services.notifications import tell

DIGEST = ("overdue", "today")
"""What a digest tells: these sections of the day."""
LATE = timedelta(hours=1)
"""A reminder that could not be sent for so long is not sent any more."""
_AT_ONCE = 200
Reminders = Select[int, datetime, int, str]
"""Activities: id, when, whose, and her e-mail address."""


def send_due() -> int:
    """Write the letters whose time has come, each once, and return how many there were."""
    now = utcnow()
    return _digests(now) + sum(_reminders(int(minutes), now) for minutes in REMINDERS)


def _digests(now: datetime) -> int:
    people = session.execute(
        select(User.id, User.timezone, User.digest_hour, User.digest_day)
        .where(User.active, User.digest_hour.is_not(None))
        .order_by(User.id)
    ).all()
    session.rollback()
    count = 0
    for id_, zone, hour, settled in people:
        due = digest_due(now, zone_named(zone), hour or 0, settled)
        count += due is not None and _digest(id_, due, now)
    return count


def _digest(person_id: int, due: date, now: datetime) -> bool:
    """Settle a person's day: write her digest if there is anything to tell."""
    unsettled = or_(User.digest_day.is_(None), User.digest_day < due)
    with unit_of_work():
        settled = session.execute(
            update(User)
            .where(User.id == person_id, User.active, User.digest_hour.is_not(None), unsettled)
            .values(digest_day=due)
            .returning(User.id)
        ).all()
        person = session.get(User, person_id) if settled else None
        if person is None:
            return False
        today = Today(now, zone_named(person.timezone))
        if not any(day.part(name, person, today, by=person, most=1).rows for name in DIGEST):
            return False
        key = f"digest-{person.id}-{due.isoformat()}"
        tell(person.id, person.email, "digest", {"day": due.isoformat()}, key)
        later("mails.deliver")
    return True


def _reminders(minutes: int, now: datetime) -> int:
    """Write the reminders that come so many minutes before, to owners who are here."""
    latest = now + timedelta(minutes=minutes)
    query = (
        select(Activity.id, Activity.happens_at, User.id.label("owner_id"), User.email)
        .join(User, User.id == Activity.owner_id)
        .where(
            Activity.reminds(),
            Activity.is_open(),
            Activity.remind_minutes == minutes,
            Activity.happens_at <= latest,
            Activity.happens_at > latest - LATE,
            User.active,
        )
        .order_by(Activity.happens_at, Activity.id)
    )
    count = 0
    place: tuple[datetime, int] | None = None
    while rows := session.execute(_behind(query, place).limit(_AT_ONCE)).all():
        keys = {_key(row, minutes): row for row in rows}
        told = set(session.scalars(select(MailOutbox.key).where(MailOutbox.key.in_(keys))))
        session.rollback()
        count += sum(_remind(key, row) for key, row in keys.items() if key not in told)
        place = (rows[-1].happens_at, rows[-1].id)
    return count


def _behind(query: Reminders, place: tuple[datetime, int] | None) -> Reminders:
    at = tuple_(Activity.happens_at, Activity.id)
    return query if place is None else query.where(at > place)


def _key(row: Row[int, datetime, int, str], minutes: int) -> str:
    return f"activity-{row.id}-{row.happens_at.isoformat()}-{minutes}-{row.owner_id}"


def _remind(key: str, row: Row[int, datetime, int, str]) -> bool:
    owner = session.get_one(User, row.owner_id)
    seen = session.scalar(day.seen(owner).where(Activity.id == row.id)) is not None
    session.rollback()
    if not seen:
        return False
    with unit_of_work():
        params = {"activity_id": row.id, "due": row.happens_at.isoformat()}
        tell(row.owner_id, row.email, "reminder", params, key)
        later("mails.deliver")
    return True
