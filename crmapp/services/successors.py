"""Where accounts have gone that were merged into others, and which came to an account."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.models import Account, User

_MOST = 50  # merges, one after the other


def living(account_id: int) -> Account | None:
    """Return the account itself, or what it has become; None if that is deleted or unknown."""
    step = session.get(Account, account_id)
    for _merge in range(_MOST):
        if step is None or step.deleted_at is None or step.replaced_by is None:
            break
        step = session.get(Account, step.replaced_by)
    return step if step is not None and step.deleted_at is None else None


def of(account_id: int, *, by: User) -> Account | None:
    """Return the account that a merged one has become, if there is one and ``by`` sees it."""
    heir = living(account_id)
    if heir is None or heir.id == account_id:
        return None
    seen = select(Account).where(Account.id == heir.id, Account.visible_to(by))
    return session.scalar(seen)


def merged_into(account_id: int) -> dict[int, str]:
    """Return the accounts that were merged into one, one after the other too: id → name."""
    table = Account.__table__
    own, deeper = table.c, table.alias().c
    merged = (
        select(own.id, own.name)
        .where(own.replaced_by == account_id, own.deleted_at.is_not(None))
        .cte(recursive=True)
    )
    merged = merged.union(
        select(deeper.id, deeper.name).where(
            deeper.replaced_by == merged.c.id, deeper.deleted_at.is_not(None)
        )
    )
    query = select(merged.c.id, merged.c.name).where(merged.c.id != account_id)
    return dict(session.execute(query).all())


def numbered(numbers: Collection[str], *, by: User) -> dict[str, int]:
    """Return number → the account that the one with that number was merged into.

    A number that several had is left out.
    """
    own = Account.__table__.c
    query = select(own.number, own.id).where(
        is_one_of(own.number, sorted(numbers)),
        own.deleted_at.is_not(None),
        own.replaced_by.is_not(None),
    )
    found: dict[str, set[int]] = {}
    for number, id_ in session.execute(query) if numbers else ():
        heir = of(id_, by=by)
        if number is not None and heir is not None:
            found.setdefault(number, set()).add(heir.id)
    return {number: min(ids) for number, ids in found.items() if len(ids) == 1}
