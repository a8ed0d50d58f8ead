"""What a database holds, as a digest of each of its parts: equal if the parts are.

Ids differ where a transaction was taken back, and so do moments. An id counts as its place among
those of its table, a moment not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Table, func, select

from crmapp import artefacts
from crmapp.db import session
from crmapp.models import Account, Change, ExternalIdentity, MailOutbox, Run, RunException

Places = Mapping[int | None, int]
_MOMENTS = {"created_at", "updated_at", "started_at", "finished_at", "at"}
_OF_A_RUN = ("kind", "title", "status", "cursor", "total", "counts", "done", "control", "error")
_AT_ONCE = 5000


def digests() -> dict[str, str]:
    """Return each part's name and digest, with how many rows it has."""
    session.rollback()
    accounts, changes, runs = _places(Account), _places(Change), _places(Run)
    found = {
        "accounts": _digest(_account(row, changes) for row in _rows(Account)),
        "change log": _digest(_change(row, accounts, runs) for row in _rows(Change)),
        "identities": _digest(
            sorted(_identity(row, accounts, changes) for row in _rows(ExternalIdentity))
        ),
        "exceptions": _digest(_exception(row, accounts, runs) for row in _rows(RunException)),
        "receipts": _digest(_run(row) for row in _rows(Run)),
        "plans": _digest(_plan(row) for row in _rows(Run)),
        "messages": _digest(_messages()),
    }
    session.rollback()
    return found


def _digest(rows: Iterable[Any]) -> str:
    sha256, count = hashlib.sha256(), 0
    for row in rows:
        sha256.update(orjson.dumps(row, default=str, option=orjson.OPT_SORT_KEYS) + b"\n")
        count += 1
    return f"{count} rows {sha256.hexdigest()}"


def _table(model: Any) -> Table:
    table: Table = model.__table__
    return table


def _places(model: Any) -> Places:
    """Return id → its place among the ids of the table."""
    id_ = _table(model).c.id
    ids = session.scalars(select(id_).order_by(id_))
    return {None: 0, **{each: place for place, each in enumerate(ids, 1)}}


def _rows(model: Any) -> Iterable[dict[str, Any]]:
    """Read the rows of a table in the order of their ids, a few at a time."""
    table = _table(model)
    columns = [column for column in table.c if column.name not in _MOMENTS]
    query = select(*columns).order_by(table.c.id).execution_options(yield_per=_AT_ONCE)
    return (dict(row) for row in session.execute(query).mappings())


def _account(row: dict[str, Any], changes: Places) -> dict[str, Any]:
    lineage = {name: changes[change] for name, change in row["lineage"].items()}
    return {**row, "id": None, "lineage": lineage}


def _change(row: dict[str, Any], accounts: Places, runs: Places) -> dict[str, Any]:
    links = [[*named, accounts[before], accounts[after]] for *named, before, after in row["links"]]
    record, run = accounts[row["record_id"]], runs[row["run_id"]]
    return {**row, "id": None, "record_id": record, "run_id": run, "links": links}


def _identity(row: dict[str, Any], accounts: Places, changes: Places) -> Sequence[Any]:
    named = row["system"], row["object"], row["external_id"]
    return *named, accounts[row["account_id"]], changes[row["change_id"]]


def _exception(row: dict[str, Any], accounts: Places, runs: Places) -> dict[str, Any]:
    record, run = accounts[row["record_id"]], runs[row["run_id"]]
    return {**row, "id": None, "record_id": record, "run_id": run}


def _run(row: dict[str, Any]) -> dict[str, Any]:
    held = {"held": row["lease_until"] is not None, "attempts": row["attempts"]}
    return {name: row[name] for name in _OF_A_RUN} | held


def _plan(row: dict[str, Any]) -> Sequence[Any]:
    """Return what tells the rows of a run's plan from others."""
    cells = ", ".join(f'"{name}"' for name in artefacts.COLUMNS)
    query = f"SELECT count(*), bit_xor(hash({cells})) FROM plan"  # noqa: S608  (our own names)
    with artefacts.read([part["name"] for part in row["artefacts"]]) as plan:
        return [str(cell) for cell in plan.ask(query)[0]]


def _messages() -> list[Sequence[Any]]:
    """Return how many messages of each kind there are: each end is told once."""
    query = select(MailOutbox.kind, func.count()).group_by(MailOutbox.kind)
    return [tuple(row) for row in session.execute(query.order_by(MailOutbox.kind))]
