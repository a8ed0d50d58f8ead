"""A resync of a managed list, over the same reading and writing with ``httpx`` by hand.

    python -m bench.list_sync --rows 100000 --times 3

Intacct has so many territories. A resync reads them, looks what is here and in Salesforce, plans,
and writes both; then it is done once more, and nothing differs. By hand they are read from Intacct
and from Salesforce, and written to another list of Salesforce's in jobs of as many rows as ours;
nothing is kept here. Each resync works in a process of its own, whose memory is watched.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from sqlalchemy import select

from bench.by_httpx import BareIntacctRest, BareSalesforce
from bench.delta import lines
from bench.figures import Figure, Size, at_most, short
from bench.figures import table as written_table
from bench.memory import resident
from bench.people import furnish, opened
from bench.pretended import Pretended, pretended
from bench.timing import Timing, ratio
from crmapp import config
from crmapp.db import session
from crmapp.domain.managed_lists import MANAGED_LISTS, VALUE_HIDDEN, VALUE_ID
from crmapp.domain.permissions import Role
from crmapp.models import User
from crmapp.services import managed_lists, runs, users
from crmapp.services.list_apply import SENT
from tests.support.sandbox_pair import connect_both

ADMIN = "a@bench.example"
LIST, BY_HAND = "territories", "classes"
FEW = 10
"""Memory is compared with that for a tenth of the values."""
FLAT, MOST = 1.2, 300


@dataclass(frozen=True)
class Taken:
    """What one resync took: seconds of CPU and on the clock, and MB at its beginning and at most.

    ``held`` is what it held about every two hundredth of a second, ``done`` what became of values.
    """

    cpu: float
    wall: float
    began: float
    peak: float
    held: Sequence[float] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)


def admin() -> User:
    """Return the person who synchronizes, in the application that one is in."""
    return session.scalars(select(User).where(User.email == ADMIN)).one()


def resync(home: Path) -> Taken:
    """Synchronize the list in this process, as a worker does."""
    with opened(home):
        config.use(replace(config.settings(), time_slice=1e9))
        held: list[float] = []
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.2):
                held.append(resident())

        watcher = threading.Thread(target=watch)
        cpu, began, before = time.process_time(), time.perf_counter(), resident()
        watcher.start()
        run_id = managed_lists.synchronize(LIST, by=admin())
        for _phase in ("plan", "run"):
            runs.work(run_id)
        over.set()
        watcher.join()
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        ended = runs.get(run_id, by=admin())
        if ended.status != "done":
            raise SystemExit(f"the resync ended as {ended.status}: {ended.done} {ended.error}")
        return Taken(cpu, wall, before, highest(), held, ended.done)


def highest() -> float:
    """Return the most memory that this process has held, in MB.

    ``ru_maxrss`` does not tell: a process inherits it from the one that started it, and ours has
    read both systems by hand.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    (kilobytes,) = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(kilobytes) * 1024 / 1e6


def in_own_process(home: Path) -> Taken:
    """Do :func:`resync` in a process of its own, and tell of it."""
    command = [sys.executable, "-m", "bench.list_sync", "--home", str(home)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    taken = Taken(**json.loads(done.stdout.splitlines()[-1]))
    tenths = taken.held[:: max(1, len(taken.held) // 10)]
    print(
        f"resync {taken.wall:.1f} s, CPU {taken.cpu:.1f} s; began with {taken.began:.0f} MB, peak"
        f" {taken.peak:.0f} MB; at each tenth {' '.join(f'{mb:.0f}' for mb in tenths)};"
        f" {taken.done}",
        flush=True,
    )
    return taken


def by_hand(peers: Pretended) -> int:
    """Read both sides, and write to Salesforce what differs there; return how many were read."""
    source, there = MANAGED_LISTS[LIST], MANAGED_LISTS[BY_HAND].salesforce_object
    with BareIntacctRest(peers.intacct) as intacct:
        wanted = intacct.read(
            source.rest_object, (source.rest_key, source.rest_name, "status"), size=4000
        )
    head = (VALUE_ID, "Name", VALUE_HIDDEN)
    with BareSalesforce(peers.salesforce) as salesforce:
        known = {
            (row[VALUE_ID], row["Name"], str(row[VALUE_HIDDEN]).lower())
            for row in salesforce.read(there, head)
        }
        rows = [
            row
            for each in wanted
            if (
                row := (
                    each[source.rest_key],
                    each[source.rest_name],
                    str(each["status"] == "inactive").lower(),
                )
            )
            not in known
        ]
        for start in range(0, len(rows), SENT):
            part = rows[start : start + SENT]
            assert salesforce.write(there, VALUE_ID, head, part) == len(part)
    return len(wanted)


@dataclass
class Compared:
    """What both ways took for values that are new, and for the same values once more."""

    ours: Timing = field(default_factory=lambda: Timing("resync"))
    raw: Timing = field(default_factory=lambda: Timing("httpx"))
    again: Timing = field(default_factory=lambda: Timing("resync, unchanged"))
    raw_again: Timing = field(default_factory=lambda: Timing("httpx, unchanged"))
    peaks: list[float] = field(default_factory=list)

    def turn(self, folder: Path, rows: int) -> None:
        """Let both do it, with systems and an installation of their own."""
        home = folder / "home"
        with pretended(folder / "peers") as peers:
            peers.grow_intacct(MANAGED_LISTS[LIST].xml_object, rows)
            furnish(home)
            with opened(home):
                users.add(name="Ada", email=ADMIN, role=Role.ADMIN, by=None)
                connect_both(peers.salesforce, peers.intacct, by=admin(), by_rest=True)
            for raw, ours in ((self.raw, self.ours), (self.raw_again, self.again)):
                raw.run(lambda: by_hand(peers))
                taken = in_own_process(home)
                ours.cpu.append(taken.cpu)
                ours.wall.append(taken.wall)
                self.peaks.append(taken.peak)


def measured(rows: int, times: int, folder: Path) -> Compared:
    found = Compared()
    for number in range(times):
        with tempfile.TemporaryDirectory(prefix="bench-", dir=folder) as place:
            found.turn(Path(place), rows)
        print(f"turn {number + 1} of {times}: {ratio(found.ours, found.raw)}", flush=True)
    return found


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """A resync of new and of unchanged values over the same by hand, and its memory."""
    rows = size.rows
    few, found = measured(rows // FEW, 1, folder), measured(rows, size.times, folder)
    for each in (found.raw, found.ours, found.raw_again, found.again):
        print(each.line(rows), flush=True)
    yield from lines(f"resync of a list, {rows:,} new values", found.ours, found.raw, rows)
    what = f"resync of a list, {rows:,} unchanged values"
    yield from lines(what, found.again, found.raw_again, rows)
    peak, small = max(found.peaks), max(few.peaks)
    what = f"memory of the worker at its peak: resync of a list, {rows:,} values"
    yield at_most(what, peak, MOST, "MB")
    yield Figure(
        what,
        f"{short(peak)} MB",
        f"{short(small)} MB for {rows // FEW:,} values",
        f"{peak / small:.2f}x",
        f"≤ {FLAT}x",
        peak / small / FLAT,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=Size.rows)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    if options.home:
        print(json.dumps(asdict(resync(options.home))))
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        size = Size(options.times, rows=options.rows)
        print(written_table(figures(size, Path(folder))))


if __name__ == "__main__":
    main()
