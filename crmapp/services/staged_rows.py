"""Rows that come once and in any order, written down for their run, then read as any source.

They are written in parts, each committed with the cursor under the fence: whoever dies, the reading
goes on from there, or from the first row if the source cannot. The files are a run's parts, and go
with them once its plan is made; a plan that is made anew reads its source anew.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from itertools import accumulate
from typing import Any

import orjson

from crmapp import artefacts, noted
from crmapp.connectors.errors import ConnectorError, QuotaExceeded, Retryable
from crmapp.db import session, unit_of_work
from crmapp.domain.changes import Reason
from crmapp.domain.runs import Status
from crmapp.errors import CRMError, FileLost, RunStopped
from crmapp.i18n import N_
from crmapp.models import Run, User
from crmapp.noted import Note
from crmapp.queue import leaving
from crmapp.services import failures, planning
from crmapp.services.engine import Claim, checkpoint, end, put_off
from crmapp.services.sources import Page, Rows, Wrong, open_source, stager

STATE = "staged"
"""What a run's source keeps under this name: the parts, where the reading stands, what is over."""
_ANEW = 3
"""So often rows are read anew because files are lost; then something is wrong with the disk."""
_AT_ONCE = 50
"""So many rows of the same columns make one line at most: each line takes its time."""
_LONG = 256 << 10
"""Bytes of a line of several rows, at most: wide ones make several."""
_CELL = 50
"""Bytes of memory that a cell takes beside its text once it is read again."""
_NOTHING = N_("The source has no rows.")


def state_of(run: Run) -> dict[str, Any]:
    """Return what is known of the rows that are written down for the run."""
    return dict(run.source.get(STATE) or {})


def wanted(run: Run) -> bool:
    """Whether rows of the run's source still have to be written down."""
    return stager(run.source) is not None and not state_of(run).get("whole")


def advance(held: Claim, run: Run) -> Claim | None:
    """Write rows down from where the reading stands; the claim to go on with."""
    read = stager(run.source)
    if read is None:
        raise LookupError(run.source.get("kind"))
    place, kept, mapping = state_of(run).get("place"), dict(run.source), dict(run.mapping)
    staging = Staging(held, run)
    session.rollback()
    try:
        with closing(read(kept, place)) as pages:
            if not staging.take(pages):
                return staging.held
    except (ConnectorError, CRMError) as error:
        if isinstance(error, RunStopped):
            raise
        _trouble(staging.held, mapping, error)
        return None
    return _counted(staging.finish())


def _counted(held: Claim) -> Claim | None:
    """Say how many rows are to be planned; a source without any is nothing to plan.

    Only then the rows count as whole: whoever takes it up before begins here, not in the middle.
    """
    session.rollback()
    run = session.get_one(Run, held.run_id)
    count = open_source(run.source, by=session.get_one(User, run.by_id)).count()
    source = {**run.source, STATE: {**state_of(run), "whole": True}}
    with unit_of_work():
        if count:
            return checkpoint(held, cursor=0, total=count, source=source)
        end(held, Status.FAILED, error=_NOTHING)
    return None


def _trouble(held: Claim, mapping: Mapping[str, Any], error: ConnectorError | CRMError) -> None:
    """Try again later if that may help; else end the run and say what is wrong."""
    problem = failures.kept(error.message, mapping)
    if isinstance(error, Retryable) and not isinstance(error, QuotaExceeded):
        put_off(held, error.after, **problem)
        return
    with unit_of_work():
        end(held, Status.FAILED, **problem)


def anew(held: Claim, run: Run, **values: Any) -> Claim:
    """Read all rows once more: what was written down of them is not forced to the disk.

    Raises:
        FileLost: that did not help before.
    """
    times = state_of(run).get("anew", 0) + 1
    if times > _ANEW:
        raise FileLost
    begin = {**run.source, STATE: {"anew": times}}
    with unit_of_work():
        values |= {"artefacts": [], "control": {}, "source": begin}
        return checkpoint(held.moved(run.cursor), cursor=0, **values)


