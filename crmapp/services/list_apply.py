"""Carry out a resync: the pick list here through the one door, then Salesforce, chunk by chunk.

A worker that dies after Salesforce took a chunk leaves it to be sent again: rows are written by
their external id, so that nothing is there twice.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from crmapp import artefacts
from crmapp.config import settings
from crmapp.connectors.port import Connector, Record, RowResult
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.list_values import HERE, SYSTEMS, Tally
from crmapp.domain.managed_lists import VALUE_HIDDEN, VALUE_ID
from crmapp.domain.pick_lists import THERE
from crmapp.domain.plan import OUTCOME_OF, Planned, PlanRow
from crmapp.domain.runs import Status, ended_as, receipt
from crmapp.i18n import N_
from crmapp.models import Run
from crmapp.queue import leaving
from crmapp.services import (
    apply,
    list_stage,
    list_states,
    pace,
    remote_writes,
    remotes,
    run_exceptions,
)
from crmapp.services.engine import Claim, checkpoint, end, keep_alive, merge_counts
from crmapp.services.list_plan import TROUBLE, trouble

_NAMES = (*apply.NEEDED, "params")
SENT = 5000
"""So many rows are sent at a time, also while people use the web: no transaction waits for them."""
SIDES = {HERE: "here", THERE: "there"}


@dataclass(frozen=True)
class _Chunk:
    """Rows of one side, written together; ``until`` is the number of the last row they account for.

    ``counted`` are the rows between that nothing is written of: (object, action, tally, how many).
    """

    rows: Sequence[PlanRow]
    until: int
    counted: Sequence[tuple[Any, ...]]

    @property
    def away(self) -> bool:
        """Whether its rows are written in Salesforce."""
        return bool(self.rows) and self.rows[0].object == THERE


def advance(held: Claim) -> Claim | None:
    """Do the next chunk: rows of one side."""
    run = apply.load(held.run_id)
    if run.cancel_requested:
        _finish(held, run, cancelled=True)
        return None
    chunk = _next_chunk(_files(run), held.cursor, pace.chunk_size())
    if chunk is None:
        _finish(held, run)
        return None
    session.rollback()
    if chunk.away:
        return _send(run, held, chunk)
    started = time.monotonic()
    with unit_of_work():
        moved = _write(held, chunk)
    pace.breathe(time.monotonic() - started)
    return moved


def _files(run: Run) -> list[str]:
    return [part["name"] for part in run.artefacts]


def _next_chunk(files: Sequence[str], cursor: int, size: int) -> _Chunk | None:
    """Return what is done next: ``size`` rows at most, or :data:`SENT` if they are sent away."""
    with artefacts.read(files) as plan:
        rows, until = apply.next_rows(plan, cursor, size, _NAMES)
        if size != SENT and rows and rows[0].object == THERE:
            rows, until = apply.next_rows(plan, cursor, SENT, _NAMES)
        if until is None:
            return None
        away = bool(rows) and rows[0].object == THERE
        same = list(takewhile(lambda row: (row.object == THERE) == away, rows))
        if len(same) < len(rows):
            rows, until = same, same[-1].row_no
        counted = plan.ask(
            "SELECT object, action, json_extract_string(params, '$.tally'), count(*) FROM plan"  # noqa: S608  (our own text)
            f" WHERE {apply.COUNTED} GROUP BY ALL",
            [cursor, until],
        )
    return _Chunk(rows, until, counted)


def _write(held: Claim, chunk: _Chunk) -> Claim:
    """Write the chunk's values here."""
    checkpoint(held)
    run = session.get_one(Run, held.run_id)
    outcomes = apply.write_rows(chunk.rows, run)
    moved = _counted(held, run, chunk, [each.result for each in outcomes])
    run_exceptions.keep(held.run_id, run_exceptions.not_written(chunk.rows, outcomes))
    return moved


