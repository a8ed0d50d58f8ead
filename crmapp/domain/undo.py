"""What takes a change back, and what stays because somebody changed it since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crmapp.domain.changes import Reason
from crmapp.domain.plan import Planned, PlanRow


@dataclass(frozen=True)
class Taken:
    """A change that is to be taken back, as the change log has it."""

    id: int
    record_id: int
    action: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Present:
    """The record as it is now.

    ``lineage`` is field → id of its last change; ``edited`` the id of the last change that a person
    made, 0 if none did; ``added`` says that people attached something to it.
    """

    name: str
    version: int
    lineage: Mapping[str, int]
    deleted: bool
    edited: int
    added: bool


def take_back(row_no: int, change: Taken, now: Present | None) -> PlanRow:
    """Decide how ``change`` is taken back."""
    base: dict[str, Any] = {"row_no": row_no, "record_id": change.record_id, "key": str(change.id)}
    if now is None:
        return PlanRow(action=Planned.KEPT, reason=Reason.GONE, **base)
    base |= {"name": now.name, "version": now.version}
    if now.deleted != (change.action == "deleted"):
        return PlanRow(action=Planned.KEPT, reason=Reason.GONE, **base)
    if change.action == "deleted":
        if now.edited > change.id:  # people brought it back, and deleted it themselves
            return PlanRow(action=Planned.KEPT, reason=Reason.GONE, **base)
        return PlanRow(action=Planned.RESTORE, **base)
    since = [name for name in change.fields if now.lineage.get(name) != change.id]
    if change.action in ("created", "restored"):
        return _take_back_birth(change, now, base)
    back = {name: both[::-1] for name, both in change.fields.items() if name not in since}
    if not back:
        return _edited(since, base)
    if since:
        base |= {"reason": Reason.EDITED_SINCE, "params": {"fields": since}}
    return PlanRow(action=Planned.UPDATE, fields=back, **base)


def _take_back_birth(change: Taken, now: Present, base: Mapping[str, Any]) -> PlanRow:
    if now.added:
        return PlanRow(action=Planned.KEPT, reason=Reason.PEOPLE_ADDED, **base)
    if now.edited > change.id:
        return _edited([name for name, last in now.lineage.items() if last > change.id], base)
    return PlanRow(action=Planned.DELETE, **base)


def _edited(since: list[str], base: Mapping[str, Any]) -> PlanRow:
    """Keep what people changed ``since``; nothing there means that they deleted and restored it."""
    reason = Reason.EDITED_SINCE if since else Reason.GONE
    return PlanRow(action=Planned.KEPT, reason=reason, params={"fields": since}, **base)
