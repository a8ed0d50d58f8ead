"""What people keep by a name: how it may be called, and whom it may be shared with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from sqlalchemy import ColumnElement, select

from crmapp.db import LARGEST_ID, session
from crmapp.domain.search import fold
from crmapp.errors import Invalid, NotFound
from crmapp.i18n import N_
from crmapp.models import Favourite, SavedView, Team, User
from crmapp.models.audience import EVERYONE, MINE, TEAM

Kept = TypeVar("Kept", Favourite, SavedView)
LONGEST_NAME = 80
BAD_NAME = N_("Enter a name of at most 80 characters.")
BAD_AUDIENCE = N_("Choose who finds it.")


def one(model: type[Kept], id_: int, found: ColumnElement[bool]) -> Kept:
    """Return what is kept under an id, if its reader finds it.

    Raises:
        NotFound: there is none, or not for her.
    """
    known = 0 < id_ <= LARGEST_ID
    kept = session.scalar(select(model).where(model.id == id_, found)) if known else None
    if kept is None:
        raise NotFound
    return kept


def name_from(typed: Mapping[str, str]) -> str:
    """Read a name.

    Raises:
        Invalid: there is none, or it is too long.
    """
    name = " ".join(typed.get("name", "").split())
    if not 0 < len(name) <= LONGEST_NAME or "\x00" in name:
        raise Invalid({"name": BAD_NAME})
    return name


def audience_from(
    typed: Mapping[str, str], *, teams: Collection[int | None], everyone: bool = True
) -> tuple[str, int | None]:
    """Read who finds it: ``mine``, ``team:`` and the id of one of ``teams``, ``everyone``.

    Raises:
        Invalid: it may not be shared so.
    """
    chosen = typed.get("audience", "")
    kind, _colon, number = chosen.partition(":")
    if chosen == MINE or (chosen == EVERYONE and everyone):
        return chosen, None
    if kind == TEAM and number.isdecimal() and len(number) < 10 and int(number) in teams:
        return TEAM, int(number)
    raise Invalid({"audience": BAD_AUDIENCE})


def teams(now: int | None, *, by: User) -> list[tuple[int, str]]:
    """Return (id, name) of the teams that ``by`` may share with: hers, and the one of ``now``."""
    own = {team.id: team.name for team in by.teams}
    if now is not None:
        own[now] = session.get_one(Team, now).name
    return sorted(own.items(), key=lambda team: fold(team[1]))
