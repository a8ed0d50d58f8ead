"""Who owns a field of an account that a feed fills, and so whether the source may change it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from crmapp.i18n import N_


class Owner(StrEnum):
    """Whose word counts if an account exists already; what a new one begins with is the source's.

    ``newest`` compares the moment of a person's change with that of the source's row.
    """

    ERP = "erp"
    CRM = "crm"
    NEWEST = "newest"
    BLANK = "blank"


LABELS: dict[Owner, str] = {
    Owner.ERP: N_("The source wins"),
    Owner.CRM: N_("The CRM wins; the source only says what a new account begins with"),
    Owner.NEWEST: N_("The newest wins"),
    Owner.BLANK: N_("The source fills it only while it is empty"),
}


@dataclass(frozen=True)
class Last:
    """The last change of a field: what it was before and after, as the change log keeps them.

    ``person``: somebody changed it by hand; ``given`` is then what it held before people began to.
    ``undo``: it took back what a run had done.
    """

    at: datetime
    before: Any = None
    after: Any = None
    person: bool = False
    undo: bool = False
    given: Any = None


def was_undone(before: Any, after: Any, last: Last | None) -> bool:
    """Say whether the change of a field from ``before`` to ``after`` was taken back by an undo."""
    return last is not None and last.undo and (last.before, last.after) == (after, before)


def takes(
    owner: Owner,
    before: Any,
    after: Any,
    last: Last | None,
    stamp: datetime | None,
    read_at: datetime | None,
) -> bool:
    """Say whether a source may change a field from ``before`` to ``after``.

    ``stamp`` is when the source's row was changed, if it says so; ``read_at`` when the source was
    read before. What somebody took back by undoing a run is held until the source says otherwise.
    """
    if was_undone(before, after, last):
        return False
    if owner is Owner.CRM:
        return False
    if owner is Owner.BLANK:
        return before in (None, "", [])
    if owner is Owner.ERP or last is None or not last.person:
        return True
    if stamp is not None:
        return stamp > last.at
    changed_there = after != last.given
    return changed_there and read_at is not None and last.at < read_at


def moment(cell: Any) -> datetime | None:
    """Read when a row was changed; without a zone it is taken as UTC. ``None`` if it is no time."""
    if isinstance(cell, datetime):
        found = cell
    else:
        try:
            found = datetime.fromisoformat(str(cell).strip())
        except ValueError:
            return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
