"""Rows of runs that were left out, kept one by one with their reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, select

from crmapp.connectors.port import RowResult
from crmapp.db import session
from crmapp.db.bulk import insert_rows, is_one_of, reserve_ids
from crmapp.domain.changes import Outcome, Reason
from crmapp.domain.plan import PlanRow
from crmapp.models import Account, RunException
from crmapp.services.records import table_of


class Left(NamedTuple):
    """A row that was left out; ``params`` are what the sentence of its reason names."""

    row_no: int
    outcome: str
    reason: str
    params: Mapping[str, Any]
    record_id: int | None


def keep(run_id: int, left: Sequence[Left]) -> None:
    """Inside a unit of work: keep the rows of a run that were left out."""
    if not left:
        return
    table = table_of(RunException)
    ids = reserve_ids(table, len(left))
    insert_rows(
        table,
        [
            {"id": id_, "run_id": run_id, **row._asdict()}
            for id_, row in zip(ids, left, strict=True)
        ],
    )


def left_for(run_id: int, reason: Reason, most: int) -> list[int]:
    """Return the first rows of a run that were left out for a reason, by number."""
    query = select(RunException.row_no).where(
        RunException.run_id == run_id, RunException.reason == reason.value
    )
    return list(session.scalars(query.order_by(RunException.row_no).limit(most)))


def forget(run_id: int, row_nos: Sequence[int]) -> None:
    """Inside a unit of work: forget that rows were left out, because they are tried once more."""
    table = table_of(RunException)
    chosen = is_one_of(table.c.row_no, row_nos)
    session.execute(delete(table).where(table.c.run_id == run_id, chosen))


def not_written(rows: Sequence[PlanRow], outcomes: Sequence[Outcome]) -> list[Left]:
    """Return the rows that could not be written here."""
    held = _held_numbers(outcomes)
    return [
        Left(
            row.row_no,
            each.result,
            each.reason.value,
            {
                "number": each.write.values.get("number") or held.get(each.record_id),
                "key": row.key,
                "object": row.object,
            },
            each.record_id,
        )
        for row, each in zip(rows, outcomes, strict=True)
        if each.reason
    ]


def _held_numbers(outcomes: Sequence[Outcome]) -> dict[int | None, str | None]:
    """Return the numbers of accounts that cannot come back with theirs, by id."""
    taken = [
        each.record_id
        for each in outcomes
        if each.reason is Reason.NUMBER_TAKEN
        and each.record_id is not None
        and not each.write.values.get("number")
    ]
    if not taken:
        return {}
    query = select(Account.id, Account.number).where(is_one_of(Account.id, taken))
    return {row.id: row.number for row in session.execute(query)}


def refused(system: str, both: Iterable[tuple[PlanRow, RowResult]]) -> list[Left]:
    """Return the rows that a system refused, with its own words."""
    return [
        Left(
            row.row_no,
            "rejected",
            Reason.REFUSED_THERE.value,
            {
                "system": system,
                "said": result.error.remote or str(result.error.message),
                "code": result.error.code,
                "key": row.key,
            },
            row.record_id,
        )
        for row, result in both
        if result.error
    ]
