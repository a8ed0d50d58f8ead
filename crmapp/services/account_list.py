"""The list of accounts: search, filters, sort and pages, quick with a million of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, literal_column, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from crmapp.db import session
from crmapp.domain.custom_fields import NUMERIC
from crmapp.domain.fields import Field, is_custom
from crmapp.domain.permissions import Right
from crmapp.domain.search import fold
from crmapp.models import Account, Contact, Team, User
from crmapp.models.contact import full_name
from crmapp.services import account_fields, fields
from crmapp.services.account_question import NOBODY, Cursor, Question, bad_address
from crmapp.services.account_search import Found, found_by

COUNT_UP_TO = 10_000
REMEMBERED, MOST_REMEMBERED = 60, 1_000
"""That a list has more than that is remembered for so many seconds, of so many lists."""
NO_ACCOUNT = 0
CHUNK = 1_000
"""So many accounts are read at a time when all are wanted."""
SortKey = tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...]
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Part:
    """A stretch of the sorted list: rows that meet ``where``, in the order of ``keys``.

    A list sorted by a column is one stretch of the accounts that have a value and one of those
    that have none; sorted by owner it is a stretch per owner. Each can be read from an index.
    """

    token: str
    where: ColumnElement[bool] | None
    keys: SortKey
    descending: bool = False
    contacts: bool = False  # the keys are the primary contact's
    in_order: bool = False  # most rows will do: read the contacts in their order
    numeric: bool = False  # the first key is a number


class Line(NamedTuple):
    """What the list shows of an account; ``owner``, ``team`` and ``contact`` are names.

    ``custom`` is what custom fields hold, as JSON keeps it, if the list has columns for some.
    """

    id: int
    name: str
    number: str | None
    location: str | None
    phone: str | None
    active: bool
    deleted: bool
    owner: str | None
    team: str | None
    contact: str
    custom: Mapping[str, Any] = _NOTHING


@dataclass(frozen=True)
class Page:
    """The accounts of a page, and where the pages before and after it begin.

    ``count`` is the number of accounts that match; with ``many``, there are more than that.
    """

    rows: Sequence[Line]
    previous: Cursor | None
    next: Cursor | None
    count: int
    many: bool


def page(question: Question, *, by: User) -> Page:
    """Answer ``question`` with the accounts that ``by`` may see.

    Raises:
        Invalid: a filter or a place in the list that does not exist.
    """
    search = found_by(question.words) if question.words else None
    where = _conditions(question, search, by)
    cursor = question.cursor
    parts = _parts(question)
    backwards = cursor is not None and cursor.backwards
    found = _walk(parts, where, cursor, question.size + 1, backwards=backwards)
    more, found = len(found) > question.size, found[: question.size]
    if backwards:
        found.reverse()
    before = more if backwards else cursor is not None
    after = cursor is not None if backwards else more
    if before or after:
        count, many = _count(question, where, search, by)
    else:
        count, many = len(found), False
    return Page(
        _lines([ids for _cursor, ids in found]),
        replace(found[0][0], backwards=True) if found and before else None,
        found[-1][0] if found and after else None,
        count,
        many,
    )


def everything(question: Question, *, by: User) -> Iterator[Line]:
    """Go through all accounts that match ``question`` and that ``by`` may see, in its order."""
    where = _conditions(question, found_by(question.words) if question.words else None, by)
    parts = _parts(question)
    place: Cursor | None = None
    while found := _walk(parts, where, place, CHUNK, backwards=False):
        yield from _lines([account_id for _place, account_id in found])
        place = found[-1][0]


def neighbours(question: Question, account: Account, *, by: User) -> tuple[int | None, int | None]:
    """Return the accounts before and after ``account`` in the list that ``question`` asks for.

    It need not be in the list any more: its values say where it would stand.
    """
    parts = _parts(question)
    part = next((each for each in parts if each.token == _stretch_of(account, question)), None)
    if part is None:
        return None, None
    place = Cursor(part.token, tuple(_place_of(account, part, question)))
    where = _conditions(question, found_by(question.words) if question.words else None, by)
    before, after = (
        next((id_ for _place, id_ in _walk(parts, where, place, 1, backwards=back)), None)
        for back in (True, False)
    )
    return before, after


def _stretch_of(account: Account, question: Question) -> str:
    """Return the token of the stretch of the list that ``account`` stands in."""
    if question.sort == "name":
        return ""
    if question.sort in ("owner", "team"):
        return str(getattr(account, f"{question.sort}_id") or "none")
    if is_custom(question.sort):
        return account_fields.token(fields.of("account")[question.sort], account)
    has = getattr(account, question.sort) is not None
    return "has" if has else "none"


def _place_of(account: Account, part: Part, question: Question) -> Iterator[Any]:
    """Yield what ``account`` has of the keys of its stretch."""
    record = account.primary_contact if part.contacts else account
    for key in part.keys:
        if isinstance(key, InstrumentedAttribute):
            yield getattr(record, key.key)
        else:
            yield account_fields.sort_value(fields.of("account")[question.sort], account)


def _conditions(question: Question, search: Found | None, by: User) -> list[ColumnElement[bool]]:
    """Turn the filters into conditions, permission first."""
    deleted = question.deleted and by.can(Right.ACCOUNT_DELETE)
    where = [Account.visible_to(by, deleted=deleted)]
    if question.deleted:
        where.append(Account.deleted_at.is_not(None) if deleted else Account.id == NO_ACCOUNT)
    if question.active is not None:
        where.append(Account.active.is_(question.active))
    for column, wanted in ((Account.owner_id, question.owner), (Account.team_id, question.team)):
        if wanted == NOBODY:
            where.append(column.is_(None))
        elif wanted is not None:
            where.append(column == wanted)
    if question.locations:
        where.append(Account.location.in_(question.locations))
    where += account_fields.conditions(question.fields, by=by)
    if search is not None:
        where.append(search.where)
    return where


def _parts(question: Question) -> list[Part]:
    """Cut the sorted list into stretches; accounts without a value come last."""
    column, down = question.sort, question.descending
    name: SortKey = (Account.name_key, Account.id)
    if column == "name":
        return [Part("", None, name, down)]
    if column in ("owner", "team"):
        return _grouped(column, name, down, deleted=question.deleted)
    if column == "primary_contact":
        keys = (Contact.name_key, Contact.id)
        rest = Account.primary_contact_id.is_(None)
        has = Part("has", None, keys, down, contacts=True, in_order=not question.filtered)
        return [has, Part("none", rest, name)]
    if is_custom(column):
        return _by_custom_field(fields.of("account")[column], name, down)
    sorted_by = getattr(Account, column)
    keys = (sorted_by, *name)
    return [
        Part("has", sorted_by.is_not(None), keys, down),
        Part("none", sorted_by.is_(None), name),
    ]


def _by_custom_field(spec: Field, name: SortKey, down: bool) -> list[Part]:
    """Return a stretch per value of a field of few values, else one of all that have a value."""
    value = account_fields.sorted_by(spec)
    few = account_fields.stretches(spec)
    if few is None:
        numeric = spec.kind in NUMERIC
        has = Part("has", value.is_not(None), (value, *name), down, numeric=numeric)
        return [has, Part("none", value.is_(None), name)]
    parts = [Part(token, where, name) for token, where in (few[::-1] if down else few)]
    return [*parts, Part("none", value.is_(None), name)]


def _grouped(column: str, name: SortKey, down: bool, *, deleted: bool) -> list[Part]:
    """Return a stretch per person or team that has accounts, by their names."""
    holder: type[User] | type[Team] = User if column == "owner" else Team
    held = Account.owner_id if column == "owner" else Account.team_id
    gone = Account.deleted_at.is_not(None) if deleted else Account.deleted_at.is_(None)
    has_some = select(Account.id).where(held == holder.id, gone).exists()
    holders = session.execute(select(holder.id, holder.name).where(has_some)).all()
    ordered = sorted(holders, key=lambda row: (fold(row.name), row.id), reverse=down)
    parts = [Part(str(row.id), held == row.id, name) for row in ordered]
    return [*parts, Part("none", held.is_(None), name)]


def _walk(
    parts: Sequence[Part],
    where: Sequence[ColumnElement[bool]],
    cursor: Cursor | None,
    wanted: int,
    *,
    backwards: bool,
) -> list[tuple[Cursor, int]]:
    """Read ``wanted`` places of the list from ``cursor`` on: each with the account's id."""
    ordered = list(reversed(parts)) if backwards else list(parts)
    if cursor is not None:
        tokens = [part.token for part in ordered]
        if cursor.token not in tokens:
            raise bad_address("cursor")
        ordered = ordered[tokens.index(cursor.token) :]
    found: list[tuple[Cursor, int]] = []
    for part in ordered:
        query = _stretch(part, where, backwards=backwards)
        if cursor is not None:
            query = query.where(_beyond(part, cursor, backwards=backwards))
            cursor = None
        for row in session.execute(query.limit(wanted - len(found))):
            found.append((Cursor(part.token, tuple(row[1:])), row[0]))
        if len(found) >= wanted:
            break
    return found


