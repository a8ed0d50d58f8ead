"""Whose accounts a person reaches beside her own: one's own are always open."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from crmapp.domain.permissions import Right, Role, allows
from crmapp.i18n import N_


class Part(StrEnum):
    """Some accounts, as a restriction names them."""

    TEAM = "team"
    TERRITORY = "territory"
    UNOWNED = "unowned"
    ALL = "all"


Reach = frozenset[Part]
EVERYTHING: Reach = frozenset({Part.ALL})
NEAR: Reach = frozenset({Part.TEAM, Part.UNOWNED})
"""What a role reaches that does not reach everything."""
SOME = (Part.TEAM, Part.TERRITORY, Part.UNOWNED)
LABELS: dict[Part, str] = {
    Part.TEAM: N_("Those of the person’s teams"),
    Part.TERRITORY: N_("Those of the territories below"),
    Part.UNOWNED: N_("Those without an owner and a team"),
    Part.ALL: N_("All accounts"),
}
FOR_ALL = frozenset(
    {
        Right.ACCOUNT_VIEW_ALL,
        Right.GRID_ADD_UPDATE_ACCOUNTS,
        Right.RUN_VIEW,
        Right.RUN_UNDO,
        Right.INTEGRATION_MANAGE,
        Right.DATASET_MANAGE,
    }
)
"""Rights that show or change accounts of everybody at once: none for people with a restriction."""
_WHOLE = {
    Right.ACCOUNT_VIEW: Right.ACCOUNT_VIEW_ALL,
    Right.ACCOUNT_EDIT: Right.ACCOUNT_EDIT_ALL,
}


def reach_of_role(role: str, right: Right) -> Reach:
    """Return what people with ``role`` see or change, unless it is said of one of them."""
    return EVERYTHING if allows(role, _WHOLE[right]) else NEAR


def holds_all(now: Reach, before: Reach) -> bool:
    """Say whether all that was reached before is reached now."""
    return now == EVERYTHING or before <= now


def is_restricted(role: str, *said: Collection[str] | None) -> bool:
    """Say whether less than everything was said of a person; of an administrator nothing is."""
    return role != Role.ADMIN and any(each is not None and Part.ALL not in each for each in said)


def reach_of(role: str, right: Right, said: Collection[str] | None) -> Reach:
    """Return what a person sees or changes, of whom ``said`` was; None: as her role has it.

    Whoever administers reaches everything: the restriction could be lifted by her at any moment.
    """
    if said is None or role == Role.ADMIN:
        return reach_of_role(role, right)
    return EVERYTHING if Part.ALL in said else frozenset(map(Part, said))
