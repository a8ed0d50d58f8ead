"""Carry out a resync: the pick list here through the one door, and Salesforce, chunk by chunk.

While Salesforce works on a chunk, the next is written here, or what it said is kept. A worker that
dies after Salesforce took a chunk leaves it to be sent again: rows are written by their external
id, so that nothing is there twice.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Self, cast

from sqlalchemy.exc import IntegrityError

from crmapp import artefacts
from crmapp.artefacts import PlanFile
from crmapp.config import settings
from crmapp.connectors.errors import ConnectorError, Retryable
from crmapp.connectors.port import Connector, Record, RowResult
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.list_values import HERE, SYSTEMS, Tally
from crmapp.domain.managed_lists import VALUE_HIDDEN, VALUE_ID
from crmapp.domain.pick_lists import THERE
from crmapp.domain.plan import OUTCOME_OF, Planned, PlanRow
from crmapp.domain.runs import Status, ended_as, receipt
from crmapp.errors import NotConnected, SecretsLost
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
_SENT_TO = "sent"
"""In ``run.mapping``: the number of the last row that was sent before all was written here."""
_Trouble = ConnectorError | NotConnected | SecretsLost
_Submit = Callable[[Sequence[PlanRow]], Future[list[RowResult]]]


@dataclass(frozen=True)
class _Chunk:
    """Rows of one side, written together; ``until`` is the number of the last row they account for.

    ``counted`` are the rows between that nothing is written of: (object, action, tally, how many).
    """

    rows: Sequence[PlanRow]
    until: int
    counted: Sequence[tuple[Any, ...]]


def advance(held: Claim) -> Claim | None:
    """Write rows for a time slice: here while any are left, and in Salesforce."""
    run = apply.load(held.run_id)
    files, sent = _files(run), run.mapping.get(_SENT_TO, 0)
    begin, last = _span(files)
    if held.cursor == begin < sent:
        with unit_of_work():
            return checkpoint(held, cursor=sent)
    if run.cancel_requested or held.cursor >= last:
        _finish(held, run, cancelled=run.cancel_requested)
        return None
    session.rollback()
    if held.cursor < begin:
        return _write_here(run, held, begin)
    return _send(run, held, begin)


def _files(run: Run) -> list[str]:
    return [part["name"] for part in run.artefacts]


def _span(files: Sequence[str]) -> tuple[int, int]:
    """Return the number of the last row that is written here, and of the last row of all.

    In a plan those of Salesforce stand behind all others.
    """
    with artefacts.read(files) as plan:
        ((first, last),) = plan.ask(
            "SELECT min(row_no) FILTER (object = ?), max(row_no) FROM plan", [THERE]
        )
    return (last or 0) if first is None else first - 1, last or 0


def _next_here(files: Sequence[str], cursor: int, begin: int) -> _Chunk:
    """Return what is written here next; none of it stands behind ``begin``."""
    with artefacts.read(files) as plan:
        rows, until = apply.next_rows(plan, cursor, pace.chunk_size(), _NAMES)
        here = [row for row in rows if row.row_no <= begin]
        last = begin if until is None or len(here) < len(rows) else min(until, begin)
        return _Chunk(here, last, _counts(plan, cursor, last))


def _next_there(files: Sequence[str], cursor: int) -> _Chunk | None:
    """Return what is sent next; no transaction waits for it, so it may be much."""
    with artefacts.read(files) as plan:
        rows, until = apply.next_rows(plan, cursor, SENT, _NAMES)
        return None if until is None else _Chunk(rows, until, _counts(plan, cursor, until))


def _counts(plan: PlanFile, after: int, until: int) -> Sequence[tuple[Any, ...]]:
    """Count the rows between that nothing is written of, as :class:`_Chunk` has them."""
    return plan.ask(
        "SELECT object, action, json_extract_string(params, '$.tally'), count(*) FROM plan"  # noqa: S608  (our own text)
        f" WHERE {apply.COUNTED} GROUP BY ALL",
        [after, until],
    )


def _written(held: Claim, chunk: _Chunk) -> Claim:
    """Write the chunk's values here."""
    started = time.monotonic()
    with unit_of_work():
        checkpoint(held)
        run = session.get_one(Run, held.run_id)
        outcomes = apply.write_rows(chunk.rows, run)
        results = [each.result for each in outcomes]
        moved = _counted(held, run, chunk, results, cursor=chunk.until)
        run_exceptions.keep(held.run_id, run_exceptions.not_written(chunk.rows, outcomes))
    pace.breathe(time.monotonic() - started)
    return moved


def _write_here(run: Run, held: Claim, begin: int) -> Claim | None:
    """Write here for a time slice, while Salesforce works on rows that are sent to it.

    Trouble that may be over later is waited for at once; all other when nothing is left here.
    """
    with keep_alive(held), _Sending(run, held, begin) as sending:
        sending.go_on()
        while not sending.waits:
            held = sending.look(_written_again(held, _next_here(sending.files, held.cursor, begin)))
            if held.cursor >= begin or sending.stops():
                break
        held = sending.turn(held, last=True)
    if sending.trouble is not None and (sending.waits or held.cursor >= begin):
        trouble(apply.load(held.run_id), held, sending.trouble)
        return None
    return held