def _stretch(
    part: Part, where: Sequence[ColumnElement[bool]], *, backwards: bool
) -> Select[*tuple[Any, ...]]:
    falling = part.descending is not backwards
    query = select(Account.id, *part.keys).where(*where)
    if part.where is not None:
        query = query.where(part.where)
    if part.contacts and not part.in_order:
        query = query.join_from(Contact, Account, Account.primary_contact_id == Contact.id)
    if part.in_order:  # an outer join keeps SQLite from sorting all accounts first
        alive = Account.deleted_at.is_(None)
        primary = and_(Account.primary_contact_id == Contact.id, alive)
        query = query.join_from(Contact, Account, primary, isouter=True)
        query = query.where(func.coalesce(Account.id, 0) > 0)
    return query.order_by(*(key.desc() if falling else key for key in part.keys))


def _beyond(part: Part, cursor: Cursor, *, backwards: bool) -> ColumnElement[bool]:
    if len(cursor.values) != len(part.keys):
        raise bad_address("cursor")
    if isinstance(cursor.values[0], str) is part.numeric:
        raise bad_address("cursor")
    falling = part.descending is not backwards
    keys, place = tuple_(*part.keys), tuple_(*cursor.values)
    return keys < place if falling else keys > place


def _count(
    question: Question, where: Sequence[ColumnElement[bool]], search: Found | None, by: User
) -> tuple[int, bool]:
    """Count the accounts that match, but not much further than people care to know.

    Returns the number and whether there are more. Of a search that finds very many, only those
    are counted that its index found first, unless an owner or a team makes them few.
    """
    key = (replace(question, cursor=None, sort="name", descending=False), by.id)
    if _many.get(key, 0) > time.monotonic():
        return COUNT_UP_TO, True
    some = search.some if search and not (question.owner or question.team) else None
    if some is not None:
        where = [some, *where]
    first = select(literal_column("1")).where(*where).limit(COUNT_UP_TO + 1).subquery()
    count = session.scalar(select(func.count()).select_from(first)) or 0
    many = some is not None or count > COUNT_UP_TO
    if count > COUNT_UP_TO:
        if len(_many) > MOST_REMEMBERED:
            _many.clear()
        _many[key] = time.monotonic() + REMEMBERED
    return min(count, COUNT_UP_TO), many


