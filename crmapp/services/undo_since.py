"""What became of what an undo takes back: the log, read only where something came after it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter

from sqlalchemy import select

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.changes import Link
from crmapp.domain.undo import LIFE, LIVES, Logged, Made, Present
from crmapp.models import Change
from crmapp.services.ledger import Holder, Key

_CHANGE = Change.__table__.c
Record = tuple[str, int]


def read(
    changes: Sequence[Made],
    links: Mapping[int, Sequence[Link]],
    now: Mapping[Record, Present],
    held: Mapping[Key, Holder],
) -> dict[int, list[Logged]]:
    """Return change → the log of its record, in order, if what it wrote has another last change.

    ``links`` are those of each change; ``now`` are the changed records, ``held`` the ledger.
    """
    last: dict[int, set[int]] = {}
    for change in changes:
        found = now.get((change.object, change.record_id))
        keys = [held[link.key].change or 0 for link in links[change.id] if link.key in held]
        names = [found.last(name) for name in written(change)] if found else []
        last[change.id] = {id_ for id_ in (*keys, *names) if id_ > change.id}
    records = _records({id_ for each in last.values() for id_ in each})
    passed = [change for change in changes if last[change.id]]
    about = {
        change.id: {(change.object, change.record_id)}
        | {records[id_] for id_ in last[change.id] if id_ in records}
        for change in passed
    }
    logs = _logs({record for these in about.values() for record in these})
    return {
        change_id: sorted((each for record in these for each in logs[record]), key=attrgetter("id"))
        for change_id, these in about.items()
    }


def written(change: Made) -> list[str]:
    """Return the fields that a change wrote and an undo may give back, and whether it is there."""
    fields = [] if change.action == "created" else [*change.fields]
    return [*fields, LIFE] if change.action in LIVES else fields


def _records(ids: set[int]) -> dict[int, Record]:
    """Return change → the record that it is about."""
    if not ids:
        return {}
    query = select(_CHANGE.id, _CHANGE.object, _CHANGE.record_id)
    rows = session.execute(query.where(is_one_of(_CHANGE.id, sorted(ids))))
    return {row.id: (row.object, row.record_id) for row in rows}


def _logs(about: Collection[Record]) -> dict[Record, list[Logged]]:
    """Return record → all its changes."""
    found: dict[Record, list[Logged]] = {each: [] for each in about}
    for object_ in dict.fromkeys(object_ for object_, _id in found):
        ids = [record_id for each, record_id in found if each == object_]
        columns = (_CHANGE.id, _CHANGE.record_id, _CHANGE.action, _CHANGE.fields, _CHANGE.links)
        query = select(*columns, _CHANGE.source).where(
            _CHANGE.object == object_, is_one_of(_CHANGE.record_id, ids)
        )
        for row in session.execute(query):
            undoes = int(row.source.get("key", 0)) if row.source.get("kind") == "undo" else None
            record, life = (object_, row.record_id), [LIFE] if row.action in LIVES else []
            names = {(*record, name) for name in (*row.fields, *life)}
            places = names | {Link(*each).key for each in row.links}
            found[record].append(Logged(row.id, undoes, places))
    return found
