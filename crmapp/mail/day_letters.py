"""What letters about activities say: read when they are sent, by her clock, of what she may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import format_date, format_datetime, gettext

from crmapp.config import settings
from crmapp.db import session, utcnow
from crmapp.domain.days import Today, zone_named
from crmapp.models import Activity, MailOutbox, User
from crmapp.services import day
from crmapp.services.reminders import DIGEST


@dataclass(frozen=True)
class Line:
    """An activity in a letter, and where it stands."""

    when: str
    subject: str
    account: str
    url: str


def words(letter: MailOutbox, reader: User | None) -> dict[str, Any] | None:
    """Return what the letter's templates need; ``None`` if there is nothing to tell any more."""
    if reader is None or not reader.active:
        return None
    today = Today(utcnow(), zone_named(reader.timezone))
    if letter.kind == "digest":
        return _digest(letter.params, reader, today)
    return _reminder(letter.params, reader, today)


def _digest(params: dict[str, Any], reader: User, today: Today) -> dict[str, Any] | None:
    if params["day"] != today.day.isoformat():
        return None
    every = (day.part(name, reader, today, by=reader) for name in DIGEST)
    parts = [part for part in every if part.rows]
    if not parts:
        return None
    title = gettext("Your day, %(day)s", day=format_date(today.day, "full"))
    return {
        "reader_name": reader.name,
        "title": title,
        "parts": [
            (gettext(day.SECTIONS[part.name]), _lines(part.rows, today), bool(part.more))
            for part in parts
        ],
        "url": f"{settings().address}/day",
    }


def _reminder(params: dict[str, Any], reader: User, today: Today) -> dict[str, Any] | None:
    found = session.scalar(
        day.seen(reader).where(
            Activity.id == params["activity_id"],
            Activity.owner_id == reader.id,
            Activity.is_open(),
        )
    )
    if found is None or found.happens_at.isoformat() != params["due"]:
        return None
    (line,) = _lines([found], today)
    return {
        "reader_name": reader.name,
        "title": gettext("%(subject)s: %(when)s", subject=line.subject, when=line.when),
        "parts": [(gettext("Reminder"), [line], False)],
        "url": f"{settings().address}/day",
    }


def _lines(rows: Sequence[Activity], today: Today) -> list[Line]:
    return [
        Line(
            format_datetime(row.happens_at.astimezone(today.zone), "short", rebase=False),
            row.subject,
            row.account.name,
            f"{settings().address}/accounts/{row.account_id}/timeline",
        )
        for row in rows
    ]
