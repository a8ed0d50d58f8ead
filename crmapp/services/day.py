"""My day: what a person has to do, is late with, has done; read from the indexes of activities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select, tuple_
from sqlalchemy.orm import contains_eager, joinedload

from crmapp.db import LARGEST_ID, session
from crmapp.domain.days import Today
from crmapp.domain.permissions import Right
from crmapp.errors import NotFound
from crmapp.i18n import N_
from crmapp.models import Account, Activity, User
from crmapp.services import moments
from crmapp.services.moments import Place
from crmapp.services.rights import need

SECTIONS: dict[str, str] = {
    "overdue": N_("Overdue"),
    "today": N_("Today"),
    "ahead": N_("Next 7 days"),
    "done": N_("Done today"),
}
PAGE = 50
FEW = 10
"""So many of a section stand on the page of all; the others are behind a link."""
_NAMED = (
    joinedload(Activity.contact),
    joinedload(Activity.owner),
)


@dataclass(frozen=True)
class Part:
    """Some activities of a section in their order; ``more`` leads to those after them."""

    name: str
    rows: Sequence[Activity]
    more: str | None


def parts(person: User, today: Today, *, by: User) -> list[Part]:
    """Return the beginning of each section of the person's day, as far as ``by`` may see it."""
    few = {"overdue": FEW}
    return [part(name, person, today, by=by, most=few.get(name, PAGE)) for name in SECTIONS]


def part(
    name: str, person: User, today: Today, *, by: User, after: str | None = None, most: int = PAGE
) -> Part:
    """Return one section of the person's day from the place that ``after`` names on.

    It has what she owns, and what nobody owns on accounts of hers.

    Raises:
        NotFound: there is no such section.
        Invalid: ``after`` is no place in it.
    """
    if name not in SECTIONS:
        raise NotFound
    place = moments.read("after", after) if after else None
    if name == "done":
        rows = _done(person, today, place, most, by)
        return Part(name, rows[:most], _after(rows, most, "completed_at"))
    between = _between(name, today)
    rows = sorted(
        (
            row
            for owned in (_owned(person), _unowned(person))
            for row in session.scalars(_open(owned, between, place, most, by))
        ),
        key=lambda row: (row.happens_at, row.id),
    )
    return Part(name, rows[:most], _after(rows, most, "happens_at"))


def _between(name: str, today: Today) -> ColumnElement[bool]:
    at = Activity.happens_at
    return {
        "overdue": at < today.now,
        "today": and_(at >= today.now, at < today.end),
        "ahead": and_(at >= today.end, at < today.horizon),
    }[name]


def _owned(person: User) -> ColumnElement[bool]:
    return Activity.owner_id == person.id


def _unowned(person: User) -> ColumnElement[bool]:
    hers = select(Account.id).where(Account.owner_id == person.id, Account.deleted_at.is_(None))
    return and_(Activity.owner_id.is_(None), Activity.account_id.in_(hers))


def _open(
    owned: ColumnElement[bool],
    between: ColumnElement[bool],
    place: Place | None,
    most: int,
    by: User,
) -> Select[Any]:
    query = seen(by).where(Activity.is_open(), owned, between)
    if place:
        query = query.where(tuple_(Activity.happens_at, Activity.id) > place)
    query = query.order_by(Activity.happens_at, Activity.id)
    return query.options(*_NAMED).limit(most + 1)


def _done(
    person: User, today: Today, place: Place | None, most: int, by: User
) -> Sequence[Activity]:
    at = Activity.completed_at
    query = seen(by).where(
        Activity.is_completed(),
        Activity.completed_by_id == person.id,
        at >= today.start,
        at < today.end,
    )
    if place:
        query = query.where(tuple_(at, Activity.id) < place)
    query = query.order_by(at.desc(), Activity.id.desc()).options(*_NAMED)
    return session.scalars(query.limit(most + 1)).all()


def seen(by: User) -> Select[Any]:
    """Ask for the activities of the accounts that ``by`` sees, each with its account.

    Joined, not as ``Activity.visible_to`` has it: the accounts of those few are looked up, and
    not all that she sees.
    """
    query = select(Activity).join(Account, Account.id == Activity.account_id)
    return query.where(Account.visible_to(by)).options(contains_eager(Activity.account))


def _after(rows: Sequence[Activity], most: int, column: str) -> str | None:
    if len(rows) <= most:
        return None
    last = rows[most - 1]
    return moments.written(getattr(last, column), last.id)


def person_of(person_id: int, *, by: User) -> User:
    """Return whose day ``by`` looks at: her own, or as a manager anybody's.

    Raises:
        Forbidden: it is somebody else's, and she does not manage.
        NotFound: there is nobody with this id.
    """
    if person_id == by.id:
        return by
    need(Right.ACCOUNT_EDIT_ALL, by=by)
    found = session.get(User, person_id) if 0 < person_id <= LARGEST_ID else None
    if found is None:
        raise NotFound
    return found
