"""Export a whole grid, or records, as a file: a run that leaves one file behind.

The file is written beside its place and moved there before the run ends, so a run that is done has
a whole file, and one whose worker died begins its file anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import select

from crmapp.analytics.engine import Answer, Engine, Restriction, Row, Selections, Value
from crmapp.analytics.query import Question
from crmapp.config import settings
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.permissions import Right
from crmapp.domain.runs import Status
from crmapp.errors import Conflict, DatasetError, Forbidden, Invalid, NotFound, Unavailable
from crmapp.i18n import N_, Text
from crmapp.models import Run, User
from crmapp.queue import leaving
from crmapp.services import datasets, failures, grids, selections
from crmapp.services.apply import load
from crmapp.services.engine import Claim, checkpoint, end, enqueue, keep_alive
from crmapp.services.idempotency import once
from crmapp.services.sheet_files import MOST_LINES, Heading, csv_lines, plain, write_workbook

KIND = "export"
KINDS = ("csv", "xlsx")
KEPT = timedelta(days=7)
"""How long a file stays after it was written, unless the installation says otherwise."""
_BEGUN = timedelta(days=1)
"""After so long nobody writes to a file any more that a worker has begun."""
GRID = "grid"
"""What an export is of, where its source does not say it."""
_PATIENCE = 1800.0  # seconds that the question may take: nobody looks at a page meanwhile
_OUTLIVED = N_("Other accounts were open to you when this file was made. Have it made again.")
_TOO_MANY = N_(
    "A workbook takes up to %(most)s rows, and this grid has %(count)s. Take the CSV file."
)


_Row = TypeVar("_Row")
Writer = Callable[["Progress", Mapping[str, Any], User, Path], None]
"""Writes what the source of a run asks for, as its person may see it, to a file."""


class _Leaving(Exception):
    """The worker was asked to go, or the run to end, while rows are being written."""


@dataclass(frozen=True)
class Layout:
    """How a grid becomes a file: its columns in their order, and the words around the values.

    ``columns`` are (name, heading); ``named`` is the column that names a row, in which ``missing``
    stands for the facts that have no key; ``total`` begins the last line.
    """

    name: str
    title: str
    columns: tuple[tuple[str, Heading], ...]
    named: str
    missing: str
    total: str

    @property
    def headings(self) -> list[Heading]:
        return [heading for _name, heading in self.columns]

    def lines(self, rows: Iterable[Row], totals: Mapping[str, Value]) -> Iterator[list[Value]]:
        """The rows as the file holds them, then their total."""
        kinds = [(name, heading.kind) for name, heading in self.columns]
        named = [name for name, _heading in self.columns].index(self.named)
        for row in rows:
            line = [plain(row.values[name], kind) for name, kind in kinds]
            if row.missing and self.missing:
                line[named] = self.missing
            yield line
        yield [self.total, *(plain(totals.get(name), kind) for name, kind in kinds[1:])]

    def as_json(self) -> dict[str, Any]:
        columns = [[name, heading.text, heading.kind] for name, heading in self.columns]
        return {**self.__dict__, "columns": columns}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        columns = tuple((name, Heading(text, kind)) for name, text, kind in kept["columns"])
        return cls(**{**kept, "columns": columns})


@dataclass(frozen=True)
class File:
    """What an export left behind: where it lies, what to call it, and how many bytes it has."""

    path: Path
    name: str
    kind: str
    size: int


def start(
    found: Answer, layout: Layout, kind: str, *, title: str, key: str | None, by: User
) -> int:
    """Have the grid of which a page was found written to a file; return the run's id.

    Raises:
        Forbidden, NotFound
        Invalid: there is no such kind of file, or a workbook cannot hold so many rows.
    """
    question = found.question
    if kind not in KINDS:
        raise Invalid({"kind": N_("Choose CSV or Excel.")})
    if kind == "xlsx" and found.count + 2 > MOST_LINES:
        raise Invalid({}, Text(_TOO_MANY, {"most": MOST_LINES - 2, "count": found.count}))
    shape = grids.dataset(question.dataset, by=by)
    chosen = selections.referred(question, shape, by=by)
    source = {
        "kind": KIND,
        "dataset": question.dataset,
        "snapshot": found.snapshot,
        "dimension": question.dimension,
        "args": question.change(page=1).to_args(),
        "selections": selections.kept(chosen),
        "file": kind,
        "layout": layout.as_json(),
        "titles": grids.titles(shape, question.dimension),
    }
    return queue(source, title=title, rows=found.count, key=key, by=by)


def queue(
    source: Mapping[str, Any], *, title: str, rows: int | None, key: str | None, by: User
) -> int:
    """Have what ``source`` asks for written to a file in the background; return the run's id."""
    person = by.id
    with unit_of_work():
        sent = {**source, "by": person}
        kept = {**source, "seen": _seen(by)}
        made = once(key, sent, lambda: _queue(kept, title, rows, person))
    return int(made.removeprefix("run:"))


def _seen(by: User) -> list[Any]:
    """Return whose accounts she sees beside her own: a file that shows more is not hers to read."""
    reach, teams = by.reach(Right.ACCOUNT_VIEW), sorted(team.id for team in by.teams)
    return [sorted(reach), teams, sorted(by.territories or ())]


def _queue(source: Mapping[str, Any], title: str, rows: int | None, person: int) -> str:
    run = Run(
        kind=KIND,
        title=title,
        status=Status.QUEUED.value,
        source=dict(source),
        total=rows,
        lock_key=f"{KIND}:{person}",
        by_id=person,
    )
    return f"run:{enqueue(run)}"


