"""Reads who did what, when and from where: audit events and changes of records as one list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import joinedload

from crmapp.db import LARGEST_ID, session
from crmapp.db.bulk import is_one_of
from crmapp.domain.permissions import Right
from crmapp.models import AuditEvent, Change, Run, User
from crmapp.services import audit, history, record_names, seals
from crmapp.services.record_names import Named
from crmapp.services.rights import need

RIGHT = Right.AUDIT_VIEW
PAGE = 50
CHANGES = "changes"
"""The kind that stands for all changes of records."""
FILE = "attachment"
"""What an event is about if it is a file of an account."""
_BATCH = 500
_OF_PEOPLE = ("person", "calendar")
"""What events are about that say by an id whose it is."""


@dataclass(frozen=True)
class Asked:
    """What is asked for; ``kind`` is one of events, :data:`CHANGES`, or what was done to a record.

    ``nobody`` are visitors, schedules and the terminal.
    """

    person: int | None = None
    nobody: bool = False
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None
    object: str = ""
    record_id: int | None = None


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: before these ids of events and of changes."""

    event: int = LARGEST_ID
    change: int = LARGEST_ID

    def __str__(self) -> str:
        return f"{self.event}-{self.change}"

    @classmethod
    def read(cls, text: str) -> Cursor:
        """Read a cursor from an address; nonsense means the newest page."""
        parts = text.split("-")
        known = all(part.isascii() and part.isdecimal() and len(part) < 11 for part in parts)
        if not known or len(parts) != 2:
            return cls()
        return cls(*(min(int(part), LARGEST_ID) for part in parts))


@dataclass(frozen=True)
class Item:
    """One thing that was done: an event, or a change of a record with its words.

    ``who`` is the name of who did it; ``name`` what it was done to is called, if it is there still;
    ``place`` is the event that knows from where.
    """

    at: datetime
    by_id: int | None
    who: str | None
    name: str | None
    place: AuditEvent | None
    event: AuditEvent | None = None
    entry: history.Entry | None = None


@dataclass(frozen=True)
class Page:
    """Items, newest first, and where the next page begins, if there is one."""

    items: list[Item]
    older: Cursor | None


def page(asked: Asked, *, before: Cursor, by: User, locale: str, size: int = PAGE) -> Page:
    """Return a page of the trail.

    Raises:
        Forbidden: she lacks the right.
    """
    need(RIGHT, by=by)
    found = _found(asked, before, size)
    shown, last = found[:size], before
    for each in shown:
        part = {"event" if isinstance(each, AuditEvent) else "change": each.id}
        last = replace(last, **part)
    return Page(_items(shown, by, locale), last if len(found) > size else None)


def every(asked: Asked, *, by: User, locale: str) -> Iterator[Item]:
    """Yield all of the trail that is asked for, newest first.

    Raises:
        Forbidden: she lacks the right.
    """
    need(RIGHT, by=by)
    return _pages(asked, by, locale)


def _pages(asked: Asked, by: User, locale: str) -> Iterator[Item]:
    cursor: Cursor | None = Cursor()
    while cursor is not None:
        found = page(asked, before=cursor, by=by, locale=locale, size=_BATCH)
        yield from found.items
        cursor = found.older


def people(*, by: User) -> list[tuple[int, str]]:
    """Return everybody who may have done something, by name.

    Raises:
        Forbidden: she lacks the right.
    """
    need(RIGHT, by=by)
    rows = session.execute(select(User.id, User.name).order_by(User.name, User.id))
    return [(row.id, row.name) for row in rows]


def _found(asked: Asked, before: Cursor, size: int) -> list[AuditEvent | Change]:
    """Return one more than a page of both, each read from the end of its index."""
    events: Iterable[AuditEvent | Change] = ()
    changes: Iterable[AuditEvent | Change] = ()
    if asked.kind in ("", *audit.KINDS) and not asked.object:
        query = select(AuditEvent).where(AuditEvent.id < before.event, *_of_events(asked))
        events = session.scalars(query.order_by(AuditEvent.id.desc()).limit(size + 1))
    if asked.kind not in audit.KINDS:
        query_ = select(Change).where(Change.id < before.change, *_of_changes(asked))
        loaded = query_.options(joinedload(Change.by), joinedload(Change.run).joinedload(Run.by))
        changes = session.scalars(loaded.order_by(Change.id.desc()).limit(size + 1))
    newest = merge(events, changes, key=lambda each: each.at, reverse=True)
    return list(islice(newest, size + 1))


