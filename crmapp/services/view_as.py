"""An administrator sees what somebody else sees: who may, and what the audit trail is told."""

from __future__ import annotations

from crmapp.db import unit_of_work
from crmapp.domain.permissions import Right
from crmapp.errors import Invalid
from crmapp.i18n import N_
from crmapp.models import User
from crmapp.services import audit, users
from crmapp.services.rights import need

RIGHT = Right.USER_MANAGE


def begin(user_id: int, *, by: User) -> None:
    """Note that ``by`` looks through a person's eyes from now on.

    Raises:
        Forbidden: ``by`` lacks the right.
        NotFound: there is nobody with this id.
        Invalid: it is herself, or somebody who may not sign in.
    """
    need(RIGHT, by=by)
    user = users.get(user_id, by=by)
    if user.id == by.id or not user.active:
        raise Invalid({"": N_("Choose somebody else who may sign in.")})
    _note("view_as_begun", user_id, by.id)


def end(user_id: int, *, by_id: int) -> None:
    """Note that she looks through her own eyes again."""
    _note("view_as_ended", user_id, by_id)


def refuse(user_id: int, *, by_id: int) -> None:
    """Note that she was kept from changing something in a person's name."""
    _note("view_as_refused", user_id, by_id)


def _note(kind: str, user_id: int, by_id: int) -> None:
    with unit_of_work():
        audit.note(kind, by=by_id, about="person", about_id=user_id)
