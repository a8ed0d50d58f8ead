"""Imports from a file, from PostgreSQL and from a grid, over the same rows written by hand.

    python -m bench.imports --rows 100000 --times 3

Every row is new the first time; then the same rows come once more, and nothing differs; then the
first import is undone. All of it goes through the pipeline as a person would have it go: sent or
read, mapped, checked, planned, carried out, logged. Each step works in a process of its own, as a
worker's does, in one slice that lasts to its end. By hand is :mod:`bench.upserts_by_hand`.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from sqlalchemy import select

from bench import upserts_by_hand as by_hand
from bench.figures import Figure, Size, at_most, missing, rate, table, times_over
from bench.import_roads import HOSTS, ROADS, Erp, admin, erp_server
from bench.memory import highest, resident
from bench.people import furnish, opened
from bench.timing import Timing, ratio
from bench.upserts import MOST, RATE_UNCHANGED
from crmapp import config
from crmapp.db import session
from crmapp.domain.runs import Status
from crmapp.models import Run
from crmapp.services import runs, undo, upserts
from tests.support.postgres import NoServer

PLAN, RUN, AGAIN, UNDO_PLAN, UNDO = STEPS = ("plan", "run", "unchanged", "plan of the undo", "undo")
MEMORY = 300
NAMES = {"csv": "a CSV file", "postgres": "PostgreSQL", "grid": "a grid"}


@dataclass(frozen=True)
class Taken:
    """What one step took: seconds of CPU and on the clock, MB at its beginning and at most."""

    cpu: float
    wall: float
    began: float
    peak: float


def step(name: str, road: str, home: Path, rows: int) -> Taken:
    """Do one of :data:`STEPS` in this process."""
    with opened(home, CRMAPP_SOURCE_HOSTS=HOSTS):
        config.use(replace(config.settings(), time_slice=1e9))
        admin()
        began, cpu, wall = resident(), time.process_time(), time.perf_counter()
        done = _do(name, road, home)
        taken = time.process_time() - cpu, time.perf_counter() - wall
        if done is not None and done != {_WORD[name]: rows}:
            raise SystemExit(f"{road}: {name} did {done}")
        return Taken(*taken, began, highest())


_WORD = {RUN: "created", AGAIN: "unchanged", UNDO: "updated"}


def _do(name: str, road: str, home: Path) -> Mapping[str, int] | None:
    """Do a step; return what became of its rows, unless it only plans or leaves no run."""
    if name == PLAN:
        _work(ROADS[road].begin(home))
        return None
    if name == AGAIN:
        run_id = ROADS[road].begin(home)
        _work(run_id)
        return _carried_out(run_id) if _status(run_id) else None  # a feed is over by now
    query = select(Run.id).order_by(Run.id)
    ids = list(session.scalars(query.where(Run.kind != "undo")))
    if name == RUN:
        return _carried_out(ids[0])
    if name == UNDO_PLAN:
        _work(undo.undo_later(ids[0], by=admin(), key=None))
        return None
    return _carried_out(session.scalars(query.where(Run.kind == "undo")).one())


def _carried_out(run_id: int) -> Mapping[str, int]:
    """Have a plan carried out that waits for a person, or for a worker."""
    if _status(run_id) == Status.PLANNED:
        plan_hash = runs.get(run_id, by=admin()).plan_hash or ""
        upserts.run_later(run_id, plan_hash=plan_hash, key=None, by=admin())
    _work(run_id)
    run = runs.get(run_id, by=admin())
    if run.status != Status.DONE:
        raise SystemExit(f"run {run_id} ended as {run.status}: {run.error}")
    done: Mapping[str, int] = run.done
    return done


def _work(run_id: int) -> None:
    """Work on a run until its phase is over."""
    runs.work(run_id)
    if _status(run_id) == Status.FAILED:
        raise SystemExit(f"run {run_id} failed: {session.get_one(Run, run_id).error}")


def _status(run_id: int) -> str | None:
    session.rollback()
    return session.scalar(select(Run.status).where(Run.id == run_id))


@dataclass
class Imported:
    """What the imports of one road took, turn by turn, beside the same rows by hand."""

    road: str
    raw: Timing
    raw_again: Timing
    steps: dict[str, list[Taken]] = field(default_factory=lambda: {name: [] for name in STEPS})

    def timing(self, name: str, *steps: str) -> Timing:
        """Return what some steps took together in each turn."""
        turns = list(zip(*(self.steps[each] for each in steps), strict=True))
        found = Timing(f"{self.road}: {name}")
        found.cpu = [sum(taken.cpu for taken in turn) for turn in turns]
        found.wall = [sum(taken.wall for taken in turn) for turn in turns]
        return found

    def lines(self, rows: int) -> Iterator[str]:
        new, again = self.timing("new", PLAN, RUN), self.timing("unchanged", AGAIN)
        parts = [self.timing(each, each) for each in STEPS]
        yield from (each.line(rows) for each in (self.raw, self.raw_again, *parts, new))
        yield from (ratio(new, self.raw), ratio(again, self.raw_again))


def measured(rows: int, times: int, only: Sequence[str]) -> list[Imported]:
    """Import by each road and write by hand in turn, each time with empty databases."""
    found = {
        name: Imported(name, Timing(f"{name}: by hand"), Timing(f"{name}: by hand, unchanged"))
        for name in only
    }
    with ExitStack() as stack:
        erp = stack.enter_context(erp_server()) if "postgres" in only else None
        for number in range(times):
            for name in only:
                _turn(found[name], rows, erp)
                said = ratio(found[name].timing("new", PLAN, RUN), found[name].raw)
                print(f"turn {number + 1} of {times}: {said}", flush=True)
    return list(found.values())


def _turn(found: Imported, rows: int, erp: Erp | None) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home = Path(folder)
        furnish(home)
        ROADS[found.road].prepare(home, rows, erp)
        with closing(by_hand.opened(home / "raw.db")) as connection:
            found.raw.run(lambda: by_hand.write(connection, rows, 1))
            taken = {PLAN: _step(PLAN, found.road, home, rows)}
            taken[RUN] = _step(RUN, found.road, home, rows)
            found.raw_again.run(lambda: by_hand.write(connection, rows, 1))
        for name in STEPS[2:]:
            taken[name] = _step(name, found.road, home, rows)
        for name, each in taken.items():
            found.steps[name].append(each)


def _step(name: str, road: str, home: Path, rows: int) -> Taken:
    """Do a step in a process of its own."""
    command = [sys.executable, "-m", "bench.imports", "--rows", str(rows), "--home", str(home)]
    command += ["--step", name, "--only", road]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    taken = Taken(**json.loads(done.stdout.splitlines()[-1]))
    spent = f"{taken.cpu:.1f} s CPU, {taken.wall:.0f} s on the clock"
    print(f"{road}: {name}: {spent}, {taken.began:.0f} to {taken.peak:.0f} MB", flush=True)
    return taken


def figures(size: Size, _folder: Path) -> Iterator[Figure]:
    """All roads with some rows, a file with many."""
    try:
        yield from figures_of(size.rows, size.times, tuple(ROADS))
    except NoServer as problem:
        print(problem)
        yield missing(
            f"import of {size.rows:,} rows from PostgreSQL", f"≤ {MOST}x", "no PostgreSQL"
        )
        yield from figures_of(size.rows, size.times, ("csv", "grid"))
    yield from figures_of(size.many_rows, 1, ("csv",))


def figures_of(rows: int, times: int, only: Sequence[str]) -> Iterator[Figure]:
    for each in measured(rows, times, only):
        print(*each.lines(rows), sep="\n", flush=True)
        yield from _figures(each, f"{rows:,} rows from {NAMES[each.road]}", rows)


def _figures(found: Imported, what: str, rows: int) -> Iterator[Figure]:
    by = "with sqlite3 by hand"
    new, again = found.timing("new", PLAN, RUN), found.timing("unchanged", AGAIN)
    yield times_over(f"import of {what}, all new", new, found.raw, MOST, by)
    yield times_over(f"import of {what}, unchanged", again, found.raw_again, MOST, by)
    whats = f"import of {what}, unchanged"
    yield rate(whats, again, found.raw_again, rows, RATE_UNCHANGED, by)
    undone, run = found.timing("undo", UNDO), found.timing("run", RUN)
    yield times_over(f"undo of {what}", undone, run, 1, "for the run")
    whole = found.timing("undo with its plan", UNDO_PLAN, UNDO)
    yield times_over(f"undo of {what}, with its plan", whole, new, 1, "for plan and run")
    peak, name = max((each.peak, name) for name in STEPS for each in found.steps[name])
    yield at_most(f"memory of the worker at its peak, at the {name}: {what}", peak, MEMORY, "MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=Size.rows)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=ROADS, default=list(ROADS))
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    if options.step:
        taken = step(options.step, options.only[0], options.home, options.rows)
        print(json.dumps(asdict(taken)))
        return
    before = os.getloadavg()[0]
    found = table(figures_of(options.rows, options.times, options.only))
    print(
        f"load {before:.1f} at the beginning, {os.getloadavg()[0]:.1f} at the end", found, sep="\n"
    )


if __name__ == "__main__":
    main()