def _send(run: Run, held: Claim, chunk: _Chunk) -> Claim | None:
    """Write chunk after chunk in Salesforce for a time slice, and keep what it said of each row.

    While Salesforce works on a chunk, what it said of the one before is kept, and the next is read.
    """
    files, object_ = _files(run), list_stage.of(run).salesforce_object
    ends = time.monotonic() + settings().time_slice
    try:
        with (
            remotes.opened(list_stage.SALESFORCE) as connector,
            keep_alive(held),
            ThreadPoolExecutor(1) as there,
        ):
            sending = there.submit(_upserted, connector, object_, chunk.rows)
            while True:
                following = _next_chunk(files, chunk.until, SENT)
                results = sending.result()
                if following is None or not following.away or _stops(run.id, ends):
                    return _sent(held, chunk, results)
                sending = there.submit(_upserted, connector, object_, following.rows)
                held = _sent(held, chunk, results)
                chunk = following
    except TROUBLE as error:
        trouble(apply.load(held.run_id), held, error)
        return None


def _stops(run_id: int, ends: float) -> bool:
    return leaving() or time.monotonic() > ends or apply.load(run_id).cancel_requested


def _upserted(connector: Connector, object_: str, rows: Sequence[PlanRow]) -> list[RowResult]:
    return remote_writes.upserted(connector, object_, VALUE_ID, [_record(row) for row in rows])


def _sent(held: Claim, chunk: _Chunk, results: Sequence[RowResult]) -> Claim:
    """Note what Salesforce said of the chunk's rows."""
    both = list(zip(chunk.rows, results, strict=True))
    outcomes = [remote_writes.outcome(row, result) for row, result in both]
    with unit_of_work():
        checkpoint(held)
        moved = _counted(held, session.get_one(Run, held.run_id), chunk, outcomes)
        run_exceptions.keep(
            held.run_id, run_exceptions.refused(SYSTEMS[list_stage.SALESFORCE], both)
        )
    return moved


def _record(row: PlanRow) -> Record:
    label, hidden = row.fields["label"][1], row.fields["hidden"][1]
    return {VALUE_ID: row.key, list_stage.LABEL: label, VALUE_HIDDEN: hidden}


def _counted(held: Claim, run: Run, chunk: _Chunk, results: Sequence[str]) -> Claim:
    """Move on, with what became of the rows as the receipt counts them, and on each side."""
    outcomes = Counter(apply.RESULTS.get(each, each) for each in results)
    done = merge_counts(run.done, outcomes.items())
    done = merge_counts(done, [(OUTCOME_OF[Planned(row[1])], row[3]) for row in chunk.counted])
    written = [
        (row.object, Tally.REJECTED if result in ("rejected", "skipped") else row.params["tally"])
        for row, result in zip(chunk.rows, results, strict=True)
        if "tally" in row.params
    ]
    sides = Counter(f"{SIDES[object_]}.{tally}" for object_, tally in written)
    others = [(f"{SIDES[row[0]]}.{row[2]}", row[3]) for row in chunk.counted if row[2]]
    done = merge_counts(merge_counts(done, sides.items()), others)
    return checkpoint(held, cursor=chunk.until, done=done)


def _finish(held: Claim, run: Run, *, cancelled: bool = False) -> None:
    """End the run with the status that its receipt deserves; the next reading goes on from it."""
    status = ended_as(receipt(run.total or 0, run.done, run.control), cancelled=cancelled)
    error = N_("The receipt does not balance.") if status is Status.FAILED else None
    source, cursor = run.source, run.mapping.get("cursor")
    with unit_of_work():
        end(held, status, error=error)
        if status in (Status.DONE, Status.DONE_WITH_ERRORS) and source["mode"] != "push":
            values: dict[str, Any] = {"run_id": held.run_id, "synced_at": utcnow()}
            values["kept"] = list_states.still_kept(run)
            list_states.keep(source["list"], cursor=cursor or {}, **values)