def _written_again(held: Claim, chunk: _Chunk) -> Claim:
    """Write the chunk; once more if a person took the same code in the same moment."""
    try:
        return _written(held, chunk)
    except IntegrityError:
        return _written(held, chunk)


def _send(run: Run, held: Claim, begin: int) -> Claim | None:
    """Write in Salesforce for a time slice."""
    with keep_alive(held), _Sending(run, held, begin) as sending:
        sending.go_on()
        while sending.busy:
            held = sending.turn(held)
    if sending.trouble is not None:
        trouble(apply.load(held.run_id), held, sending.trouble)
        return None
    return held


class _Sending:
    """Sends chunk after chunk to Salesforce for a time slice, one at a time, by a thread.

    Meanwhile the next is read, what it said of the last is kept, or others are written here. After
    the first ``trouble`` nothing more is sent.
    """

    def __init__(self, run: Run, held: Claim, begin: int) -> None:
        self.files, self.trouble = _files(run), cast(_Trouble | None, None)
        self._run_id, self._begin = run.id, begin
        self._object = list_stage.of(run).salesforce_object
        self._ends = time.monotonic() + settings().time_slice
        self._place = max(held.cursor, begin, run.mapping.get(_SENT_TO, 0))
        self._open, self._submit = ExitStack(), cast(_Submit | None, None)
        self._next: _Chunk | None = None
        self._way: tuple[_Chunk, Future[list[RowResult]]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def busy(self) -> bool:
        return self._way is not None

    @property
    def waits(self) -> bool:
        """Whether there is trouble that may be over later."""
        return isinstance(self.trouble, Retryable)

    def stops(self) -> bool:
        """Say whether the time slice is over, or somebody wants an end."""
        over = leaving() or time.monotonic() > self._ends
        return over or apply.load(self._run_id).cancel_requested

    def go_on(self) -> None:
        """Send the next chunk, and read the one behind it."""
        chunk = self._next or _next_there(self.files, self._place)
        if chunk is None:
            return
        try:
            self._way = chunk, self._answer_to(chunk.rows)
        except TROUBLE as error:
            self.trouble = error
            return
        self._next = _next_there(self.files, chunk.until)

    def look(self, held: Claim) -> Claim:
        """Do a turn if Salesforce has answered."""
        return self.turn(held) if self._way is not None and self._way[1].done() else held

    def turn(self, held: Claim, *, last: bool = False) -> Claim:
        """Wait for what is on its way, send the next chunk, and keep what Salesforce said."""
        if self._way is None:
            return held
        (chunk, answer), self._way = self._way, None
        try:
            results = answer.result()
        except TROUBLE as error:
            self.trouble = error
            return held
        self._place = chunk.until
        if not last and not self.stops():
            self.go_on()
        return _sent(held, chunk, results, ahead=held.cursor < self._begin)

    def _answer_to(self, rows: Sequence[PlanRow]) -> Future[list[RowResult]]:
        if not rows:  # all that is left is as it should be
            nothing = Future[list[RowResult]]()
            nothing.set_result([])
            return nothing
        if self._submit is None:
            connector = self._open.enter_context(remotes.opened(list_stage.SALESFORCE))
            there = self._open.enter_context(ThreadPoolExecutor(1))
            self._submit = partial(there.submit, partial(_upserted, connector, self._object))
            session.rollback()
        return self._submit(rows)


def _upserted(connector: Connector, object_: str, rows: Sequence[PlanRow]) -> list[RowResult]:
    return remote_writes.upserted(connector, object_, VALUE_ID, [_record(row) for row in rows])


def _sent(
    held: Claim, chunk: _Chunk, results: Sequence[RowResult], *, ahead: bool = False
) -> Claim:
    """Note what Salesforce said of the chunk's rows; those that are ahead move no cursor."""
    both = list(zip(chunk.rows, results, strict=True))
    outcomes = [remote_writes.outcome(row, result) for row, result in both]
    with unit_of_work():
        checkpoint(held)
        run = session.get_one(Run, held.run_id)
        place = {_SENT_TO: chunk.until}
        until = {"mapping": {**run.mapping, **place}} if ahead else {"cursor": chunk.until}
        moved = _counted(held, run, chunk, outcomes, **until)
        run_exceptions.keep(
            held.run_id, run_exceptions.refused(SYSTEMS[list_stage.SALESFORCE], both)
        )
    return moved


def _record(row: PlanRow) -> Record:
    label, hidden = row.fields["label"][1], row.fields["hidden"][1]
    return {VALUE_ID: row.key, list_stage.LABEL: label, VALUE_HIDDEN: hidden}


def _counted(held: Claim, run: Run, chunk: _Chunk, results: Sequence[str], **place: Any) -> Claim:
    """Move on to ``place``, with what became of rows as the receipt counts them and each side."""
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
    return checkpoint(held, done=done, **place)


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
