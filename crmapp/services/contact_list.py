"""The list of all contacts: search, filters and pages, of the accounts that the reader sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, literal_column, select, tuple_
from sqlalchemy.orm import joinedload

from crmapp.db import session
from crmapp.db.json_values import is_among
from crmapp.models import Contact, User
from crmapp.models.search import matches

PAGE = 50
COUNT_UP_TO = 10_000
ROLES = "contact_role"
_contact = Contact.__table__.c
_ORDER = (_contact.name_key, _contact.id)


@dataclass(frozen=True)
class Asked:
    """Which contacts are asked for; ``after`` or ``before`` is the one beside which a page lies."""

    words: str = ""
    role: str = ""
    active: bool | None = None
    after: int | None = None
    before: int | None = None


@dataclass(frozen=True)
class Page:
    """Contacts by name, with their accounts, and whether there are some before and after them."""

    rows: Sequence[Contact]
    earlier: bool
    later: bool


def page(asked: Asked, *, by: User) -> Page:
    """Return the page that is asked for of the contacts that ``by`` may see."""
    backwards = asked.after is None and asked.before is not None
    beside = asked.before if backwards else asked.after
    where = _conditions(asked, by)
    seen = Contact.visible_to(by, deleted=True)
    place = session.execute(select(*_ORDER).where(_contact.id == beside, seen)).one_or_none()
    if place is not None:
        here, there = tuple_(*_ORDER), tuple_(*place)
        where.append(here < there if backwards else here > there)
    order = [each.desc() for each in _ORDER] if backwards else _ORDER
    query = select(Contact).where(*where).options(joinedload(Contact.account)).order_by(*order)
    found = list(session.scalars(query.limit(PAGE + 1)))
    more, rows = len(found) > PAGE, found[:PAGE]
    if backwards:
        return Page(rows[::-1], earlier=more, later=bool(rows))
    return Page(rows, earlier=place is not None, later=more)


def count(asked: Asked, *, by: User) -> tuple[int, bool]:
    """Return how many contacts are meant, and whether there are more than that."""
    one: ColumnElement[int] = literal_column("1")
    some = select(one).select_from(Contact).where(*_conditions(asked, by)).limit(COUNT_UP_TO + 1)
    found = session.scalar(select(func.count()).select_from(some.subquery())) or 0
    return min(found, COUNT_UP_TO), found > COUNT_UP_TO


def _conditions(asked: Asked, by: User) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [Contact.visible_to(by)]
    if asked.words:
        found.append(matches(Contact, asked.words, session.get_bind().dialect))
    if asked.role:
        found += [_contact.roles.is_not(None), is_among(asked.role, _contact.roles)]
    if asked.active is not None:
        found.append(_contact.active.is_(asked.active))
    return found
