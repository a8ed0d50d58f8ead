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

from crmapp import artefacts
from crmapp.artefacts import PlanFile
from crmapp.db import session, unit_of_work
from crmapp.domain.changes import Outcome, Reason
from crmapp.domain.fields import thawers
from crmapp.domain.plan import OUTCOME_OF, Planned, PlanRow, control_totals, to_write
from crmapp.domain.record_keys import ACCOUNT
from crmapp.domain.runs import Status, ended_as, receipt
from crmapp.errors import NotFound
from crmapp.i18n import N_
from crmapp.models import Run
from crmapp.services import alike_rows, attached_writes, fields, pace, records, run_exceptions
from crmapp.services.alike_rows import Alike
from crmapp.services.engine import Claim, checkpoint, end, merge_counts
from crmapp.services.planning import WRITES

COUNTED = f"row_no > ? AND row_no <= ? AND NOT {WRITES}"
NEEDED = (
    *("row_no", "action", "object", "record_id", "version", "key"),
    *("fields", "numbers", "link", "links", "also"),
)
AGAIN = 5000
"""So many rows are tried once more when a run ends: together, so that numbers may go round."""
RESULTS = {"deleted": "updated", "restored": "updated"}


def advance(held: Claim) -> Claim | None:
    """Do the next chunk of a running run."""
    run = load(held.run_id)
    with artefacts.read([part["name"] for part in run.artefacts]) as plan:
        if run.cancel_requested:
            _finish(held, cancelled=True)
            return None
        chunk, until = _next(plan, run, held.cursor)
        if until is None:
            _finish(held, _left_for_a_number(plan, run))
            return None
        counted = plan.ask(
            f"SELECT action, count(*) FROM plan WHERE {COUNTED} GROUP BY action",  # noqa: S608  (our own constant)
            [held.cursor, until],
        )
        left = _numbers(plan, held.cursor, until) if run.control else {}
    started = time.monotonic()
    with unit_of_work():
        moved = _write_chunk(held, chunk, until, counted, left)
    pace.breathe(time.monotonic() - started)
    return moved


def _next(plan: PlanFile, run: Run, cursor: int) -> tuple[Sequence[PlanRow] | Alike, int | None]:
    """Return the next rows to write and up to where they go, as :func:`next_rows` does."""
    alike = alike_rows.upcoming(plan, run, cursor)
    return next_rows(plan, cursor, pace.chunk_size()) if alike is None else (alike, alike.until)


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
    chunk: Sequence[PlanRow] | Alike,
    until: int,
    counted: Sequence[tuple[Any, ...]],
    left: Mapping[str, Decimal],
) -> Claim:
    checkpoint(held)
    run = session.get_one(Run, held.run_id)
    done, control = run.done, run.control
    rows = alike_rows.write(chunk, run) if isinstance(chunk, Alike) else chunk
    outcomes = write_rows(rows, run)
    results = _counted(outcomes, run)
    if isinstance(chunk, Alike):
        results += Counter(updated=len(chunk.rows) - len(rows))
    others = [(OUTCOME_OF[Planned(action)], count) for action, count in counted]
    moved = checkpoint(
        held,
        cursor=until,
        done=merge_counts(merge_counts(done, results.items()), others),
        control=_add_up(control, rows, outcomes, left),
    )
    run_exceptions.keep(held.run_id, run_exceptions.not_written(rows, outcomes))
    return moved


def _counted(outcomes: Sequence[Outcome], run: Run) -> Counter[str]:
    linked = "unchanged" if run.undoes_id is None else "updated"
    names = {**RESULTS, "linked": linked}
    return Counter([names.get(each.result, each.result) for each in outcomes])


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


def _left_for_a_number(plan: PlanFile, run: Run) -> list[PlanRow]:
    """Return the rows that could not be written because another account had their number.

    That one may have left it in a chunk behind theirs. They are as many as are written at once.
    """
    row_nos = run_exceptions.left_for(run.id, Reason.NUMBER_TAKEN, AGAIN)
    if not row_nos:
        return []
    found, _more = plan.columns("list_contains(?, row_no)", [row_nos], AGAIN, NEEDED)
    return PlanRow.from_columns(found)


def _finish(held: Claim, again: Sequence[PlanRow] = (), *, cancelled: bool = False) -> None:
    """End the run with the status that its receipt deserves, once the rows ``again`` are tried."""
    with unit_of_work():
        checkpoint(held)
        run = session.get_one(Run, held.run_id)
        reached = _write_again(again, run) if again else {}
        done, control = reached.get("done", run.done), reached.get("control", run.control)
        result = receipt(run.total or 0, done, control)
        status = ended_as(result, cancelled=cancelled)
        error = N_("The receipt does not balance.") if status is Status.FAILED else None
        said = {} if cancelled else {"error": error}  # who cancelled it may have said why
        took_back = bool(result.outcomes["updated"]) and not cancelled
        undone = run.undoes_id if took_back else None
        end(held, status, **said, **reached)
        if undone is not None:
            _mark_undone(undone, held.run_id)


def _write_again(rows: Sequence[PlanRow], run: Run) -> dict[str, Any]:
    """Write rows together that were left out; return what the run's counts and totals are then."""
    done, control = run.done, run.control
    run_exceptions.forget(run.id, [row.row_no for row in rows])
    outcomes = write_rows(rows, run)
    run_exceptions.keep(run.id, run_exceptions.not_written(rows, outcomes))
    before = {f"{name}:left_out": -total for name, total in control_totals(rows).items()}
    counts = merge_counts(
        {**done, "skipped": done["skipped"] - len(rows)}, _counted(outcomes, run).items()
    )
    return {
        "done": {name: count for name, count in counts.items() if count},
        "control": _add_up(control, rows, outcomes, before),
    }


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
