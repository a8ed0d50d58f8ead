"""Pairs of accounts that may be one customer: listed best first, and kept apart by people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, exists, func, select, tuple_, update

from crmapp.db import session, unit_of_work, utcnow
from crmapp.db.bulk import insert_into, is_one_of
from crmapp.domain.permissions import Right
from crmapp.errors import NotFound
from crmapp.models import Account, AccountPair, User
from crmapp.services import accounts
from crmapp.services.rights import need

PAGE = 50
RIGHT = Right.ACCOUNT_DELETE
_MANY = 1000


class Place(NamedTuple):
    """Where a page of the list ends: the weight and the ids of its last pair."""

    score: int
    first: int
    second: int


@dataclass(frozen=True)
class Pair:
    """Two accounts that may be one, and why."""

    first: Account
    second: Account
    reasons: Sequence[str]
    place: Place


@dataclass(frozen=True)
class Page:
    """A page of pairs; ``more`` is where the next one begins, if there is one."""

    pairs: Sequence[Pair]
    more: Place | None


def listed(*, by: User, different: bool = False, after: Place | None = None) -> Page:
    """Return a page of the pairs of which ``by`` sees both accounts, best first.

    ``different`` gives those that a person keeps apart.

    Raises:
        Forbidden: she may not merge accounts.
    """
    need(RIGHT, by=by)
    own = AccountPair
    query = select(own).where(_seen(by), _kept_apart(different))
    if after is not None:
        behind = tuple_(own.score, own.first_id, own.second_id)
        query = query.where(behind < tuple_(*after))
    ordered = query.order_by(own.score.desc(), own.first_id.desc(), own.second_id.desc())
    found = session.scalars(ordered.limit(PAGE + 1)).all()
    ids = {id_ for each in found for id_ in (each.first_id, each.second_id)}
    known = {
        each.id: each
        for each in session.scalars(select(Account).where(is_one_of(Account.id, sorted(ids))))
    }
    pairs = [
        Pair(
            known[each.first_id],
            known[each.second_id],
            each.reasons,
            Place(each.score, each.first_id, each.second_id),
        )
        for each in found[:PAGE]
    ]
    return Page(pairs, pairs[-1].place if len(found) > PAGE else None)


def count(*, by: User, different: bool = False) -> int:
    """Return how many pairs there are, or one more than a thousand if there are more."""
    query = select(AccountPair.first_id).where(_seen(by), _kept_apart(different))
    return session.scalar(select(func.count()).select_from(query.limit(_MANY + 1).subquery())) or 0


def _kept_apart(different: bool) -> ColumnElement[bool]:
    since = AccountPair.different_at
    return since.is_not(None) if different else since.is_(None)


def _seen(by: User) -> ColumnElement[bool]:
    """Both accounts live, and ``by`` sees them."""
    sides = (AccountPair.first_id, AccountPair.second_id)
    return and_(*(exists().where(Account.id == side, Account.visible_to(by)) for side in sides))


def keep_apart(one: int, other: int, *, by: User) -> None:
    """Say that two accounts are not the same customer: no search offers them again.

    Raises:
        Forbidden, NotFound: as for :func:`listed`; she sees both accounts.
    """
    with unit_of_work():
        first, second = _both(one, other, by)
        said: dict[str, Any] = {"different_at": utcnow(), "different_by": by.id}
        session.execute(
            insert_into(AccountPair)
            .values(first_id=first, second_id=second, **said)
            .on_conflict_do_update(index_elements=["first_id", "second_id"], set_=said)
        )


def bring_back(one: int, other: int, *, by: User) -> None:
    """Take back that two accounts are not the same.

    Raises:
        Forbidden, NotFound: as for :func:`keep_apart`.
    """
    with unit_of_work():
        first, second = _both(one, other, by)
        session.execute(
            update(AccountPair)
            .where(AccountPair.first_id == first, AccountPair.second_id == second)
            .values(different_at=None, different_by=None)
            .execution_options(synchronize_session=False)
        )


def _both(one: int, other: int, by: User) -> tuple[int, int]:
    need(RIGHT, by=by)
    first, second = sorted(accounts.get(id_, by=by).id for id_ in (one, other))
    if first == second:
        raise NotFound
    return first, second
