"""What takes a change back, and what stays because somebody changed it since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from crmapp.domain.changes import Link, Reason
from crmapp.domain.plan import Planned, PlanRow

LIFE = "deleted_at"
"""The place that says whether a record is there: written by what made, deleted or restored it."""

LIVES = ("created", "deleted", "restored")
"""What a change does that writes it."""


class Made(NamedTuple):
    """A change that a run made, as the change log has it."""

    id: int
    object: str
    record_id: int
    action: str
    fields: Mapping[str, Any]
    links: Sequence[Sequence[Any]]


class Taken(NamedTuple):
    """A change that is to be taken back, as the change log has it.

    ``links`` are those that still mean what the change made them mean; ``moved`` the external ids
    that have come to mean something else; ``standing`` the fields that still are as it left them,
    and :data:`LIFE` if it made, deleted or restored the record and that is as it left it.
    """

    id: int
    record_id: int
    action: str
    fields: Mapping[str, Any]
    links: Sequence[Link] = ()
    moved: Sequence[str] = ()
    object: str = "account"
    standing: Collection[str] = ()


class Logged(NamedTuple):
    """A change in the log of a record.

    ``undoes`` is the change that it took back itself; ``places`` are what it wrote: fields as
    object, record and name, and the keys of links.
    """

    id: int
    undoes: int | None
    places: Collection[Any]


def is_as_left(place: Any, change_id: int, last: int | None, log: Iterable[Logged]) -> bool:
    """Whether a place, last written by ``last``, is as the change left it.

    It is if it has the value of the same change as then. ``log`` has all changes in their order:
    what takes a change back leaves the place to whoever had it before that change. It may be empty
    if nothing came after the change.
    """
    whose, then, latest = 0, change_id, change_id
    before: dict[int, int] = {}
    for each in log:
        if place in each.places:
            before[each.id], latest = whose, each.id
            whose = each.id if each.undoes is None else before.get(each.undoes, 0)
        if each.id == change_id:
            then = whose
    return last == latest and (not before or whose == then)


class Present(NamedTuple):
    """The record as it is now.

    ``lineage`` is field → id of its last change; ``edited`` the id of the last change that a person
    made, 0 if none did; ``added`` says that people attached something to it; ``life`` is the id of
    the last change that made, deleted or restored it.
    """

    name: str
    version: int
    lineage: Mapping[str, int]
    deleted: bool
    edited: int
    added: bool
    life: int = 0

    def last(self, name: str) -> int:
        """Return the id of the last change of a field, or of :data:`LIFE`."""
        return self.life if name == LIFE else self.lineage.get(name, 0)


def take_back(row_no: int, change: Taken, now: Present | None) -> PlanRow:
    """Decide how ``change`` is taken back."""
    base: dict[str, Any] = {"row_no": row_no, "record_id": change.record_id, "key": str(change.id)}
    base["object"] = change.object
    if now is None:
        return PlanRow(action=Planned.KEPT, reason=Reason.GONE, **base)
    base |= {"name": now.name, "version": now.version}
    lives = change.action in LIVES
    if (lives and LIFE not in change.standing) or (now.deleted and not lives):
        return PlanRow(action=Planned.KEPT, reason=Reason.GONE, **base)
    if change.action == "deleted":
        if change.moved:
            base |= {"reason": Reason.EDITED_SINCE, "params": {"fields": list(change.moved)}}
        return PlanRow(
            action=Planned.RESTORE, fields=_fields_back(change), links=_back(change), **base
        )
    if change.action in ("created", "restored"):
        return _take_back_birth(change, now, base)
    edited = [name for name in change.fields if name not in change.standing]
    back = _fields_back(change)
    since = [*edited, *change.moved]
    if not back and not change.links:
        return _edited(since, base)
    if since:
        base |= {"reason": Reason.EDITED_SINCE, "params": {"fields": since}}
    return PlanRow(action=Planned.UPDATE, fields=back, links=_back(change), **base)


def _take_back_birth(change: Taken, now: Present, base: Mapping[str, Any]) -> PlanRow:
    if now.added:
        return PlanRow(action=Planned.KEPT, reason=Reason.PEOPLE_ADDED, **base)
    if now.edited > change.id:
        return _edited([name for name, last in now.lineage.items() if last > change.id], base)
    # What a created record held goes with it; one that was restored had other values before.
    back = _fields_back(change) if change.action == "restored" else {}
    return PlanRow(action=Planned.DELETE, fields=back, links=_back(change), **base)


def _fields_back(change: Taken) -> dict[str, Any]:
    """Return name → [before, after] of what gives the standing fields their former values."""
    return {name: both[::-1] for name, both in change.fields.items() if name in change.standing}


def _back(change: Taken) -> list[list[Any]]:
    return [list(link.back()) for link in change.links]


def _edited(since: list[str], base: Mapping[str, Any]) -> PlanRow:
    """Keep what people changed ``since``; nothing there means that they deleted and restored it."""
    reason = Reason.EDITED_SINCE if since else Reason.GONE
    return PlanRow(action=Planned.KEPT, reason=reason, params={"fields": since}, **base)
