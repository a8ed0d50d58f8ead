"""How much memory a worker takes for a run of many rows, and whether it grows with them.

``python -m bench.memory --rows 1000000``. The plan is made, carried out and taken back, each in a
process of its own that works as a worker's horse does, but in one slice that lasts to the end. It
prints the peak of each process, and what it held at each tenth of the rows.
"""

from __future__ import annotations

import argparse
import json
import logging
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from flask import Flask
from sqlalchemy import NullPool, create_engine, select

from bench.figures import Figure, Size, at_most, short, table
from bench.people import furnish, manager, opened
from bench.upserts import MAPPING, Generated
from crmapp import config
from crmapp.db import db, session
from crmapp.models import Run
from crmapp.services import runs, sources, undo, upserts

STEPS = ("plan", "run", "plan of the undo", "undo")
MOST = 300
_PAGE = resource.getpagesize()


@dataclass(frozen=True)
class Taken:
    """What one step took: seconds, and MB at its beginning, at most, and at each tenth."""

    seconds: float
    began: float
    peak: float
    held: list[float]


def resident() -> float:
    """Return what this process holds of the memory, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 1e6


def highest() -> float:
    """Return the most memory that this process has held, in MB.

    ``ru_maxrss`` does not tell: a process inherits it from the one that started it, which may
    have held more.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    (kilobytes,) = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(kilobytes) * 1024 / 1e6


def watch(app: Flask, total: int, held: list[float], over: threading.Event) -> None:
    """Note the memory at each tenth of the rows, asked without a connection of the worker's."""
    with app.app_context():
        engine = create_engine(db.engine.url, poolclass=NullPool)
        while not over.wait(0.2):
            with engine.connect() as connection:
                cursor = connection.scalar(select(Run.cursor).order_by(Run.id.desc()).limit(1))
            if (cursor or 0) * 10 // total > len(held):
                held.append(resident())


def work(app: Flask, run_id: int, total: int) -> Taken:
    """Work on the run until its phase is over, and say what that took."""
    held: list[float] = []
    over = threading.Event()
    watcher = threading.Thread(target=watch, args=(app, total, held, over))
    began, before = time.monotonic(), resident()
    watcher.start()
    runs.work(run_id)
    over.set()
    watcher.join()
    seconds = time.monotonic() - began
    return Taken(seconds, before, highest(), held)


def step(name: str, home: Path, total: int) -> Taken:
    """Do one of :data:`STEPS` in this process."""
    sources.register("generated", Generated)
    with opened(home) as app:
        config.use(replace(config.settings(), time_slice=1e9))
        by = manager()
        if name == "plan":
            source = {"kind": "generated", "count": total, "edition": 1}
            source |= {"identity": ["bench", "rows"]}
            run_id = upserts.start(source, title="Bench", by=by, key=None)
            upserts.plan_later(run_id, MAPPING, confirmed=None, by=by)
        else:
            run_id = session.scalars(select(Run.id).order_by(Run.id.desc())).first() or 0
            if name == "run":
                plan_hash = runs.get(run_id, by=by).plan_hash or ""
                upserts.run_later(run_id, plan_hash=plan_hash, key=None, by=by)
            elif name == "plan of the undo":
                run_id = undo.undo_later(run_id, by=by, key=None)
        taken = work(app, run_id, total)
        ended = runs.get(run_id, by=by)
        if ended.status not in ("planned", "queued", "done"):
            raise SystemExit(f"{name} ended as {ended.status}: {ended.done} {ended.error}")
    return taken


def measured(rows: int) -> dict[str, Taken]:
    """Do all steps, each in a process of its own."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        furnish(Path(home))
        for name in STEPS:
            command = [sys.executable, "-m", "bench.memory", "--rows", str(rows)]
            command += ["--home", home, "--step", name]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            found[name] = taken = Taken(**json.loads(done.stdout.splitlines()[-1]))
            print(
                f"{name:<16} {taken.seconds:7.1f} s {rows / taken.seconds:8.0f} rows/s; began with"
                f" {taken.began:.0f} MB, peak {taken.peak:.0f} MB; at each tenth"
                f" {' '.join(f'{mb:.0f}' for mb in taken.held)}",
                flush=True,
            )
    return found


def figures(size: Size, _folder: Path) -> Iterator[Figure]:
    """The peaks of plan, run and undo, and what an undo takes over what it takes back."""
    found = measured(size.many_rows)
    rows = f"{size.many_rows:,} rows"
    for name, taken in found.items():
        yield at_most(f"memory of the worker at its peak: {name}, {rows}", taken.peak, MOST, "MB")
    plan, run, undo_plan, undone = (found[name].seconds for name in STEPS)
    for what, ours, theirs, over in (
        ("undo", undone, run, "the run"),
        ("undo with its plan", undo_plan + undone, plan + run, "plan and run"),
    ):
        yield Figure(
            f"{what}, {rows}",
            f"{short(ours)} s",
            f"{short(theirs)} s for {over}",
            f"{ours / theirs:.2f}x",
            "≤ 1x",
            ours / theirs,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=Size.many_rows)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    if options.step:
        print(json.dumps(asdict(step(options.step, options.home, options.rows))))
        return
    print(table(figures(Size(1, many_rows=options.rows), Path())))


if __name__ == "__main__":
    main()
