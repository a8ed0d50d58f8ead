"""Carry out a sync of accounts: the accounts here through the one door, then either system.

A worker that dies after a system took a chunk leaves it to be sent again: records are written by
their key, so that nothing is there twice.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from crmapp import artefacts
from crmapp.connectors.port import RowResult
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.changes import Action, Write
from crmapp.domain.field_rules import Side
from crmapp.domain.plan import OUTCOME_OF, Planned, PlanRow
from crmapp.domain.runs import Status, ended_as, receipt
from crmapp.i18n import N_
from crmapp.models import Account, Run
from crmapp.services import (
    account_sync_late,
    account_sync_states,
    apply,
    field_maps,
    pace,
    records,
    remote_writes,
    run_exceptions,
    sync_options,
)
from crmapp.services.account_sync_plan import TROUBLE, trouble
from crmapp.services.account_sync_read import opened
from crmapp.services.account_sync_rows import link_of, object_of, record_of, text_as_json
from crmapp.services.account_sync_states import KIND, OBJECT
from crmapp.services.engine import Claim, checkpoint, end, merge_counts

_NAMES = (*apply.NEEDED, "name", "params")
AT_ONCE = 2500
"""How many rows are sent in one chunk: enough for Salesforce to take them by a job."""
_RESULTS = {"linked": "unchanged"}
_HERE = "here"
_ORIGIN = {"kind": KIND}
_SETTLED_AT_ONCE = 500


def advance(held: Claim) -> Claim | None:
    """Do the next chunk: rows of one side; when all are done, settle what was accepted."""
    run = apply.load(held.run_id)
    with artefacts.read([part["name"] for part in run.artefacts]) as plan:
        if run.cancel_requested or not sync_options.options().enabled:
            _finish(held, run, cancelled=True)
            return None
        rows, until = apply.next_rows(plan, held.cursor, AT_ONCE, _NAMES)
        if until is None:
            return _settle(held, run)
        kind = _kind(rows[0]) if rows else None
        same = list(takewhile(lambda row: _kind(row) == kind, rows))
        if kind and kind[0] == OBJECT:
            same = same[: pace.chunk_size()]
        if len(same) < len(rows):
            rows, until = same, same[-1].row_no
        counted = plan.ask(
            f"SELECT action, count(*) FROM plan WHERE {apply.COUNTED} GROUP BY ALL",  # noqa: S608  (our own text)
            [held.cursor, until],
        )
    session.rollback()
    if not held.cursor:
        with unit_of_work():
            held = checkpoint(held)
            account_sync_states.begun(held.run_id)
    if kind and kind[0] != OBJECT:
        return _send(run, held, Side(kind[0]), rows, until, counted)
    started = time.monotonic()
    with unit_of_work():
        moved = _write(held, rows, until, counted)
    pace.breathe(time.monotonic() - started)
    return moved


def _kind(row: PlanRow) -> tuple[str, str]:
    return row.object, row.params.get("match", "")


def _write(
    held: Claim, rows: Sequence[PlanRow], until: int, counted: Sequence[tuple[Any, ...]]
) -> Claim:
    """Write the chunk's accounts here."""
    checkpoint(held)
    run = session.get_one(Run, held.run_id)
    outcomes = apply.write_rows(rows, run)
    run_exceptions.keep(held.run_id, run_exceptions.not_written(rows, outcomes))
    return _counted(held, run, _HERE, [each.result for each in outcomes], until, counted)


def _send(
    run: Run,
    held: Claim,
    side: Side,
    rows: Sequence[PlanRow],
    until: int,
    counted: Sequence[tuple[Any, ...]],
) -> Claim | None:
    """Write the chunk's records on a side, but for those that were changed since they were read."""
    shapes, late = field_maps.shapes(), account_sync_late.changed_here(rows)
    try:
        with opened(side, held) as connector:
            if account_sync_late.is_old(run):
                late |= account_sync_late.changed_there(connector, side, rows, shapes)
            going = [row for row in rows if row.record_id not in late]
            sent = [record_of(row, shapes) for row in going]
            results = remote_writes.upserted(
                connector, object_of(side), rows[0].params["match"], sent
            )
    except TROUBLE as error:
        trouble(apply.load(held.run_id), held, error)
        return None
    both = list(zip(going, results, strict=True))
    left = [row for row in rows if row.record_id in late]
    outcomes = [*(remote_writes.outcome(*each) for each in both), *("skipped" for _row in left)]
    with unit_of_work():
        checkpoint(held)
        now = session.get_one(Run, held.run_id)
        _link(both)
        _refused(held.run_id, side, both)
        account_sync_late.leave(held.run_id, left)
        return _counted(held, now, side, outcomes, until, counted)


def _link(both: Sequence[tuple[PlanRow, RowResult]]) -> None:
    """Remember what was made of accounts; an undo of the run leaves it there, and so the link."""
    links = [
        Write(Action.UPDATE, {}, row.record_id, source=_ORIGIN, links=(link_of(row, each.id),))
        for row, each in both
        if row.action is Planned.CREATE and each.id
    ]
    if links:
        records.write(Account, links)


def _counted(
    held: Claim,
    run: Run,
    side: str,
    results: Sequence[str],
    until: int,
    counted: Sequence[tuple[Any, ...]],
) -> Claim:
    """Move on, with what became of the rows as the receipt counts them, and on their side."""
    outcomes = Counter(_RESULTS.get(each, each) for each in results)
    done = merge_counts(run.done, outcomes.items())
    done = merge_counts(done, [(OUTCOME_OF[Planned(action)], count) for action, count in counted])
    sides = [(f"{side}.{outcome}", count) for outcome, count in outcomes.items()]
    return checkpoint(held, cursor=until, done=merge_counts(done, sides))


def _refused(run_id: int, side: Side, both: Sequence[tuple[PlanRow, RowResult]]) -> None:
    """Keep the rows that a side refused, with its own words, and try them again later."""
    problems = {
        row.record_id or 0: {
            "system": side.value,
            "code": result.error.code,
            "said": result.error.remote or str(result.error.message),
            "fields": list(result.error.fields),
            **text_as_json(result.error.message),
        }
        for row, result in both
        if result.error
    }
    run_exceptions.keep(run_id, run_exceptions.refused(side.title, both))
    account_sync_states.refuse(problems, run_id)


def _settle(held: Claim, run: Run) -> Claim | None:
    """Note of the next accounts that all sides took what they were offered; end after the last."""
    with unit_of_work():
        held = checkpoint(held)
        more = account_sync_states.settle_next(held.run_id, _SETTLED_AT_ONCE)
    if more:
        return held
    _finish(held, run)
    return None


def _finish(held: Claim, run: Run, *, cancelled: bool = False) -> None:
    """End the run with the status that its receipt deserves."""
    status = ended_as(receipt(run.total or 0, run.done, run.control), cancelled=cancelled)
    error = N_("The receipt does not balance.") if status is Status.FAILED else None
    with unit_of_work():
        end(held, status, error=error)
        if status is Status.DONE:
            account_sync_states.keep_clock(good_at=utcnow(), rest_until=None)
