"""The list of accounts: search, filters, sort and pages, quick with a million of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    func,
    literal_column,
    not_,
    select,
)

from crmapp.db import is_kept, session, while_unchanged
from crmapp.db.bulk import gathered, is_one_of, numbers
from crmapp.domain.permissions import Right
from crmapp.models import Account, Activity, Change, Contact, Run, User
from crmapp.models.user import Scope
from crmapp.services import (
    account_columns,
    account_few,
    account_fields,
    account_lines,
    account_where,
)
from crmapp.services.account_lines import Line
from crmapp.services.account_order import (
    MOST_STATEMENTS,
    Filter,
    Query,
    around,
    count_and_walk,
    stand,
    stretches,
    walk,
)
from crmapp.services.account_question import NOBODY, Cursor, Question
from crmapp.services.account_search import FEW, among, found_by

COUNT_UP_TO = FEW
REMEMBERED, MOST_REMEMBERED = 60, 1_000
"""That a list has more than that is remembered for so many seconds, of so many lists."""
NO_ACCOUNT = 0
_FEW = 5_000
"""So many accounts of a run are looked up rather than met on the way through the list."""
CHUNK = 1_000
"""So many accounts are read at a time when all are wanted."""
Key = tuple[Question, int, Scope]
_account = Account.__table__.c


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
    filter_, some = _filter(question, by)
    cursor, parts = question.cursor, stretches(question)
    backwards = cursor is not None and cursor.backwards
    counted: int | None = None
    if filter_.few and cursor is None and len(parts) == 1:
        counted, found = count_and_walk(parts[0], filter_, question.size + 1)
    else:
        found = walk(parts, filter_, cursor, question.size + 1)
    more, found = len(found) > question.size, found[: question.size]
    if backwards:
        found.reverse()
    before = more if backwards else cursor is not None
    after = cursor is not None if backwards else more
    if counted is not None:
        count, many = counted, False
    elif before or after:
        count, many = _count(question, filter_, some, by)
    else:
        count, many = len(found), False
    return Page(
        account_lines.read([spot.id for spot in found], account_columns.shown(question.columns)),
        found[0].cursor(backwards=True) if found and before else None,
        found[-1].cursor() if found and after else None,
        count,
        many,
    )


def records(ids: Sequence[int], question: Question, *, by: User) -> list[Account]:
    """Return the accounts of a page whole, in its order."""
    seen = Account.visible_to(by, deleted=question.deleted and by.can(Right.ACCOUNT_DELETE))
    query = select(Account).where(is_one_of(_account.id, list(ids)), seen)
    found = {account.id: account for account in session.scalars(query)}
    return [found[id_] for id_ in ids if id_ in found]


def count(question: Question, *, by: User) -> tuple[int, bool]:
    """Count the accounts that match and that ``by`` may see, and say whether there are more.

    Raises:
        Invalid: a filter that does not exist.
    """
    filter_, some = _filter(question, by)
    return _count(question, filter_, some, by)


def check(question: Question, *, by: User) -> None:
    """Refuse a question that cannot be answered, without looking for any account.

    Raises:
        Invalid: a filter that does not exist.
    """
    account_fields.conditions(question.fields, by=by, narrow=False)
    account_where.met(question.where, by=by, narrow=False)


def everything(question: Question, *, by: User) -> Iterator[Line]:
    """Go through all accounts that match ``question`` and that ``by`` may see, in its order."""
    columns = account_columns.shown(question.columns)
    for ids in chunks(question, by=by):
        yield from account_lines.read(ids, columns)


def chunks(question: Question, *, by: User) -> Iterator[list[int]]:
    """Go through the ids of all accounts that match and that ``by`` may see, some at a time."""
    filter_, _some = _filter(question, by)
    parts = stretches(question)
    place: Cursor | None = None
    while found := walk(parts, filter_, place, CHUNK):
        yield [spot.id for spot in found]
        place = found[-1].cursor()


def how_many(question: Question, *, by: User, without: Sequence[int] = ()) -> int:
    """Count all accounts that match and that ``by`` may see, but those of ``without``."""
    where, values = _all_but(question, by, without)
    query = select(func.count()).select_from(Account.__table__).where(*where)
    return session.connection().scalar(query, values) or 0


def ids_after(
    question: Question, after: int, limit: int, *, by: User, without: Sequence[int] = ()
) -> list[int]:
    """Return the next of all accounts that match and that ``by`` may see, by their ids."""
    where, values = _all_but(question, by, without)
    query = select(_account.id).where(_account.id > after, *where)
    first = gathered(query.order_by(_account.id).limit(limit))
    return sorted(numbers(session.connection().scalar(first, values)))


def _all_but(
    question: Question, by: User, without: Sequence[int]
) -> tuple[list[ColumnElement[bool]], Mapping[str, Any]]:
    filter_, _some = _filter(question, by)
    kept = [not_(is_one_of(_account.id, list(without)))] if without else []
    return [*filter_.conditions, *kept], filter_.values


def neighbours(question: Question, account: Account, *, by: User) -> tuple[int | None, int | None]:
    """Return the accounts before and after ``account`` in the list that ``question`` asks for.

    It need not be in the list any more: its values say where it would stand.
    """
    spot = stand(account, question)
    if spot is None:
        return None, None
    filter_, _some = _filter(question, by)
    return around(stretches(question), filter_, spot)


def _filter(question: Question, by: User) -> tuple[Filter, ColumnElement[bool] | None]:
    """Turn the filters into conditions, permission first; few accounts are looked for at once.

    Returns as well which accounts may meet them, if they look for what very many have.
    """
    if not (question.fields or question.where):
        return _conditions(question, by, narrow=False)
    key = _key(question, by)
    many = _is_known_as_many(key)  # then no index finds few for any of the conditions
    if many and is_kept() and not question.words and not account_where.is_of_now(question.where):
        return while_unchanged(("filter", key, question.sort), lambda: _kept(question, by)), None
    filter_, some = _conditions(question, by, narrow=not many)
    if filter_.few or many:
        return filter_, some
    ids = account_few.ids(filter_.conditions, _looked_up(question, by), filter_.values)
    if ids is None:
        _remember_as_many(key)
        return filter_, some
    there = among(session.get_bind().dialect.name)
    visible = Account.visible_to(by, deleted=question.deleted)
    return Filter((visible, there), {"found": ids}, few=True, shared=True), None


def _kept(question: Question, by: User) -> Filter:
    filter_, _some = _conditions(question, by, narrow=False)
    return replace(filter_, shared=True)


def _looked_up(question: Question, by: User) -> list[ColumnElement[bool]]:
    """Return those of the filters that an index of living accounts answers."""
    if question.deleted:
        return []
    return [
        *_holders(question),
        *account_fields.looked_up(question.fields, by=by),
        *account_where.looked_up(question.where, by=by),
    ]


def _conditions(
    question: Question, by: User, *, narrow: bool
) -> tuple[Filter, ColumnElement[bool] | None]:
    deleted = question.deleted and by.can(Right.ACCOUNT_DELETE)
    where = [Account.visible_to(by, deleted=deleted)]
    if question.deleted:  # one that was merged comes back with the undo of its merge
        gone = and_(_account.deleted_at.is_not(None), _account.replaced_by.is_(None))
        where.append(gone if deleted else _account.id == NO_ACCOUNT)
    if question.active is not None:
        where.append(_account.active.is_(question.active))
    where += _holders(question)
    few = False
    if question.run is not None:
        wrote, few = _wrote(question.run)
        where.append(wrote)
    if question.fields:
        where += account_fields.conditions(
            question.fields, by=by, narrow=narrow, sort=question.sort
        )
    narrow = narrow and not deleted
    where += account_where.met(question.where, by=by, narrow=narrow, sort=question.sort)
    shared = len(where) == 1
    if not question.words:
        return Filter(tuple(where), few=few, shared=shared), None
    search = found_by(question.words, deleted=deleted)
    some = search.among if search.many and search.ids else None
    shared = shared and not search.rest
    conditions = (*where, *search.where)
    return Filter(conditions, search.values, few=not search.many, shared=shared), some


def _holders(question: Question) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions of columns that have indexes of the list's order."""
    for column, wanted in ((_account.owner_id, question.owner), (_account.team_id, question.team)):
        if wanted == NOBODY:
            yield column.is_(None)
        elif wanted is not None:
            yield column == wanted
    if question.locations:
        yield _account.location.in_(question.locations)