def file_of(run: Run, *, by: User) -> File:
    """Return the file that a run left behind, for whoever had it made: it shows what she may see.

    Raises:
        NotFound: there is none, not any more, or somebody else had it made.
        Conflict: other accounts were open to her when it was made.
    """
    file = left_by(run) if run.by_id == by.id else None
    if file is None:
        raise NotFound
    now = _seen(by)
    if not by.sees_all and run.source.get("seen", now) != now:
        raise Conflict({}, message=_OUTLIVED)
    return file


def newest(*, by: User) -> Run | None:
    """The last export that ``by`` asked for: she finds it again though she may list no runs."""
    own = select(Run).where(Run.kind == KIND, Run.by_id == by.id)
    return session.scalar(own.order_by(Run.id.desc()).limit(1))


def left_by(run: Run) -> File | None:
    """The file that a run has left and that is still there."""
    if run.kind != KIND or run.status != Status.DONE:
        return None
    path = path_of(run)
    with suppress(FileNotFoundError):
        return File(path, name_of(run), run.source["file"], path.stat().st_size)
    return None


def path_of(run: Run) -> Path:
    """Return where the file of an export lies, once it is there."""
    return _folder() / f"{run.id}.{run.source['file']}"


def name_of(run: Run) -> str:
    """Return what the file of an export is called where it is downloaded."""
    source = run.source
    return f"{source.get('name') or source['layout']['name']}.{source['file']}"


def advance(held: Claim, writers: Mapping[str, Writer]) -> Claim | None:
    """Write the file, put it into its place, and end the run.

    ``writers`` are what an export is of → what writes it.
    """
    run = load(held.run_id)
    if run.cancel_requested or run.by is None:
        _end_early(held, Status.CANCELLED)
        return None
    by, source = run.by, dict(run.source)
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / f"{held.run_id}-{held.fence}.part"
    progress = Progress(held)
    try:
        with keep_alive(held):
            writers[source.get("of", GRID)](progress, source, by, written)
        os.replace(written, folder / f"{held.run_id}.{source['file']}")
        with unit_of_work():
            rows = progress.held.cursor
            end(progress.held, Status.DONE, done={"written": rows}, total=rows)
    except _Leaving:
        return progress.held
    except (DatasetError, Forbidden, Invalid, NotFound) as error:
        _end_early(progress.held, Status.FAILED, **failures.kept(error.message))
    finally:
        written.unlink(missing_ok=True)
    _prune()
    return None


def write_grid(progress: Progress, source: Mapping[str, Any], by: User, path: Path) -> None:
    """Write what the question of a grid finds."""
    engine = datasets.engine_for(source["dataset"], source["snapshot"])
    if not by.can(Right.GRID_VIEW):
        raise Forbidden(Right.GRID_VIEW)
    asked = _Asked(
        engine,
        Question.from_args(engine.dataset, source["dimension"], source["args"]),
        grids.restriction_for(by, engine.dataset),
        selections.unkept(source["selections"], engine.dataset),
    )
    found = asked.answer()
    session.rollback()
    progress.begin(found.count)
    layout = Layout.from_json(source["layout"])
    lines = layout.lines(progress.through(asked.bunches(found.count)), found.totals)
    if source["file"] == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(csv_lines([each.text for each in layout.headings], lines))
    else:
        write_workbook(str(path), layout.title, layout.headings, lines, bold_last=True)


@dataclass(frozen=True)
class _Asked:
    """The frozen question; one that takes too much takes it the next time too, so it is wrong."""

    engine: Engine
    question: Question
    restriction: Restriction
    selections: Selections

    def answer(self) -> Answer:
        with _heavy_is_wrong():
            return self.engine.answer(
                self.question, restriction=self.restriction, selections=self.selections
            )

    def bunches(self, count: int) -> Iterator[list[Row]]:
        bunches = self.engine.each(
            self.question,
            count,
            seconds=_PATIENCE,
            restriction=self.restriction,
            selections=self.selections,
        )
        while True:
            with _heavy_is_wrong():
                rows = next(bunches, None)
            if rows is None:
                return
            yield rows


class Progress:
    """Passes rows on and says how many there were; stops between two bunches when it should.

    ``held`` is the claim that has come as far.
    """

    def __init__(self, held: Claim) -> None:
        self.held = held

    def begin(self, rows: int) -> None:
        """Say how many rows there will be; none of them is written yet."""
        with unit_of_work():
            self.held = checkpoint(self.held, cursor=0, total=rows)

    def through(self, bunches: Iterator[list[_Row]]) -> Iterator[_Row]:
        """Pass the rows on, bunch by bunch."""
        for rows in bunches:
            yield from rows
            with unit_of_work():
                self.held = checkpoint(self.held, cursor=self.held.cursor + len(rows))
            stop = select(Run.cancel_requested).where(Run.id == self.held.run_id)
            cancelled = session.scalar(stop)
            session.rollback()
            if cancelled or leaving():
                raise _Leaving


@contextmanager
def _heavy_is_wrong() -> Iterator[None]:
    try:
        yield
    except Unavailable as error:
        raise DatasetError(error.message) from error


def _end_early(held: Claim, status: Status, **why: Any) -> None:
    with unit_of_work():
        end(held, status, **why)


def remove(run_id: int) -> None:
    """Delete the file that a run has left, if there is one."""
    for kind in KINDS:
        (_folder() / f"{run_id}.{kind}").unlink(missing_ok=True)


def _prune() -> None:
    """Remove what a worker that died has begun; files of runs go when their time is over."""
    over = (utcnow() - _BEGUN).timestamp()
    for path in _folder().glob("*.part"):
        with suppress(FileNotFoundError):  # somebody else removes them too
            if path.stat().st_mtime < over:
                path.unlink()


def _folder() -> Path:
    """All files of exports lie in one folder."""
    return settings().artefacts_dir / "exports"
