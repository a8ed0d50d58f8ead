"""The order of the list of accounts: stretches of it, and reading from a place in it on.

A statement is made once for what readers ask again and again: its conditions are the same objects
each time, and what differs, as the place where a page begins, are values that it is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    and_,
    bindparam,
    func,
    literal,
    select,
    tuple_,
    union_all,
)

from crmapp.db import session
from crmapp.db.statements import Ready
from crmapp.domain.custom_fields import NUMERIC
from crmapp.domain.fields import Field, is_custom
from crmapp.domain.search import fold
from crmapp.models import Account, Contact, Team, User
from crmapp.services import account_fields, fields
from crmapp.services.account_question import Cursor, Question, bad_address

MOST_STATEMENTS = 200
Keys = tuple[ColumnElement[Any], ...]
Query = Select[*tuple[Any, ...]]
_account, _contact = Account.__table__.c, Contact.__table__.c
_NAME: Keys = (_account.name_key, _account.id)


@dataclass(frozen=True)
class Filter:
    """What accounts have to meet, with the values of its named parameters.

    With ``few``, some thousands meet it at most. The conditions that are ``shared`` are the same
    objects whenever somebody of the same reach asks; of others no statement is kept, since it would
    never be asked for again.
    """

    conditions: tuple[ColumnElement[bool], ...]
    values: Mapping[str, Any] = field(default_factory=dict)
    few: bool = False
    shared: bool = False


@dataclass(frozen=True)
class Stretch:
    """A part of the sorted list: rows that meet ``where``, in the order of ``keys``.

    A list sorted by a column is one stretch of the accounts that have a value and one of those
    that have none; sorted by owner it is a stretch per owner. Each can be read from an index.
    """

    token: str
    where: ColumnElement[bool] | None
    keys: Keys
    descending: bool = False
    contacts: bool = False  # the keys are the primary contact's
    in_order: bool = False  # most rows will do: read the contacts in their order
    numeric: bool = False  # the first key is a number
    shared: bool = False  # one for all who sort so: see :class:`Filter`


class Spot(NamedTuple):
    """Where an account stands: the stretch, and what it is sorted by there."""

    id: int
    token: str
    values: tuple[Any, ...]

    def cursor(self, *, backwards: bool = False) -> Cursor:
        """Return the place from which the page after it begins, or the page before it."""
        return Cursor(self.token, self.values, backwards)


def stretches(question: Question) -> Sequence[Stretch]:
    """Cut the sorted list into stretches; accounts without a value come last."""
    column, down = question.sort, question.descending
    if column in ("owner", "team"):
        return _by_holder(column, down, deleted=question.deleted)
    if is_custom(column):
        return _by_custom_field(fields.of("account")[column], down)
    return _by_column(column, down, question.filtered)


def stand(account: Account, question: Question) -> Spot | None:
    """Say where ``account`` stands in the list, or would stand if it met the filters."""
    token = _token(account, question)
    stretch = next((each for each in stretches(question) if each.token == token), None)
    if stretch is None:
        return None
    return Spot(account.id, token, tuple(_values(account, stretch, question)))


def walk(
    parts: Sequence[Stretch], filter_: Filter, cursor: Cursor | None, wanted: int
) -> list[Spot]:
    """Read ``wanted`` accounts of the list from ``cursor`` on, or from its beginning.

    From a cursor that leads backwards come those before it, the nearest first.

    Raises:
        Invalid: the list has no such place.
    """
    backwards = cursor is not None and cursor.backwards
    ordered = list(reversed(parts)) if backwards else list(parts)
    if cursor is not None:
        tokens = [part.token for part in ordered]
        if cursor.token not in tokens:
            raise bad_address("cursor")
        ordered = ordered[tokens.index(cursor.token) :]
    found: list[Spot] = []
    for part in ordered:
        place = _place(part, cursor)
        falling = part.descending is not backwards
        values = {**filter_.values, **place, "wanted": wanted - len(found)}
        asked = part, filter_.conditions, falling, bool(place)
        if part.shared and filter_.shared:
            rows = _walked(*asked).rows(values)
        else:
            rows = session.connection().execute(_ordered(*asked), values).all()
        found += [Spot(row[0], part.token, tuple(row[1:])) for row in rows]
        cursor = None
        if len(found) >= wanted:
            break
    return found


def around(parts: Sequence[Stretch], filter_: Filter, spot: Spot) -> tuple[int | None, int | None]:
    """Return the accounts before and after ``spot`` in the list."""
    if len(parts) > 1:
        before, after = (
            next((each.id for each in walk(parts, filter_, spot.cursor(backwards=back), 1)), None)
            for back in (True, False)
        )
        return before, after
    (part,) = parts
    both = _around if part.shared and filter_.shared else _around.__wrapped__
    values = {**filter_.values, **_place(part, spot.cursor()), "wanted": 1}
    found: dict[bool, int] = dict(both(part, filter_.conditions).rows(values))
    return found.get(True), found.get(False)


def count_and_walk(part: Stretch, filter_: Filter, wanted: int) -> tuple[int, list[Spot]]:
    """Count the accounts of a list of one stretch, and read the first of them, in one go.

    It reads them all, so it is for filters that few accounts meet.
    """
    counted = _counted if part.shared and filter_.shared else _counted.__wrapped__
    query = counted(part, filter_.conditions)
    rows = session.connection().execute(query, {**filter_.values, "wanted": wanted}).all()
    count = rows[0][-1] if rows else 0
    return count, [Spot(row[0], part.token, tuple(row[1:-1])) for row in rows]


def _ordered(
    part: Stretch, conditions: Sequence[ColumnElement[bool]], falling: bool, beyond: bool
) -> Query:
    """Ask for ``wanted`` accounts, with ``beyond`` only for those after a place."""
    query = _of(part, conditions)
    if beyond:
        keys = tuple_(*part.keys)
        place = tuple_(*(bindparam(f"key{n}", type_=key.type) for n, key in enumerate(part.keys)))
        query = query.where(keys < place if falling else keys > place)
    query = query.order_by(*(key.desc() if falling else key for key in part.keys))
    return query.limit(bindparam("wanted"))


@lru_cache(maxsize=MOST_STATEMENTS)
def _walked(
    part: Stretch, conditions: Sequence[ColumnElement[bool]], falling: bool, beyond: bool
) -> Ready:
    return Ready(_ordered(part, conditions, falling, beyond))


@lru_cache(maxsize=MOST_STATEMENTS)
def _around(part: Stretch, conditions: Sequence[ColumnElement[bool]]) -> Ready:
    """Ask for the accounts on both sides of a place: (whether it lies before it, id)."""
    sides = []
    for back in (True, False):
        side = _ordered(part, conditions, part.descending is not back, True).subquery()
        sides.append(select(literal(back), side.c.id))
    return Ready(union_all(*sides))


@lru_cache(maxsize=MOST_STATEMENTS)
def _counted(part: Stretch, conditions: Sequence[ColumnElement[bool]]) -> Query:
    """Ask for ``wanted`` accounts, each with the number of all."""
    all_ = _of(part, conditions).cte("found").prefix_with("MATERIALIZED")
    number = select(func.count()).select_from(all_).scalar_subquery()
    keys = list(all_.c)[1:]
    query = select(*all_.c, number).order_by(*(k.desc() if part.descending else k for k in keys))
    return query.limit(bindparam("wanted"))


def _of(part: Stretch, conditions: Sequence[ColumnElement[bool]]) -> Query:
    query = select(_account.id, *part.keys).where(*conditions)
    if part.where is not None:
        query = query.where(part.where)
    account, contact = Account.__table__, Contact.__table__
    primary = _account.primary_contact_id == _contact.id
    if part.in_order:  # an outer join keeps SQLite from sorting all accounts first
        alive = and_(primary, _account.deleted_at.is_(None))
        query = query.select_from(contact.outerjoin(account, alive))
        return query.where(func.coalesce(_account.id, 0) > 0)
    if part.contacts:
        return query.select_from(contact.join(account, primary))
    return query


def _place(part: Stretch, cursor: Cursor | None) -> dict[str, str | float]:
    """Return the values of a place in a stretch, for :func:`_ordered`."""
    if cursor is None:
        return {}
    if len(cursor.values) != len(part.keys):
        raise bad_address("cursor")
    if isinstance(cursor.values[0], str) is part.numeric:
        raise bad_address("cursor")
    return {f"key{number}": value for number, value in enumerate(cursor.values)}


@lru_cache
def _by_column(column: str, down: bool, filtered: bool) -> Sequence[Stretch]:
    if column == "name":
        return [Stretch("", None, _NAME, down, shared=True)]
    if column == "primary_contact":
        keys = (_contact.name_key, _contact.id)
        rest = _account.primary_contact_id.is_(None)
        has = Stretch("has", None, keys, down, contacts=True, in_order=not filtered, shared=True)
        return [has, Stretch("none", rest, _NAME, shared=True)]
    value = _account[column]
    has = Stretch("has", value.is_not(None), (value, *_NAME), down, shared=True)
    return [has, Stretch("none", value.is_(None), _NAME, shared=True)]


def _by_custom_field(spec: Field, down: bool) -> Sequence[Stretch]:
    """Return a stretch per value of a field of few values, else one of all that have a value."""
    few = account_fields.stretches(spec)
    if few is None:
        return _by_own_value(spec, down)
    value = account_fields.sorted_by(spec)
    parts = [Stretch(token, where, _NAME) for token, where in (few[::-1] if down else few)]
    return [*parts, Stretch("none", value.is_(None), _NAME)]


@lru_cache
def _by_own_value(spec: Field, down: bool) -> Sequence[Stretch]:
    value, numeric = account_fields.sorted_by(spec), spec.kind in NUMERIC
    has = Stretch("has", value.is_not(None), (value, *_NAME), down, numeric=numeric, shared=True)
    return [has, Stretch("none", value.is_(None), _NAME, shared=True)]


def _by_holder(column: str, down: bool, *, deleted: bool) -> Sequence[Stretch]:
    """Return a stretch per person or team that has accounts, by their names."""
    holder: type[User] | type[Team] = User if column == "owner" else Team
    held = _account.owner_id if column == "owner" else _account.team_id
    gone = _account.deleted_at.is_not(None) if deleted else _account.deleted_at.is_(None)
    has_some = select(_account.id).where(held == holder.id, gone).exists()
    holders = session.execute(select(holder.id, holder.name).where(has_some)).all()
    ordered = sorted(holders, key=lambda row: (fold(row.name), row.id), reverse=down)
    parts = [Stretch(str(row.id), held == row.id, _NAME) for row in ordered]
    return [*parts, Stretch("none", held.is_(None), _NAME)]


def _token(account: Account, question: Question) -> str:
    """Return the token of the stretch of the list that ``account`` stands in."""
    if question.sort == "name":
        return ""
    if question.sort in ("owner", "team"):
        return str(getattr(account, f"{question.sort}_id") or "none")
    if is_custom(question.sort):
        return account_fields.token(fields.of("account")[question.sort], account)
    has = getattr(account, question.sort) is not None
    return "has" if has else "none"


def _values(account: Account, part: Stretch, question: Question) -> Iterator[Any]:
    """Yield what ``account`` has of the keys of its stretch."""
    record = account.primary_contact if part.contacts else account
    for key in part.keys:
        if isinstance(key, Column):
            yield getattr(record, key.name)
        else:
            yield account_fields.sort_value(fields.of("account")[question.sort], account)
