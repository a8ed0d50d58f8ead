"""What takes a change back, and what stays because somebody changed it since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from crmapp.domain.changes import Link, Reason
from crmapp.domain.plan import Planned, PlanRow


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
    that have come to mean something else; ``standing`` the fields that still are as it left them.
    """

    id: int
    record_id: int
    action: str
    fields: Mapping[str, Any]
    links: Sequence[Link] = ()
    moved: Sequence[str] = ()
    object: str = "account"
    standing: Collection[str] = ()


class Later(NamedTuple):
    """A change that came after one that is to be taken back.

    ``undoes`` is the change that it took back itself; ``places`` are what it wrote: fields as
    object, record and name, and the keys of links.
    """

    id: int
    undoes: int | None
    places: Collection[Any]


def is_as_left(place: Any, change_id: int, last: int | None, later: Iterable[Later]) -> bool:
    """Whether a place, last written by ``last``, is as the change left it.

    It is if all that ``later`` changes wrote there, in their order, was taken back: what takes a
    change back leaves the place to whoever had it before that change.
    """
    latest = has_it = change_id
    had_it: dict[int, int] = {}
    for each in later:
        if place in each.places:
            latest, had_it[each.id] = each.id, has_it
            has_it = each.id if each.undoes is None else had_it.get(each.undoes, 0)
    return (last, has_it) == (latest, change_id)


class Present(NamedTuple):
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
    base["object"] = change.object
    if now is None:
        return PlanRow(action=Planned.KEPT, reason=Reason.GONE, **base)
    base |= {"name": now.name, "version": now.version}
    if now.deleted != (change.action == "deleted"):
        return PlanRow(action=Planned.KEPT, reason=Reason.GONE, **base)
    if change.action == "deleted":
        if now.edited > change.id:  # people brought it back, and deleted it themselves
            return PlanRow(action=Planned.KEPT, reason=Reason.GONE, **base)
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
