"""Write rows of a plan that change the same fields of accounts, by a few statements for all.

An edit of many accounts, and what takes it back, say little that differs from row to row. What
comes of it is what the door, :mod:`crmapp.services.records`, makes of each row; this is a leaf of
it. Accounts that are not as they were planned any more are left to the door itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Column, ColumnElement, Integer, delete, exists, insert, literal, select
from sqlalchemy.schema import Table

from crmapp import origin
from crmapp.artefacts import WIDE, PlanFile
from crmapp.db import session, utcnow
from crmapp.db.base import Json
from crmapp.db.bulk import lock_staged, ready, reserve_ids, staged, update_from
from crmapp.db.json_values import merged, with_number
from crmapp.domain.derived import SEARCHED
from crmapp.domain.fields import is_custom, thawers
from crmapp.domain.plan import WRITTEN, Planned, PlanRow
from crmapp.models import Account, Change, Run
from crmapp.services import account_sync_states, fields, pace
from crmapp.services.records import NUMBERED, table_of

KINDS = frozenset({"bulk", "handover"})
"""Kinds of runs that do the same to many accounts."""
TIMES = 4
"""So many times as many such rows as others are written in the time that those take."""
_WRITTEN = "row_no > ? AND (action IN ({}) OR link)".format(
    ", ".join(f"'{action}'" for action in WRITTEN)
)
_PLAIN = (
    f"object = 'account' AND action = '{Planned.UPDATE}' AND version IS NOT NULL AND key = ''"
    " AND NOT link AND links = '[]' AND also = '[]' AND numbers = '{}'"
)
_SURVEY = f"""
    SELECT max(row_no), sum(strlen(fields)), bool_and(coalesce(plain, false))
    FROM (SELECT row_no, fields, {_PLAIN} AS plain FROM plan
          WHERE {_WRITTEN} ORDER BY row_no LIMIT ?)
"""  # noqa: S608  (our own constants)
_CHUNK = f"""
    SELECT row_no, record_id, version, fields FROM plan WHERE {_WRITTEN} AND row_no <= ?
