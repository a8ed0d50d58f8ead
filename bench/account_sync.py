"""A sync of accounts with both systems: its requests over the least possible, and its memory.

    python -m bench.account_sync --rows 10000

So many accounts are made here and then in both systems by a sync; then all of them are changed
here, and then in Salesforce. Each sync works in a process of its own, whose memory is watched. The
least number of requests follows from what one may hold, as in ``bench.calls``: each account is read
on both sides before it is written, and what was changed elsewhere is read as it is found.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sqlalchemy import delete, select, update

from bench.by_httpx import BareSalesforce
from bench.calls import JOB, KEYS, PAGE, figure, least
from bench.figures import Figure, Size, at_most, short, table
from bench.list_sync import FEW, FLAT, MOST
from bench.memory import highest
from bench.people import furnish, opened
from bench.pretended import ACCOUNT, EXTERNAL, Pretended, pretended
from crmapp import config
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.changes import Action, Write
from crmapp.domain.field_rules import Side
from crmapp.domain.permissions import Role
from crmapp.models import Account, AccountSync, Connection, RequestLog, Run, User
from crmapp.services import (
    account_sync,
    account_sync_states,
    field_maps,
    records,
    runs,
    sync_options,
    users,
)
from crmapp.services.account_sync_apply import AT_ONCE
from crmapp.services.sync_options import SyncOptions
from tests.support.sandbox_pair import connect_both

ADMIN = "a@bench.example"
ROWS = 10_000
STEPS = ("new", "here", "there")
IDS = 2000
"""Accounts that Salesforce's Collections read in one request by their ids."""
NUMBERS = 5 * 800
"""Numbers that one Composite request asks about: it takes five questions of SOQL, each with as many
as an address of 16 KB holds. All else by which one may ask has such an address for itself."""
OTHERS = 5
"""Of so many accounts that nothing happens to, one is synchronised."""
_AT_ONCE = 5000


@dataclass(frozen=True)
class Taken:
    """What one sync took: seconds, MB at its peak, and requests by system."""

    wall: float
    peak: float
    requests: dict[str, int]
    done: dict[str, int]


def admin() -> User:
    """Return the person who synchronizes, in the application that one is in."""
    return session.scalars(select(User).where(User.email == ADMIN)).one()


def sync(home: Path, step: str) -> Taken:
    """Carry out what waits, in this process, as a worker does."""
    with opened(home):
        config.use(replace(config.settings(), time_slice=1e9))
        with unit_of_work():
            session.execute(delete(RequestLog))
            if step == "there":
                account_sync_states.keep_clock(due_at=utcnow())
        began = time.perf_counter()
        run_id = account_sync.start_due()
        assert run_id is not None
        runs.work(run_id)
        runs.work(run_id)
        wall = time.perf_counter() - began
        session.rollback()
        ended = session.get_one(Run, run_id)
        if ended.status != "done":
            raise SystemExit(f"the sync ended as {ended.status}: {ended.done} {ended.error}")
        return Taken(wall, highest(), _requests(), ended.done)


def _requests() -> dict[str, int]:
    """Count the requests by system; questions after a job that works are told apart."""
    found = {"salesforce": 0, "intacct": 0, "questions": 0}
    query = select(Connection.system, RequestLog.method, RequestLog.path).join(
        Connection, Connection.id == RequestLog.connection_id
    )
    for system, method, path in session.execute(query):
        asks = method == "GET" and "jobs/ingest/" in path and "Results" not in path
        found["questions" if asks else system] += 1
    return found


def in_own_process(home: Path, step: str) -> Taken:
    """Do :func:`sync` in a process of its own, and tell of it."""
    command = [sys.executable, "-m", "bench.account_sync", "--home", str(home), "--step", step]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    taken = Taken(**json.loads(done.stdout.splitlines()[-1]))
    print(f"{step}: {taken}", flush=True)
    return taken


