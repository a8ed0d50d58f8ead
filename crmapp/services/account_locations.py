"""The locations that accounts have, to narrow the list of accounts down by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from crmapp.db import session
from crmapp.domain.search import fold
from crmapp.models import Account, User

SHOWN = 50
_LOOKED_AT = 5_000
"""So many different locations are looked through for one that contains what was typed."""


def known(words: str = "", *, by: User) -> tuple[list[str], bool]:
    """Return the locations of accounts that ``by`` sees and that contain ``words``, by name.

    At most :data:`SHOWN`, and whether there are more.
    """
    wanted = fold(words)
    found = [place for place in _different(by) if wanted in fold(place)]
    ordered = sorted(found, key=lambda place: (fold(place), place))
    return ordered[:SHOWN], len(ordered) > SHOWN


def _different(by: User) -> Sequence[str]:
    """Read each location once: an index is stepped through, unless most accounts are hidden."""
    seen = [Account.visible_to(by), Account.location.is_not(None)]
    query = _steps(seen) if by.sees_all else _distinct(seen)
    return session.scalars(query.limit(_LOOKED_AT)).all()


def _distinct(where: Sequence[ColumnElement[bool]]) -> Select[Any]:
    return select(Account.location).where(*where).distinct().order_by(Account.location)


def _steps(where: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Ask for the first location, then for the first one behind it, and so on."""
    first = select(func.min(Account.location).label("place")).where(*where)
    steps = first.cte("steps", recursive=True)
    behind = select(func.min(Account.location)).where(*where, Account.location > steps.c.place)
    following = select(behind.correlate(steps).scalar_subquery())
    steps = steps.union_all(following.where(steps.c.place.is_not(None)))
    return select(steps.c.place).where(steps.c.place.is_not(None))
