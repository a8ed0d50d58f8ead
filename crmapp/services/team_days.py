"""The days of a team in numbers: per person what is open, overdue, due today, done this week."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, func, not_, select

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.days import Today
from crmapp.domain.permissions import Right, roles_with
from crmapp.domain.search import fold
from crmapp.models import Account, Activity, User
from crmapp.services.rights import need

_NONE = (0, 0, 0)


@dataclass(frozen=True)
class Standing:
    """One person; ``here`` is False for somebody who has left, and still owns open activities."""

    id: int
    name: str
    here: bool
    open: int = 0
    overdue: int = 0
    today: int = 0
    done: int = 0


def standings(today: Today, *, by: User) -> list[Standing]:
    """Return everybody who has activities to do, by name; those who have left come last.

    Raises:
        Forbidden: she does not manage.
    """
    need(Right.ACCOUNT_EDIT_ALL, by=by)
    open_ = _open(today, by)
    roles = [role.value for role in roles_with(Right.ACTIVITY_EDIT)]
    people = session.execute(
        select(User.id, User.name, User.active).where(
            and_(User.active, User.role.in_(roles)) | is_one_of(User.id, sorted(open_))
        )
    ).all()
    done = _done([row.id for row in people], today, by)
    found = [
        Standing(id_, name, here, *open_.get(id_, (0, 0, 0)), done.get(id_, 0))
        for id_, name, here in people
    ]
    return sorted(found, key=lambda each: (not each.here, fold(each.name), each.id))


def _open(today: Today, by: User) -> dict[int, tuple[int, int, int]]:
    """Return person → how many of her activities are open, overdue, due in the rest of today.

    All are counted, from their index alone, and those taken off whose accounts are hidden: who
    manages sees all accounts but the deleted ones, and those are few, unless she is restricted.
    """
    seen = Account.visible_to(by)  # of what has no owner, a restriction may say neither yes nor no
    hidden = select(Account.id).where(not_(seen if by.sees_all else func.coalesce(seen, false())))
    all_, gone = _counted(today), _counted(today, Activity.account_id.in_(hidden))
    left = {
        person: (counts[0] - less[0], counts[1] - less[1], counts[2] - less[2])
        for person, counts in all_.items()
        if (less := gone.get(person, _NONE))
    }
    return {person: counts for person, counts in left.items() if counts[0]}


def _counted(today: Today, *where: ColumnElement[bool]) -> dict[int, tuple[int, int, int]]:
    at = Activity.happens_at
    query = (
        select(
            Activity.owner_id,
            func.count(),
            func.count().filter(at < today.now),
            func.count().filter(at >= today.now, at < today.end),
        )
        .where(Activity.is_open(), Activity.owner_id.is_not(None), *where)
        .group_by(Activity.owner_id)
    )
    found = session.execute(query)
    return {owner: (all_, late, now) for owner, all_, late, now in found if owner is not None}


def _done(people: list[int], today: Today, by: User) -> dict[int, int]:
    query = (
        select(Activity.completed_by_id, func.count())
        .join(Account, Account.id == Activity.account_id)
        .where(
            Activity.is_completed(),
            is_one_of(Activity.completed_by_id, people),
            Activity.completed_at >= today.week,
            Account.visible_to(by),
        )
        .group_by(Activity.completed_by_id)
    )
    return {person: count for person, count in session.execute(query) if person is not None}