_BELONGING: dict[str, type[Contact] | type[Activity]] = {"contact": Contact, "activity": Activity}


def _wrote(run_id: int) -> tuple[ColumnElement[bool], bool]:
    """Say that an account, or what belongs to it, was written by a run; whether few were."""
    change, account = Change.__table__.c, Change.__table__.c.record_id
    source = session.scalar(select(Run.source).where(Run.id == run_id)) or {}
    object_ = str(source.get("object") or "account")
    theirs = select(account).where(change.run_id == run_id, change.object == object_)
    if model := _BELONGING.get(object_):
        account = model.__table__.c.account_id
        theirs = theirs.with_only_columns(account).where(change.record_id == model.__table__.c.id)
    some = select(func.count()).select_from(theirs.limit(_FEW + 1).subquery())
    if (session.scalar(some) or 0) <= _FEW:
        return _account.id.in_(theirs), True
    return theirs.where(account == _account.id).exists(), False


def _count(
    question: Question, filter_: Filter, some: ColumnElement[bool] | None, by: User
) -> tuple[int, bool]:
    """Count the accounts that match, but not much further than people care to know.

    Returns the number and whether there are more. Of a search that finds very many, only those
    are counted that its index found first, unless an owner or a team makes them few.
    """
    key = _key(question, by)
    if _is_known_as_many(key):
        return COUNT_UP_TO, True
    if question.owner or question.team:
        some = None
    where = filter_.conditions if some is None else (some, *filter_.conditions)
    number = _number if filter_.shared else _number.__wrapped__
    count = session.connection().scalar(number(where), filter_.values) or 0
    many = some is not None or count > COUNT_UP_TO
    if count > COUNT_UP_TO:
        _remember_as_many(key)
    return min(count, COUNT_UP_TO), many


def _key(question: Question, by: User) -> Key:
    """Return by what a list is known again, wherever one is in it and however it is sorted."""
    plain = replace(question, cursor=None, sort="name", descending=False, columns=(), gone=())
    return plain, by.id, by.scope


def _is_known_as_many(key: Key) -> bool:
    return _many.get(key, 0) > time.monotonic()


def _remember_as_many(key: Key) -> None:
    if len(_many) > MOST_REMEMBERED:
        _many.clear()
    _many[key] = time.monotonic() + REMEMBERED


@lru_cache(maxsize=MOST_STATEMENTS)
def _number(where: tuple[ColumnElement[bool], ...]) -> Query:
    first = select(literal_column("1")).where(*where).limit(COUNT_UP_TO + 1).subquery()
    return select(func.count()).select_from(first)


_many: dict[Key, float] = {}
"""Which lists have more accounts than are counted, and until when that is believed."""