def prepare(home: Path, peers: Pretended, rows: int) -> None:
    """Connect both systems, enable the sync, and make accounts here."""
    furnish(home)
    with opened(home):
        users.add(name="Ada", email=ADMIN, role=Role.ADMIN, by=None)
        connect_both(peers.salesforce, peers.intacct, by=admin(), by_rest=True)
        field_maps.read_anew(by=admin())
        sync_options.save(SyncOptions(True, create=frozenset(Side)), seen=0, by=admin())
        with unit_of_work():  # what is there already is no change
            account_sync_states.keep_clock(due_at=utcnow().replace(year=utcnow().year + 1))
        _bystanders(rows * OTHERS)
        for start in range(0, rows, _AT_ONCE):
            with unit_of_work():
                made = [
                    {"name": f"Company {n}", "number": f"B{n:06}", "phone": f"+33 1 40 {n:06}"}
                    for n in range(start, min(start + _AT_ONCE, rows))
                ]
                records.write(Account, [Write(Action.CREATE, each) for each in made], by=admin())


def _bystanders(count: int) -> None:
    """Have accounts that were synchronised once: with them, nobody has to look at the plan."""
    for start in range(0, count, _AT_ONCE):
        with unit_of_work():
            made = [{"name": f"Bystander {n}"} for n in range(start, min(start + _AT_ONCE, count))]
            records.write(Account, [Write(Action.CREATE, each) for each in made], by=admin())
    with unit_of_work():
        session.execute(update(AccountSync).values(pending=None))


def change_here(home: Path) -> None:
    """Change the phone of every account here."""
    with opened(home):
        numbered = select(Account.id).where(Account.number.is_not(None)).order_by(Account.id)
        ids = session.scalars(numbered).all()
        for start in range(0, len(ids), _AT_ONCE):
            with unit_of_work():
                writes = [
                    Write(Action.UPDATE, {"phone": f"+33 2 40 {id_:06}"}, id_)
                    for id_ in ids[start : start + _AT_ONCE]
                ]
                records.write(Account, writes, by=admin())


def change_there(peers: Pretended, rows: int) -> None:
    """Change the phone of every account in Salesforce."""
    changed = [(f"B{n:06}", f"+33 3 40 {n:06}") for n in range(rows)]
    with BareSalesforce(peers.salesforce) as bare:
        bare.write(ACCOUNT, EXTERNAL, (EXTERNAL, "Phone"), changed)


def measured(rows: int, folder: Path) -> dict[str, Taken]:
    """Synchronize so many accounts: new ones, changed here, changed in Salesforce."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=folder) as place:
        home = Path(place) / "home"
        with pretended(Path(place) / "peers") as peers:
            prepare(home, peers, rows)
            found = {"new": in_own_process(home, "new")}
            change_here(home)
            found["here"] = in_own_process(home, "here")
            change_there(peers, rows)
            found["there"] = in_own_process(home, "there")
    return found


def fewest(step: str, rows: int) -> dict[str, int]:
    """Return the least number of requests of each system."""
    parts = -(-rows // AT_ONCE)
    asked = -(-rows // (NUMBERS if step == "new" else IDS))
    salesforce = asked + (JOB - 1) * parts  # each part goes by a job, whose questions are apart
    intacct = -(-rows // KEYS) + least("intacct_rest", rows)
    if step == "there":  # what the sync before it wrote to Intacct is read as changed there
        echo = -(-rows // PAGE["intacct_rest"])
        return {"salesforce": -(-rows // PAGE["salesforce"]) + asked, "intacct": intacct + echo}
    return {"salesforce": salesforce, "intacct": intacct}


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """The requests of a sync of accounts, over the least possible, and its memory."""
    rows = min(ROWS, size.rows)
    few, found = measured(rows // FEW, folder), measured(rows, folder)
    words = {"new": "new here", "here": "changed here", "there": "changed in Salesforce"}
    for step, taken in found.items():
        for system, least_ in fewest(step, rows).items():
            what = f"sync of {rows:,} accounts {words[step]}: requests to {system}"
            yield figure(what, taken.requests[system], least_)
        rate = f"{rows / taken.wall:,.0f} accounts/s"
        yield Figure(f"sync of {rows:,} accounts {words[step]}", rate)
    peak = max(each.peak for each in found.values())
    small = max(each.peak for each in few.values())
    what = f"memory of the worker at its peak: sync of {rows:,} accounts"
    yield at_most(what, peak, MOST, "MB")
    yield Figure(
        what,
        f"{short(peak)} MB",
        f"{short(small)} MB for {rows // FEW:,} accounts",
        f"{peak / small:.2f}x",
        f"≤ {FLAT}x",
        peak / small / FLAT,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    if options.home:
        print(json.dumps(asdict(sync(options.home, options.step))))
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        print(table(figures(Size(1, rows=options.rows), Path(folder))))


if __name__ == "__main__":
    main()