_many: dict[tuple[Question, int], float] = {}
"""Which lists have more accounts than are counted, and until when that is believed."""


def _lines(ids: Sequence[int]) -> Sequence[Line]:
    """Read the lines of a page, in the order of ``ids``."""
    custom = bool(account_fields.listed())
    rows = session.execute(_lines_query(custom=custom), {"ids": ids})
    lines = {
        row[0]: Line._make([*row[:9], full_name(row[9], row[10]), row[11] if custom else _NOTHING])
        for row in rows
    }
    return [lines[each] for each in ids if each in lines]


@cache
def _lines_query(*, custom: bool) -> Select[*tuple[Any, ...]]:
    """Ask for the columns of :class:`Line`; made once, as values: records cost three times more."""
    account, user, team, contact = (model.__table__ for model in (Account, User, Team, Contact))
    tables = (
        account.outerjoin(user, account.c.owner_id == user.c.id)
        .outerjoin(team, account.c.team_id == team.c.id)
        .outerjoin(contact, account.c.primary_contact_id == contact.c.id)
    )
    own = [account.c[name] for name in ("id", "name", "number", "location", "phone", "active")]
    names = (user.c.name, team.c.name, contact.c.first_name, contact.c.last_name)
    more = [account.c.custom] if custom else []
    query = select(*own, account.c.deleted_at.is_not(None), *names, *more).select_from(tables)
    return query.where(account.c.id.in_(bindparam("ids", expanding=True)))