"""  # noqa: S608  (our own constants)
_ACCOUNT, _CHANGE = table_of(Account), table_of(Change)


@dataclass(frozen=True)
class Alike:
    """Rows of a plan: number, account, its version, and what changes, as the plan's text has it.

    ``told`` has each of these texts: field → [before, after]; ``names`` are the fields,
    ``until`` is the number of the last row.
    """

    rows: Sequence[tuple[int, int, int, str]]
    told: Mapping[str, Mapping[str, Sequence[Any]]]
    names: Sequence[str]
    until: int


def upcoming(plan: PlanFile, run: Run, cursor: int) -> Alike | None:
    """Return the next rows to write, if all of them are alike and may be written so."""
    if not _does_the_same(run):
        return None
    size = TIMES * pace.chunk_size()
    ((last, width, plain),) = plan.ask(_SURVEY, [cursor, size])
    if not plain or width > WIDE:
        return None
    rows = plan.ask(_CHUNK, [cursor, last])
    told = {text: orjson.loads(text) for text in {row[3] for row in rows}}
    names, *others = {tuple(each) for each in told.values()}
    if others or not _may_be_written(names) or not all(map(_differs, told.values())):
        return None
    return Alike(sorted(rows), told, names, last)


def _does_the_same(run: Run) -> bool:
    while run.undoes_id is not None:
        run = session.get_one(Run, run.undoes_id)
    return run.kind in KINDS


def _may_be_written(names: Sequence[str]) -> bool:
    """Say whether nothing but themselves follows from these fields."""
    others = {*SEARCHED["account"], *fields.searched("account"), *NUMBERED}
    return others.isdisjoint(names) and all(is_custom(n) or n in _ACCOUNT.c for n in names)


def _differs(changed: Mapping[str, Sequence[Any]]) -> bool:
    return all(before != after for before, after in changed.values())


def write(alike: Alike, run: Run) -> list[PlanRow]:
    """Inside a unit of work: write the rows; return those that are left to the door."""
    if not _may_be_written(alike.names):  # any more
        return _rows(alike, {row[1] for row in alike.rows})
    at, source = utcnow(), origin.told(run.source.get("origin", {}))
    own = [name for name in alike.names if not is_custom(name)]
    columns: list[Column[Any]] = [
        Column("id", Integer, primary_key=True, autoincrement=False),
        *(Column("version", Integer), Column("change_id", Integer), Column("fields", Json)),
        *(Column(f"to_{name}", _ACCOUNT.c[name].type) for name in own),
        Column("to_custom", Json),
    ]
    given, ids = _given(alike, own), reserve_ids(_CHANGE, len(alike.rows))
    rows = [
        (id_, version, change, text, *given[text])
        for (_row_no, id_, version, text), change in zip(alike.rows, ids, strict=True)
    ]
    with staged(columns, rows) as held:
        left = _take_out(held)
        _log(held, {"run_id": run.id, "source": source, "at": at})
        _change(held, alike.names, own, at)
    changes = ({"record_id": r[0], "id": r[2], "source": source} for r in rows if r[0] not in left)
    account_sync_states.changed_here(changes, at)
    session.expire_all()
    return _rows(alike, left)


def _rows(alike: Alike, which: AbstractSet[int]) -> list[PlanRow]:
    """Return the rows of these accounts as the door takes them."""
    return [
        PlanRow(row_no, Planned.UPDATE, record_id=id_, version=version, fields=alike.told[text])
        for row_no, id_, version, text in alike.rows
        if id_ in which
    ]


def _given(alike: Alike, own: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Return text → what it gives the columns ``own`` and the custom fields, for the driver."""
    thaw, custom = thawers(fields.every("account")), ready(Json)
    make = {name: ready(_ACCOUNT.c[name].type) for name in own}
    given = {}
    for text, changed in alike.told.items():
        after = {name: value for name, (_before, value) in changed.items()}
        mine = {n: after.pop(n) for n in own}
        values = [v if v is None or n not in thaw else thaw[n](v) for n, v in mine.items()]
        made = [None if v is None else make[n](v) for n, v in zip(own, values, strict=True)]
        given[text] = (*made, custom(after))
    return given


def _take_out(held: Table) -> set[int]:
    """Take out the accounts that are not as they were planned any more, and return their ids."""
    lock_staged(_ACCOUNT, held)
    as_planned = exists().where(
        _ACCOUNT.c.id == held.c.id,
        _ACCOUNT.c.version == held.c.version,
        _ACCOUNT.c.deleted_at.is_(None),
    )
    return set(session.scalars(delete(held).where(~as_planned).returning(held.c.id)))


def _log(held: Table, same: Mapping[str, Any]) -> None:
    """Keep the changes of the accounts that are staged; ``same`` is what is said of all."""
    said = {"object": "account", "action": "updated", "links": [], **same}
    said |= {"by_id": None, "origin_id": None}
    values: dict[str, ColumnElement[Any]] = {
        **{name: literal(value, _CHANGE.c[name].type) for name, value in said.items()},
        "id": held.c.change_id,
        "record_id": held.c.id,
        "fields": held.c.fields,
        "version": held.c.version + 1,
    }
    session.execute(insert(_CHANGE).from_select(list(values), select(*values.values())))


def _change(held: Table, names: Sequence[str], own: Sequence[str], at: datetime) -> None:
    values: dict[str, ColumnElement[Any]] = {name: held.c[f"to_{name}"] for name in own}
    values["lineage"] = with_number(_ACCOUNT.c.lineage, names, held.c.change_id)
    if len(own) < len(names):
        values["custom"] = merged(_ACCOUNT.c.custom, held.c.to_custom)
    update_from(_ACCOUNT, held, values, {"version": _ACCOUNT.c.version + 1, "updated_at": at})
