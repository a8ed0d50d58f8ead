"""How long people wait for the web while a bulk run goes, on SQLite and the embedded queue.

    python -m bench.busy --rows 100000

``crmapp up`` runs with its usual numbers of processes, on 50,000 accounts and a database of sales
with as many customers as the run has rows. The run adds them all as accounts, from the grid, while
people ask for fifty pages a second: lists, records, searches, grids, the palette, how far the run
is, and edits. A wait is counted from the moment at which the request was due, so that none hides
behind another. The same is asked for a while when no run goes.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from bench import grid
from bench.crowd import Browser, Crowd, Wait, by_kind, percentile
from bench.figures import Figure, Size, short, table
from bench.filled import FIELD, ZONES, filled
from bench.people import manager, opened
from crmapp.cli.supervision import valkey
from crmapp.db import session
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.runs import ENDED, Status
from crmapp.services import grids, runs, upserts
from tests.support.processes import Installation

RATE, MOST = 50, 150
ACCOUNTS, LINES = 50_000, 1_000_000
QUIET = 15
"""So many seconds are asked when no run goes."""
SHARES = {
    "list": 12,
    "record": 12,
    "search": 7,
    "grid": 6,
    "palette": 6,
    "progress": 5,
    "edit": 2,
}
MAPPING = FieldMapping({"name": "name", "number": "code", "phone": "phone", "billing_city": "city"})
LOOK = 1.0
PROCESSES = {"CRMAPP_WEB_PROCESSES": "2"}
"""As many as without any setting; what the tests start has fewer."""


def addresses(run_id: int, accounts: int) -> dict[str, list[str]]:
    """What people ask for, kind by kind."""
    ids = range(17, accounts, max(1, accounts // 97))
    sales = f"/analytics/{grid.NAME}/customers"
    asked = ("page=2", "page=3", "page=4", "q=customer+12", "mode=share", "measures=price")
    return {
        "list": [
            "/accounts",
            "/accounts?sort=-name",
            "/accounts?location=Lyon",
            f"/accounts?{FIELD}={ZONES[0]}",
        ],
        "record": [f"/accounts/{number}" for number in ids],
        "search": [f"/accounts?q={words}" for words in ("alpine", "0123", "works+00", "3+1")],
        "grid": [sales, *(f"{sales}?{each}" for each in asked)],
        "palette": [f"/search?q={words}" for words in ("alpine", "harbor+works", "0123")],
        "progress": [f"/runs/{run_id}/progress"],
        "edit": [f"/accounts/{number + 1}" for number in ids],
    }


def draft() -> int:
    """Have a run made that adds all customers as accounts."""
    by = manager()
    question = grids.ask(grid.NAME, "customers", {"activity": "all"}, by=by)
    return upserts.start(grids.source(question, by=by), title="All customers", by=by, key=None)


def carry_out(run_id: int, goes_on: threading.Event) -> Iterator[Status]:
    """Have the run planned, and then carried out, by the workers; say what it is after each."""
    by = manager()
    all_of_them = runs.get(run_id, by=by).total
    upserts.plan_later(run_id, MAPPING, confirmed=all_of_them, by=by)
    _wait(run_id, {Status.PLANNED, *ENDED}, goes_on)
    run = runs.get(run_id, by=manager())
    yield Status(run.status)
    if run.plan_hash and goes_on.is_set():
        upserts.run_later(run_id, plan_hash=run.plan_hash, key=None, by=manager())
        _wait(run_id, set(ENDED), goes_on)
        yield Status(runs.get(run_id, by=manager()).status)


def _wait(run_id: int, statuses: set[Status], goes_on: threading.Event) -> None:
    for look in count():
        session.rollback()
        run = runs.get(run_id, by=manager())
        if run.status in statuses or not goes_on.is_set():
            return
        if not look % 10:
            print(f"{run.status}: {run.cursor:,} of {run.total:,}", flush=True)
        time.sleep(LOOK)


@dataclass
class Measured:
    """What people waited when no run went, and while one was planned and then carried out.

    ``ends`` are the moments at which the two were over, ``status`` is what the run was in the end.
    """

    quiet: list[Wait] = field(default_factory=list)
    busy: list[Wait] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    status: Status = Status.DRAFT

    def phases(self) -> Iterator[tuple[str, list[Wait]]]:
        yield "no run", self.quiet
        planned = self.ends[0]
        yield "while it is planned", [wait for wait in self.busy if wait.due <= planned]
        yield "while it is carried out", [wait for wait in self.busy if wait.due > planned]
        yield "both", self.busy


def measured(home: Path, size: Size) -> Measured:
    """Start everything, ask without a run, then with one, at most ``size.seconds`` long."""
    found, accounts = Measured(), min(ACCOUNTS, size.accounts)
    with filled(home, accounts) as of:
        cookie = of.cookie
    grid.build(home, min(LINES, size.lines), customers=size.rows)
    with (
        Installation(home, PROCESSES) as site,
        opened(home, REDIS_URL=valkey.url(home)),
    ):
        run_id = draft()
        crowd = Crowd(Browser(site.url, cookie), RATE, SHARES, addresses(run_id, accounts))
        for _twice in range(2):  # the first time, answers and rows are new to the servers
            crowd.waits = found.quiet = []
            end = time.monotonic() + min(QUIET, size.seconds)
            crowd.ask_while(lambda: time.monotonic() < end)  # noqa: B023  (called at once)
        crowd.waits = found.busy
        with asking(crowd, size.seconds) as goes_on:
            for status in carry_out(run_id, goes_on):
                found.status = status
                found.ends.append(time.monotonic())
    return found


@contextmanager
def asking(crowd: Crowd, seconds: float) -> Iterator[threading.Event]:
    """Let the crowd ask beside us, until we are through or so many seconds are over."""
    goes_on = threading.Event()
    goes_on.set()
    limit = threading.Timer(seconds, goes_on.clear)
    people = threading.Thread(target=crowd.ask_while, args=(goes_on.is_set,))
    for each in (limit, people):
        each.start()
    try:
        yield goes_on
    finally:
        goes_on.clear()
        limit.cancel()
        people.join()


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """The wait that one in a hundred requests exceeds, over that without a run."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=folder) as home:
        found = measured(Path(home) / "home", size)
    for name, waits in found.phases():
        print(f"{name}: {len(waits):,} requests", *by_kind(waits), sep="\n  ", flush=True)
    rows = f"{size.rows:,} rows"
    seconds = found.busy[-1].due - found.busy[0].due
    print(f"the run of {rows} was {found.status} after {seconds:.0f} s", flush=True)
    quiet, busy = percentile(found.quiet, 0.99), percentile(found.busy, 0.99)
    failed = sum(wait.status not in (200, 303) for wait in found.busy)
    yield Figure(
        f"web p99 while {rows} are planned and run, SQLite, {RATE} requests/s",
        f"{short(busy)} ms" + (f", {failed} failed" if failed else ""),
        f"{short(quiet)} ms without a run",
        f"{busy / quiet:.2f}x",
        f"≤ {MOST} ms",
        busy / MOST,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=Size.rows)
    parser.add_argument("--seconds", type=int, default=Size.seconds, help="the longest")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    size = Size(1, rows=options.rows, seconds=options.seconds)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        print(table(figures(size, Path(folder))))


if __name__ == "__main__":
    main()
