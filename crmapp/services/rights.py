"""Who may do what: refused before anything is read or written."""

from __future__ import annotations

from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.permissions import Right, roles_with
from crmapp.errors import Forbidden
from crmapp.models import User


def need(right: Right, *, by: User) -> None:
    """Refuse people without ``right``.

    Raises:
        Forbidden: she lacks it.
    """
    if not by.can(right):
        raise Forbidden(right.value)


def who_holds(*rights: Right) -> list[int]:
    """Return the active people who hold one of ``rights``: some are restricted and hold fewer."""
    roles = {role.value for right in rights for role in roles_with(right)}
    people = session.scalars(select(User).where(User.active, User.role.in_(sorted(roles))))
    return [user.id for user in people if any(user.can(right) for right in rights)]
