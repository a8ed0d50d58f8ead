"""Write rows of a plan that change the same field of accounts, by a few statements for all.

An edit of many accounts, and what takes it back, say little that differs from row to row. What
comes of it is what the door, :mod:`crmapp.services.records`, makes of each row; this is a leaf of
it. Accounts that are not as they were planned any more are left to the door itself.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Column, ColumnElement, Integer, Text, delete, exists, insert, literal, select
from sqlalchemy.schema import Table

from crmapp import origin
from crmapp.artefacts import WIDE, PlanFile
from crmapp.db import session, utcnow
from crmapp.db.base import Json
from crmapp.db.bulk import lock_staged, ready, reserve_ids, staged, update_from
from crmapp.db.json_values import merged, with_value
from crmapp.db.session import json_text
from crmapp.domain.derived import SEARCHED
from crmapp.domain.fields import is_custom, thawers
from crmapp.domain.plan import Planned, PlanRow
from crmapp.models import Account, Change, Run
from crmapp.services import account_sync_states, fields, pace
from crmapp.services.planning import WRITES
from crmapp.services.records import NUMBERED, table_of

GIVEN: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "bulk": lambda source: str(source["edit"]["field"]),
    "handover": lambda _source: "owner_id",
}
"""The field that runs of a kind change, by their source; it is the same one in all accounts."""
TIMES = 4
"""So many times as many such rows as others are written at a time, which takes twice as long."""
_PLAIN = (
    f"object = 'account' AND action = '{Planned.UPDATE}' AND version IS NOT NULL"
    " AND NOT link AND links = '[]' AND also = '[]' AND numbers = '{}'"
)
_WRITTEN = f"row_no > ? AND row_no <= ? AND {WRITES}"
_SURVEY = f"""
    SELECT max(row_no), sum(strlen(fields)), bool_and(coalesce({_PLAIN}, false))
        AND (bool_and(key = '') OR bool_and(key <> ''))
    FROM plan WHERE {_WRITTEN}
"""  # noqa: S608  (our own constants)
_CHUNK = f"SELECT row_no, record_id, version, key, fields FROM plan WHERE {_WRITTEN}"  # noqa: S608  (our own constants)
_ACCOUNT, _CHANGE = table_of(Account), table_of(Change)


@dataclass(frozen=True)
class Alike:
    """Rows of a plan: number, account, its version, key in the source, text of what changes.

    All have a key or none. ``told`` has of each text [before, after] of the field ``name``;
    ``until`` is the number of the last row.
    """

    rows: Sequence[tuple[int, int, int, str, str]]
    told: Mapping[str, Sequence[Any]]
    name: str
    until: int


def upcoming(plan: PlanFile, run: Run, cursor: int) -> Alike | None:
    """Return the next rows to write, if all of them are alike and may be written so."""
    name = _given_by(run)
    if not _may_be_written(name):
        return None
    span = [cursor, cursor + TIMES * pace.chunk_size()]
    ((last, width, plain),) = plan.ask(_SURVEY, span)
    if not plain or width > WIDE:
        return None
    rows = plan.ask(_CHUNK, span)
    said = {text: orjson.loads(text) for text in {row[4] for row in rows}}
    if any([*each] != [name] or operator.eq(*each[name]) for each in said.values()):
        return None
    return Alike(sorted(rows), {text: each[name] for text, each in said.items()}, name, last)


def _given_by(run: Run) -> str:
    """Return the field that the run changes, or the one that it takes back; if one, the same."""
    while run.undoes_id is not None:
        run = session.get_one(Run, run.undoes_id)
    return GIVEN[run.kind](run.source) if run.kind in GIVEN else ""


def _may_be_written(name: str) -> bool:
    """Say whether nothing but itself follows from the field."""
    others = {*SEARCHED["account"], *fields.searched("account"), *NUMBERED}
    return name not in others and (is_custom(name) or name in _ACCOUNT.c)


def write(alike: Alike, run: Run) -> list[PlanRow]:
    """Inside a unit of work: write the rows; return those that are left to the door."""
    at, source = utcnow(), origin.told(run.source.get("origin", {}))
    given, ids = _given(alike), reserve_ids(_CHANGE, len(alike.rows))
    rows = [
        (id_, version, change, key, text, given[text])
        for (_row_no, id_, version, key, text), change in zip(alike.rows, ids, strict=True)
    ]
    with staged(_columns(alike.name), rows) as held:
        left = _take_out(held)
        _log(held, {"run_id": run.id, "source": source, "at": at}, keyed=bool(rows[0][3]))
        _change(held, alike.name, at)
    changes = ({"record_id": r[0], "id": r[2], "source": source} for r in rows if r[0] not in left)
    account_sync_states.changed_here(changes, at)
    session.expire_all()
    return _rows(alike, left)


def _columns(name: str) -> list[Column[Any]]:
    return [
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("version", Integer),
        Column("change_id", Integer),
        Column("key", Text),
        Column("fields", Json),
        Column("given", _ACCOUNT.c["custom" if is_custom(name) else name].type),
    ]


def _rows(alike: Alike, which: AbstractSet[int]) -> list[PlanRow]:
    """Return the rows of these accounts as the door takes them."""
    return [
        PlanRow(
            row_no,
            Planned.UPDATE,
            "account",
            id_,
            version,
            key,
            fields={alike.name: alike.told[text]},
        )
        for row_no, id_, version, key, text in alike.rows
        if id_ in which
    ]


def _given(alike: Alike) -> dict[str, Any]:
    """Return text → what it gives its account's column, for the driver."""
    name, after = alike.name, {text: each[1] for text, each in alike.told.items()}
    if is_custom(name):
        return {text: json_text({name: value}) for text, value in after.items()}
    thaw, make = thawers(fields.every("account")).get(name), ready(_ACCOUNT.c[name].type)
    thawed = {text: thaw(v) if thaw and v is not None else v for text, v in after.items()}
    return {text: None if value is None else make(value) for text, value in thawed.items()}


def _take_out(held: Table) -> set[int]:
    """Take out the accounts that are not as they were planned any more, and return their ids."""
    lock_staged(_ACCOUNT, held)
    as_planned = exists().where(
        _ACCOUNT.c.id == held.c.id,
        _ACCOUNT.c.version == held.c.version,
        _ACCOUNT.c.deleted_at.is_(None),
    )
    return set(session.scalars(delete(held).where(~as_planned).returning(held.c.id)))


def _log(held: Table, same: Mapping[str, Any], *, keyed: bool) -> None:
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
    if keyed:
        values["source"] = with_value(values["source"], "key", held.c.key)
    session.execute(insert(_CHANGE).from_select(list(values), select(*values.values())))


def _change(held: Table, name: str, at: datetime) -> None:
    lineage = with_value(_ACCOUNT.c.lineage, name, held.c.change_id)
    own = is_custom(name)
    given = {"custom": merged(_ACCOUNT.c.custom, held.c.given)} if own else {name: held.c.given}
    same = {"version": _ACCOUNT.c.version + 1, "updated_at": at}
    update_from(_ACCOUNT, held, {**given, "lineage": lineage}, same)
