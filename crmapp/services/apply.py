"""Carry out a plan, chunk by chunk: the one road by which planned rows become records."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import select

from crmapp import artefacts
from crmapp.artefacts import PlanFile
from crmapp.db import session, unit_of_work
from crmapp.db.bulk import insert_rows, is_one_of, reserve_ids
from crmapp.domain.changes import Outcome, Reason
from crmapp.domain.fields import thawers
from crmapp.domain.plan import OUTCOME_OF, WRITTEN, Planned, PlanRow, to_write
from crmapp.domain.record_keys import ACCOUNT
from crmapp.domain.runs import Status, ended_as, receipt
from crmapp.errors import NotFound
from crmapp.i18n import N_
from crmapp.models import Account, Run, RunException
from crmapp.services import attached_writes, fields, pace, records
from crmapp.services.engine import Claim, checkpoint, end, merge_counts

WRITES = "(action IN ({}) OR link)".format(", ".join(f"'{action}'" for action in WRITTEN))
COUNTED = f"row_no > ? AND row_no <= ? AND NOT {WRITES}"
NEEDED = (
    *("row_no", "action", "object", "record_id", "version", "key"),
    *("fields", "numbers", "link", "links", "also"),
)
RESULTS = {"deleted": "updated", "restored": "updated"}


def advance(held: Claim) -> Claim | None:
    """Do the next chunk of a running run."""
    run = load(held.run_id)
    with artefacts.read([part["name"] for part in run.artefacts]) as plan:
        if run.cancel_requested:
            _finish(held, run, cancelled=True)
            return None
        rows, until = next_rows(plan, held.cursor, pace.chunk_size())
        if until is None:
            _finish(held, run)
            return None
        counted = plan.ask(
            f"SELECT action, count(*) FROM plan WHERE {COUNTED} GROUP BY action",  # noqa: S608  (our own constant)
            [held.cursor, until],
        )
        left = _numbers(plan, held.cursor, until) if run.control else {}
    started = time.monotonic()
    with unit_of_work():
        moved = _write_chunk(held, rows, until, counted, left)
    pace.breathe(time.monotonic() - started)
    return moved


def load(run_id: int) -> Run:
    """Read the run as it is now.

    Raises:
        NotFound: it is gone.
    """
    session.rollback()
    run = session.get(Run, run_id)
    if run is None:
        raise NotFound
    return run


def next_rows(
    plan: PlanFile, cursor: int, size: int, names: Sequence[str] = NEEDED
) -> tuple[list[PlanRow], int | None]:
    """Return the next rows to write and the row number up to which the chunk goes.

    They are ``size`` at most, fewer if they are wide; ``names`` are the columns that are read.
    ``None`` instead of a number says that nothing is left.
    """
    found, more = plan.columns(f"row_no > ? AND {WRITES}", [cursor], size, names)
    rows = PlanRow.from_columns(found)
    if more:
        return rows, rows[-1].row_no
    ((last,),) = plan.ask("SELECT max(row_no) FROM plan WHERE row_no > ?", [cursor])
    return rows, last


def _write_chunk(
    held: Claim,
    rows: Sequence[PlanRow],
    until: int,
    counted: Sequence[tuple[Any, ...]],
    left: Mapping[str, Decimal],
) -> Claim:
    checkpoint(held)
    run = session.get_one(Run, held.run_id)
    done, control = run.done, run.control
    linked = "unchanged" if run.undoes_id is None else "updated"
    outcomes = write_rows(rows, run)
    names = {**RESULTS, "linked": linked}
    results = Counter([names.get(each.result, each.result) for each in outcomes])
    others = [(OUTCOME_OF[Planned(action)], count) for action, count in counted]
    moved = checkpoint(
        held,
        cursor=until,
        done=merge_counts(merge_counts(done, results.items()), others),
        control=_add_up(control, rows, outcomes, left),
    )
    insert_rows(RunException.__table__, exceptions(held.run_id, rows, outcomes))  # type: ignore[arg-type]  # a Table
    return moved


def write_rows(rows: Sequence[PlanRow], run: Run) -> list[Outcome]:
    """Write the rows kind by kind of record; in a plan those of one kind stand together."""
    identity = tuple(run.source["identity"]) if run.source.get("identity") else None
    origin = run.source.get("origin", {})
    outcomes: list[Outcome] = []
    for object_, same in groupby(rows, key=attrgetter("object")):
        readers = thawers(fields.every(object_))
        writes = [to_write(row, readers, identity, origin) for row in same]
        if any(ACCOUNT in each.values for each in writes):
            outcomes += attached_writes.write(object_, writes, run=run)
        else:
            outcomes += records.write(records.MODELS[object_], writes, run=run)
    return outcomes


def exceptions(
    run_id: int, rows: Sequence[PlanRow], outcomes: Sequence[Outcome]
) -> list[dict[str, Any]]:
    both = zip(rows, outcomes, strict=True)
    left = [(row, each, each.reason.value) for row, each in both if each.reason]
    ids = reserve_ids(RunException.__table__, len(left)) if left else []  # type: ignore[arg-type]  # a Table
    held = _held_numbers(outcomes)
    return [
        {
            "id": id_,
            "run_id": run_id,
            "row_no": row.row_no,
            "outcome": outcome.result,
            "reason": reason,
            "params": {
                "number": outcome.write.values.get("number") or held.get(outcome.record_id),
                "key": row.key,
                "object": row.object,
            },
            "record_id": outcome.record_id,
        }
        for id_, (row, outcome, reason) in zip(ids, left, strict=True)
    ]


def _held_numbers(outcomes: Sequence[Outcome]) -> dict[int | None, str | None]:
    """Return the numbers of accounts that cannot come back with theirs, by id."""
    taken = [each.record_id for each in outcomes if each.reason is Reason.NUMBER_TAKEN]
    if not taken:
        return {}
    query = select(Account.id, Account.number).where(is_one_of(Account.id, taken))
    return {row.id: row.number for row in session.execute(query)}


def _numbers(plan: PlanFile, after: int, until: int) -> dict[str, Decimal]:
    """Add up the mapped amounts of the chunk's rows that are not written, by field."""
    found = plan.ask(
        f"SELECT numbers, action FROM plan WHERE {COUNTED} AND numbers <> '{{}}'",  # noqa: S608  (our own constant)
        [after, until],
    )
    totals: dict[str, Decimal] = {}
    for text, action in found:
        side = "written" if action == Planned.UNCHANGED else "left_out"
        for name, number in json.loads(text).items():
            key = f"{name}:{side}"
            totals[key] = totals.get(key, Decimal(0)) + Decimal(number)
    return totals