def forgotten(source: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run keeps of a source of which nothing is written down."""
    return {name: value for name, value in source.items() if name != STATE}


class Staging:
    """Writes the rows of one reading down, part by part, and moves the run on with them.

    ``number`` tells apart the sources of a run that has several.
    """

    def __init__(self, held: Claim, run: Run, number: int = 0) -> None:
        self.held = held
        self._run_id, self._number, self._source = run.id, number, dict(run.source)
        self._state = {"parts": [], **state_of(run)}
        if self._state.get("place") is None:  # else it goes on behind what is there
            others = [part for part in self._state["parts"] if part[0] != number]
            self._state["parts"] = others
        self.count = sum(part[3] for part in self._state["parts"])
        self._names: tuple[str, ...] = ()
        self._begin()

    @property
    def place(self) -> Any:
        """Where the reading stands; ``None`` if it cannot go on from there."""
        return self._state.get("place")

    def rows_of(self, number: int) -> int:
        """Return how many rows of a source there are."""
        written: int = sum(part[3] for part in self._state["parts"] if part[0] == number)
        return written + self._rows

    def note(self, **state: Any) -> None:
        """Keep something about the reading with the next part."""
        self._state |= state

    def noted(self, name: str) -> Any:
        """Return what was noted about the reading."""
        return self._state.get(name)

    def take(self, pages: Iterable[Page]) -> bool:
        """Write pages down; return whether all of them, or the worker was asked to leave before."""
        kept = self.count
        for page in pages:
            self._add(page)
            self._state["place"] = page.place
            if self._width >= artefacts.WIDE or self.count - kept >= planning.PART:
                self._commit()
                kept = self.count
                if leaving():
                    return False
        return True

    def finish(self, **state: Any) -> Claim:
        """Write the last rows down; ``state`` is what is known of the reading that is over."""
        self._state |= state
        self._commit()
        return self.held

    def _begin(self) -> None:
        self._lines: list[bytes] = []
        self._alike: list[tuple[Any, ...]] = []
        self._rows = self._width = 0
        self._names = ()

    def _add(self, page: Page) -> None:
        for n, (key, cells) in enumerate(page.found):
            if self._rows >= planning.PART or self._width >= artefacts.WIDE:
                self._write()
            if len(self._alike) == _AT_ONCE:
                self._write_alike()
            if (names := tuple(cells)) != self._names:
                self._line({"names": names})
                self._names = names
            if n in page.wrong:
                self._line({"wrong": page.wrong[n]})
            self._alike.append((key, *cells.values()))
            self._rows += 1
            self.count += 1
        self._write_alike()

    def _line(self, said: Any) -> None:
        self._write_alike()
        self._keep(orjson.dumps(said, default=str))

    def _write_alike(self) -> None:
        """Write the rows that wait as a line, or as several if they are wide."""
        rows, self._alike = self._alike, []
        if rows:
            self._divide(rows)

    def _divide(self, rows: Sequence[tuple[Any, ...]]) -> None:
        text = orjson.dumps(rows, default=str)
        if len(text) <= _LONG or len(rows) == 1:
            self._keep(text)
            self._width += _CELL * sum(map(len, rows))
            return
        for half in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
            self._divide(half)

    def _keep(self, line: bytes) -> None:
        self._lines.append(line)
        self._width += len(line)

    def _write(self) -> None:
        """Write a file; it counts with the next checkpoint."""
        self._write_alike()
        if self._rows:
            stem = artefacts.part_name(self.held.fence, self.count)
            note = noted.write_lines(self._run_id, f"{stem}-rows", self._lines)
            part = [self._number, note.name, note.rows, self._rows]
            self._state["parts"] = [*self._state["parts"], part]
        self._begin()

    def _commit(self) -> None:
        self._write()
        source = {**self._source, STATE: self._state}
        with unit_of_work():
            self.held = checkpoint(self.held, cursor=self.count, total=self.count, source=source)


class StagedRows:
    """The rows of one source of a run, as they were written down: ``number`` says of which.

    It does for a :class:`crmapp.services.sources.Source` all but name the columns. The place of a
    row is how many there are up to it.
    """

    def __init__(self, kept: Mapping[str, Any], number: int = 0) -> None:
        parts = [part for part in kept.get(STATE, {}).get("parts", ()) if part[0] == number]
        self._notes = [Note(name, lines) for _number, name, lines, _rows in parts]
        self._ends = list(accumulate(part[3] for part in parts))

    def count(self) -> int:
        return self._ends[-1] if self._ends else 0

    def rows(self, after: str | None, limit: int) -> Rows:
        """Return the next rows: of one part, so that little has to be held.

        Raises:
            FileLost: what was written down is not there any more.
        """
        first = int(after or 0)
        at = bisect_right(self._ends, first)
        if at == len(self._ends):
            return Rows()
        skipped = first - (self._ends[at - 1] if at else 0)
        found, wrong = _read(self._notes[at], skipped, limit)
        return Rows(found, str(first + len(found)), wrong)


def _read(
    note: Note, skipped: int, limit: int
) -> tuple[list[tuple[str, Mapping[str, Any]]], dict[int, Wrong]]:
    found: list[tuple[str, Mapping[str, Any]]] = []
    wrong: dict[int, Wrong] = {}
    names: Sequence[str] = ()
    left, problem = skipped, None
    for text in noted.read_lines(note):
        line = noted.said(text)
        if isinstance(line, dict):
            names, problem = line.get("names", names), line.get("wrong")
            continue
        rows = line if isinstance(line[0], list) else [line]  # as rows were written down before
        if left >= len(rows):
            left, problem = left - len(rows), None
            continue
        if problem is not None and not left:  # it is about the first of them
            wrong[len(found)] = Reason(problem[0]), problem[1]
        wanted = rows[left : left + limit - len(found)]
        left, problem = 0, None
        found += [(key, dict(zip(names, cells, strict=True))) for key, *cells in wanted]
        if len(found) == limit:
            break
    return found, wrong