def _of_events(asked: Asked) -> list[ColumnElement[bool]]:
    kind = AuditEvent.kind == asked.kind if asked.kind else AuditEvent.kind != audit.RECORDS
    conditions = [kind, *_within(AuditEvent.at, asked)]
    if asked.nobody:
        conditions.append(AuditEvent.by_id.is_(None))
    if asked.person is not None:
        concerns = and_(AuditEvent.about == "person", AuditEvent.about_id == str(asked.person))
        conditions.append(or_(AuditEvent.by_id == asked.person, concerns))
    return conditions


def _of_changes(asked: Asked) -> list[ColumnElement[bool]]:
    conditions = [*_within(Change.at, asked), *seals.within(asked.since, asked.until)]
    if asked.kind not in ("", CHANGES):
        conditions.append(Change.action == asked.kind)
    if asked.object:
        conditions.append(Change.object == asked.object)
    if asked.record_id is not None:
        conditions.append(Change.record_id == asked.record_id)
    if asked.nobody:
        schedules = select(Run.id).where(Run.by_id.is_(None))
        conditions += [Change.by_id.is_(None), _of_runs(schedules)]
    if asked.person is not None:
        hers = select(Run.id).where(Run.by_id == asked.person)
        conditions.append(or_(Change.by_id == asked.person, Change.run_id.in_(hers)))
    return conditions


def _of_runs(runs: Any) -> ColumnElement[bool]:
    return or_(Change.run_id.is_(None), Change.run_id.in_(runs))


def _within(at: Any, asked: Asked) -> list[ColumnElement[bool]]:
    since = [] if asked.since is None else [at >= asked.since]
    return since if asked.until is None else [*since, at < asked.until]


def _items(found: Sequence[AuditEvent | Change], by: User, locale: str) -> list[Item]:
    changes = [each for each in found if isinstance(each, Change)]
    events = [each for each in found if isinstance(each, AuditEvent)]
    said = {each.change.id: each for each in history.entries(changes, by=by, locale=locale)}
    places, names = _places(changes), _names(changes, events)
    persons = _persons(events)
    items = []
    for each in found:
        if isinstance(each, AuditEvent):
            who, about = persons.get(each.by_id or 0), _about(each, persons, names)
            items.append(Item(each.at, each.by_id, who, about, each, event=each))
        else:
            doer = each.by or (each.run.by if each.run else None)
            place = places.get(("event", each.origin_id or 0)) or places.get(
                ("run", each.run_id or 0)
            )
            items.append(
                Item(
                    each.at,
                    doer.id if doer else None,
                    doer.name if doer else None,
                    _name(names, each.object, each.record_id),
                    place,
                    entry=said[each.id],
                )
            )
    return items


def _about(
    event: AuditEvent, persons: Mapping[int, str], names: Mapping[tuple[str, int], Named]
) -> str | None:
    """Return what an event is about is called, if it is a person or a record."""
    if not event.about_id:
        return None
    if event.about in _OF_PEOPLE:
        return persons.get(int(event.about_id))
    return _name(names, FILE, int(event.about_id)) if event.about == FILE else None


def _name(names: Mapping[tuple[str, int], Named], object_: str, id_: int) -> str | None:
    found = names.get((object_, id_))
    return found.name if found else None


def _persons(events: Iterable[AuditEvent]) -> dict[int, str]:
    """Return id → name of those who did something, and of those to whom it was done."""
    ids = {each.by_id for each in events if each.by_id is not None}
    ids |= {int(each.about_id) for each in events if each.about in _OF_PEOPLE and each.about_id}
    rows = session.execute(select(User.id, User.name).where(is_one_of(User.id, sorted(ids))))
    return {row.id: row.name for row in rows}


def _places(changes: Iterable[Change]) -> dict[tuple[str, int], AuditEvent]:
    """Return the events that know from where changes were made, or their runs begun."""
    ids = sorted({each.origin_id for each in changes if each.origin_id is not None})
    runs = sorted({str(each.run_id) for each in changes if each.run_id is not None})
    begun = and_(AuditEvent.about == "run", is_one_of(AuditEvent.about_id, runs))
    own = session.scalars(select(AuditEvent).where(is_one_of(AuditEvent.id, ids)))
    found = {("event", each.id): each for each in own}
    started = session.scalars(select(AuditEvent).where(AuditEvent.kind == "run_begun", begun))
    return found | {("run", int(each.about_id)): each for each in started}


def _names(changes: Iterable[Change], events: Iterable[AuditEvent]) -> dict[tuple[str, int], Named]:
    """Return kind and id of records → what they are called; of events, the files that left."""
    wanted: dict[str, set[int]] = {}
    for change in changes:
        wanted.setdefault(change.object, set()).add(change.record_id)
    for event in events:
        if event.about == FILE:
            wanted.setdefault(FILE, set()).add(int(event.about_id))
    return record_names.of(wanted)