def _add_up(
    control: Mapping[str, Mapping[str, str]],
    rows: Sequence[PlanRow],
    outcomes: Sequence[Outcome],
    left: Mapping[str, Decimal],
) -> dict[str, dict[str, str]]:
    totals = {
        f"{name}:{side}": Decimal(total.get(side, "0")) + left.get(f"{name}:{side}", Decimal(0))
        for name, total in control.items()
        for side in ("written", "left_out")
    }
    for row, outcome in zip(rows, outcomes, strict=True):
        side = "left_out" if outcome.reason else "written"
        for name, number in row.numbers.items():
            totals[f"{name}:{side}"] += Decimal(number)
    return {
        name: {
            "planned": total["planned"],
            "written": str(totals[f"{name}:written"]),
            "left_out": str(totals[f"{name}:left_out"]),
        }
        for name, total in control.items()
    }


def _finish(held: Claim, run: Run, *, cancelled: bool = False) -> None:
    """End the run with the status that its receipt deserves."""
    result = receipt(run.total or 0, run.done, run.control)
    status = ended_as(result, cancelled=cancelled)
    error = N_("The receipt does not balance.") if status is Status.FAILED else None
    said = {} if cancelled else {"error": error}  # who cancelled it may have said why
    took_back = bool(result.outcomes["updated"]) and not cancelled
    undone = run.undoes_id if took_back else None
    with unit_of_work():
        end(held, status, **said)
        if undone is not None:
            _mark_undone(undone, held.run_id)


def _mark_undone(run_id: int, by_id: int) -> None:
    """The run says who undid it; if it was an undo itself, what it undid stands again."""
    run = session.get_one(Run, run_id)
    run.status, run.undone_by_id = Status.UNDONE.value, by_id
    if run.undoes_id is not None:
        _stands_again(run.undoes_id)


def _stands_again(run_id: int) -> None:
    """The run says how it ended; if it was an undo itself, what it undid is undone again."""
    run = session.get_one(Run, run_id)
    result = receipt(run.total or 0, run.done, run.control)
    run.status = ended_as(result, cancelled=run.cancel_requested).value
    run.undone_by_id = None
    if run.undoes_id is not None:
        _mark_undone(run.undoes_id, run_id)
