"""Carry out a resync: the pick list here through the one door, and Salesforce, chunk by chunk.

While Salesforce works on a chunk, the next is written here, or what it said is kept. A worker that
dies after Salesforce took a chunk leaves it to be sent again: rows are written by their external
id, so that nothing is there twice.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Any, Self

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
    files, sent = _files(run), run.mapping.get(_SENT_TO, 0)
    if held.cursor < sent and held.cursor == _begin_there(files):
        with unit_of_work():
            return checkpoint(held, cursor=sent)
    if run.cancel_requested:
        _finish(held, run, cancelled=True)
        return None
    begin = _begin_there(files)
    chunk = _next_chunk(files, held.cursor, pace.chunk_size(), begin)
    if chunk is None:
        _finish(held, run)
        return None
    session.rollback()
    if chunk.away:
        return _send(run, held, chunk)
    return _written(held, chunk) if held.cursor >= begin else _write_beside(run, held, chunk, begin)


def _begin_there(files: Sequence[str]) -> int:
    """Return the number of the last row before those of Salesforce: 0 if others stand behind it."""
    with artefacts.read(files) as plan:
        ((first, last),) = plan.ask(
            "SELECT min(row_no) FILTER (object = ?), max(row_no) FILTER (object <> ?) FROM plan",
            [THERE, THERE],
        )
    return 0 if first is None or (last or 0) > first else first - 1


def _files(run: Run) -> list[str]:
    return [part["name"] for part in run.artefacts]


def _next_chunk(files: Sequence[str], cursor: int, size: int, begin: int = 0) -> _Chunk | None:
    """Return what is done next: ``size`` rows at most, or :data:`SENT` if they are sent away.

    What is written here before ``begin`` goes as far as that.
    """
    with artefacts.read(files) as plan:
        rows, until = apply.next_rows(plan, cursor, size, _NAMES)
        if until is not None and cursor < begin:
            here = [row for row in rows if row.row_no <= begin]
            last = begin if len(here) < len(rows) else min(until, begin)
            return _Chunk(here, last, _counts(plan, cursor, last))
        if size != SENT and rows and rows[0].object == THERE:
            rows, until = apply.next_rows(plan, cursor, SENT, _NAMES)
        if until is None:
            return None
        away = bool(rows) and rows[0].object == THERE
        same = list(takewhile(lambda row: (row.object == THERE) == away, rows))
        if len(same) < len(rows):
            rows, until = same, same[-1].row_no
        return _Chunk(rows, until, _counts(plan, cursor, until))


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


def _write_beside(run: Run, held: Claim, chunk: _Chunk, begin: int) -> Claim | None:
    """Write here for a time slice, while Salesforce works on rows that are sent to it.

    Trouble that may be over later is waited for at once; all other when nothing is left here.
    """
    files = _files(run)
    ends = time.monotonic() + settings().time_slice
    with keep_alive(held), _Ahead(run, begin) as ahead:
        following: _Chunk | None = chunk
        while following is not None and not ahead.waits:
            held = ahead.note(_written_again(held, following))
            goes_on = held.cursor < begin and not _stops(run.id, ends)
            size = pace.chunk_size()
            following = _next_chunk(files, held.cursor, size, begin) if goes_on else None
        held = ahead.end(held)
    if ahead.trouble is not None and (ahead.waits or held.cursor == begin):
        trouble(apply.load(held.run_id), held, ahead.trouble)
        return None
    return held


def _written_again(held: Claim, chunk: _Chunk) -> Claim:
    """Write the chunk; once more if a person took the same code in the same moment."""
    try:
        return _written(held, chunk)
    except IntegrityError:
        return _written(held, chunk)


class _Ahead:
    """Sends chunks to Salesforce before all is written here, one at a time in a thread.

    ``run.mapping["sent"]`` says up to which row. After the first ``trouble`` nothing more is sent.
    """

    trouble: ConnectorError | NotConnected | SecretsLost | None = None

    def __init__(self, run: Run, begin: int) -> None:
        self._files, self._object = _files(run), list_stage.of(run).salesforce_object
        self._until = run.mapping.get(_SENT_TO, begin)
        self._open = ExitStack()
        self._way: tuple[_Chunk, Future[list[RowResult]]] | None = None

    def __enter__(self) -> Self:
        try:
            connector = self._open.enter_context(remotes.opened(list_stage.SALESFORCE))
        except TROUBLE as error:
            self.trouble = error
            return self
        there = self._open.enter_context(ThreadPoolExecutor(1))
        self._submit = partial(there.submit, partial(_upserted, connector, self._object))
        self._send_next()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def waits(self) -> bool:
        """Whether the trouble may be over later."""
        return isinstance(self.trouble, Retryable)

    def note(self, held: Claim) -> Claim:
        """Keep what Salesforce has said meanwhile, and send it the next chunk."""
        if self._way is None or not self._way[1].done():
            return held
        before = self._until
        held = self.end(held)
        if self._until > before:
            self._send_next()
        return held

    def end(self, held: Claim) -> Claim:
        """Wait for what is on its way, and keep what Salesforce says."""
        if self._way is None:
            return held
        (chunk, sending), self._way = self._way, None
        try:
            results = sending.result()
        except TROUBLE as error:
            self.trouble = error
            return held
        self._until = chunk.until
        return _sent(held, chunk, results, ahead=True)

    def _send_next(self) -> None:
        chunk = _next_chunk(self._files, self._until, SENT)
        session.rollback()
        self._way = (chunk, self._submit(chunk.rows)) if chunk is not None else None


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
