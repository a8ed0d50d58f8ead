"""What people decide about their own account."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import update

from crmapp.db import session, unit_of_work
from crmapp.models.user import User

PREFERENCES = frozenset({"locale", "theme", "density", "timezone"})


def keep(chosen: Mapping[str, str], *, by: User) -> None:
    """Keep the preferences of ``by``; other names are refused."""
    unknown = chosen.keys() - PREFERENCES
    if unknown:
        raise ValueError(f"not a preference: {', '.join(sorted(unknown))}")
    person = by.id
    with unit_of_work():
        session.execute(update(User).where(User.id == person).values(**chosen))
