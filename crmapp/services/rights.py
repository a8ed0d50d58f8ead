"""Who may do what: refused before anything is read or written."""

from __future__ import annotations

from crmapp.domain.permissions import Right
from crmapp.errors import Forbidden
from crmapp.models import User


def need(right: Right, *, by: User) -> None:
    """Refuse people without ``right``.

    Raises:
        Forbidden: she lacks it.
    """
    if not by.can(right):
        raise Forbidden(right.value)
