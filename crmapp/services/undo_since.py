"""What came after the changes that an undo takes back, read only where something did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.changes import Link
from crmapp.domain.undo import Later, Made, Present
from crmapp.models import Change
from crmapp.services.ledger import Holder, Key

_CHANGE = Change.__table__.c
Record = tuple[str, int]


def read(
    changes: Sequence[Made],
    links: Mapping[int, Sequence[Link]],
    now: Mapping[Record, Present],
    held: Mapping[Key, Holder],
) -> dict[int, list[Later]]:
    """Return change → what was changed later, in order, if what it wrote has another last change.

    ``links`` are those of each change; ``now`` are the changed records, ``held`` the ledger.
    """
    last: dict[int, set[int]] = {}
    for change in changes:
        found = now.get((change.object, change.record_id))
        keys = [held[link.key].change or 0 for link in links[change.id] if link.key in held]
        fields = change.fields if found and change.action == "updated" else ()
        names = [found.lineage.get(name, 0) for name in fields] if found else []
        last[change.id] = {id_ for id_ in (*keys, *names) if id_ > change.id}
    records = _records({id_ for each in last.values() for id_ in each})
    passed = [change for change in changes if last[change.id]]
    about = {
        change.id: {(change.object, change.record_id)}
        | {records[id_] for id_ in last[change.id] if id_ in records}
        for change in passed
    }
    later = _later(about)
    return {
        change_id: sorted(
            (each for record in these for each in later[record] if each.id > change_id),
            key=lambda each: each.id,
        )
        for change_id, these in about.items()
    }


def _records(ids: set[int]) -> dict[int, Record]:
    """Return change → the record that it is about."""
    if not ids:
        return {}
    query = select(_CHANGE.id, _CHANGE.object, _CHANGE.record_id)
    rows = session.execute(query.where(is_one_of(_CHANGE.id, sorted(ids))))
    return {row.id: (row.object, row.record_id) for row in rows}


def _later(about: Mapping[int, set[Record]]) -> dict[Record, list[Later]]:
    """Return record → its changes after the first of the changes in ``about``."""
    found: dict[Record, list[Later]] = {each: [] for these in about.values() for each in these}
    for object_ in dict.fromkeys(object_ for object_, _id in found):
        ids = [record_id for each, record_id in found if each == object_]
        columns = (_CHANGE.id, _CHANGE.record_id, _CHANGE.fields, _CHANGE.links, _CHANGE.source)
        query = select(*columns).where(
            _CHANGE.object == object_,
            is_one_of(_CHANGE.record_id, ids),
            _CHANGE.id > min(about),
        )
        for row in session.execute(query):
            undoes = int(row.source.get("key", 0)) if row.source.get("kind") == "undo" else None
            record = (object_, row.record_id)
            names = {(*record, name) for name in row.fields}
            places = names | {Link(*each).key for each in row.links}
            found[record].append(Later(row.id, undoes, places))
    return found
