"""Which rows of a plan come too late: the account or its record was changed since it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from crmapp.connectors.port import Connector, Record
from crmapp.db import utcnow
from crmapp.domain.changes import Reason
from crmapp.domain.field_checks import Shapes
from crmapp.domain.field_rules import Shape, Side
from crmapp.domain.field_values import as_text, canonical, is_blank
from crmapp.domain.plan import Planned, PlanRow
from crmapp.models import Run
from crmapp.services import account_sync_states, run_exceptions
from crmapp.services.account_sync_rows import object_of
from crmapp.services.frozen_values import thawed
from crmapp.services.run_exceptions import Left

_FRESH = timedelta(minutes=1)
"""So long a plan counts as just made; to read once more costs requests, and Intacct bills each."""


def is_old(run: Run) -> bool:
    """Whether a person has looked at the plan, or so much time has passed since it was begun."""
    begun = datetime.fromisoformat(run.mapping["begun_at"])
    return run.mapping["shown"] or utcnow() - begun > _FRESH


def changed_here(rows: Sequence[PlanRow]) -> set[int]:
    """Return the accounts that a person changed here since the plan was made."""
    states = account_sync_states.of(sorted(row.record_id or 0 for row in rows), "pending", "seen")
    return {
        each for each, row in states.items() if row.pending is not None and row.pending != row.seen
    }


def changed_there(
    connector: Connector, side: Side, rows: Sequence[PlanRow], shapes: Shapes
) -> set[int]:
    """Return the accounts whose record was made, deleted, or changed in a field that is written.

    What an attempt of this run that broke off left there is no change.
    """
    match = rows[0].params["match"]
    names = list(dict.fromkeys([match, *(name for row in rows for name in row.fields)]))
    keys = sorted(row.key for row in rows)
    found: dict[str, list[Record]] = {}
    for record in connector.read_some(object_of(side), names, match, keys):
        found.setdefault(_key(record[match], side), []).append(record)
    known = shapes.of(side)
    return {
        row.record_id or 0
        for row in rows
        if not _as_planned(row, found.get(_key(row.key, side), ()), known, side)
    }


def _key(value: object, side: Side) -> str:
    """Return what tells one key from another, which Salesforce does not do by case alone."""
    key = str(value).strip()
    return key.casefold() if side is Side.SALESFORCE else key


def _as_planned(
    row: PlanRow, records: Sequence[Record], shapes: Mapping[str, Shape], side: Side
) -> bool:
    if not records:
        return row.action is Planned.CREATE
    return all(
        _said(record.get(name), shapes.get(name), side) in _known(row, name, shapes.get(name), side)
        for record in records
        for name in row.fields
    )


def _known(row: PlanRow, name: str, shape: Shape | None, side: Side) -> set[str]:
    """Return what a field may say: what it said, and what it is to say."""
    before, after = (
        _said(thawed(shape.kind if shape else None, each), shape, side) for each in row.fields[name]
    )
    return {after} if row.action is Planned.CREATE else {before, after}


def _said(value: Any, shape: Shape | None, side: Side) -> str:
    if shape is None:
        return "" if is_blank(value) else as_text(value)
    return canonical(value, shape, side)


def leave(run_id: int, rows: Sequence[PlanRow]) -> None:
    """Inside a unit of work: leave rows that come too late to the next run."""
    reason = Reason.CHANGED_SINCE.value
    run_exceptions.keep(
        run_id,
        [
            Left(
                row.row_no, "skipped", reason, {"key": row.key, "object": row.object}, row.record_id
            )
            for row in rows
        ],
    )
    account_sync_states.changed_there({row.record_id or 0 for row in rows})
