"""How much memory a worker takes for a run of many rows, and whether it grows with them.

``python -m bench.memory --rows 1000000``. The plan is made, carried out and taken back, each in a
process of its own that works as a worker's horse does, but in one slice that lasts to the end. It
prints the peak of each process, and what it held at each tenth of the rows.
"""

from __future__ import annotations

import argparse
import logging
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from bench.upserts import MAPPING, Generated
from crmapp import config, create_app
from crmapp.config import Settings
from crmapp.db import db, session
from crmapp.db.schema import migrate
from crmapp.models import Run, User
from crmapp.services import runs, sources, undo, upserts, users

STEPS = ("plan", "run", "undo")
_PAGE = resource.getpagesize()


def resident() -> float:
    """Return what this process holds of the memory, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 1e6


def watch(app: Flask, total: int, held: list[float], over: threading.Event) -> None:
    """Note the memory at each tenth of the rows."""
    with app.app_context():
        while not over.wait(0.2):
            with db.engine.connect() as connection:
                cursor = connection.scalar(select(Run.cursor).order_by(Run.id.desc()).limit(1))
            if (cursor or 0) * 10 // total > len(held):
                held.append(resident())


def work(app: Flask, run_id: int, name: str, total: int) -> None:
    """Work on the run until its phase is over, and say what that took."""
    held: list[float] = []
    over = threading.Event()
    watcher = threading.Thread(target=watch, args=(app, total, held, over))
    began, before = time.monotonic(), resident()
    watcher.start()
    runs.work(run_id)
    if name == "undo":  # planned, and then carried out
        runs.work(run_id)
    over.set()
    watcher.join()
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(
        f"{name:<5} {seconds:7.1f} s {total / seconds:8.0f} rows/s; began with {before:.0f} MB,"
        f" peak {peak:.0f} MB; at each tenth {' '.join(f'{mb:.0f}' for mb in held)}",
        flush=True,
    )


def step(name: str, home: str, total: int) -> None:
    """Do one of :data:`STEPS` in this process."""
    app = create_app(Settings.from_env({"CRMAPP_HOME": home}))
    config.use(replace(config.settings(), time_slice=1e9))
    sources.register("generated", Generated)
    with app.app_context():
        by = session.scalars(select(User)).first()
        assert by is not None
        if name == "plan":
            source = {"kind": "generated", "count": total, "edition": 1}
            source |= {"identity": ["bench", "rows"]}
            run_id = upserts.start(source, title="Bench", by=by, key=None)
            upserts.plan_later(run_id, MAPPING, confirmed=None, by=by)
        else:
            run_id = session.scalars(select(Run.id)).one()
            if name == "run":
                plan_hash = runs.get(run_id, by=by).plan_hash or ""
                upserts.run_later(run_id, plan_hash=plan_hash, key=None, by=by)
            else:
                run_id = undo.undo_later(run_id, by=by, key=None)
        work(app, run_id, name, total)
        ended = runs.get(run_id, by=by)
        if ended.status not in ("planned", "done"):
            raise SystemExit(f"{name} ended as {ended.status}: {ended.done} {ended.error}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--home", help=argparse.SUPPRESS)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    if options.step:
        step(options.step, options.home, options.rows)
        return
    home = tempfile.mkdtemp(prefix="bench-")
    app = create_app(Settings.from_env({"CRMAPP_HOME": home}))
    with app.app_context():
        migrate(db.engine)
        users.add(name="B", email="b@bench.example", role="admin", by=None)
        db.engine.dispose()
    print(f"{options.rows} rows, load {os.getloadavg()[0]:.1f}")
    for name in STEPS:
        again = [sys.executable, "-m", "bench.memory", "--rows", str(options.rows)]
        subprocess.run([*again, "--home", home, "--step", name], check=True)
    shutil.rmtree(home)


if __name__ == "__main__":
    main()
