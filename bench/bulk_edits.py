"""Plan and run of an edit of many accounts against the same change made with ``sqlite3`` by hand.

``python -m bench.bulk_edits --rows 100000 --times 3``. All accounts that match the list get another
owner. By hand: read by id in batches of 5,000, compare, update with a version check, one change row
each; an index by owner, as the list needs it.
"""

from __future__ import annotations

import argparse
import json
import logging
import resource
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bench.figures import Figure, Size, rate, times_over
from bench.filled import filled
from bench.people import manager
from bench.timing import Timing, ratio
from crmapp.db import session
from crmapp.domain.permissions import Role
from crmapp.models import User
from crmapp.services import bulk_edits, runs, users
from crmapp.services.account_sets import Chosen

MOST, RATE = 3, 25_000
_BATCH = 5_000
_TABLES = """
    CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT, owner_id INTEGER, version INTEGER);
    CREATE INDEX account_owner ON account (owner_id, name, id);
    CREATE TABLE change (id INTEGER PRIMARY KEY, account_id INTEGER, fields TEXT, version INTEGER);
    CREATE INDEX change_account ON change (account_id, id);
"""


def by_pipeline(owner: int, rows: int) -> None:
    """Give all accounts to ``owner``, as a worker does."""
    by, everything = manager(), Chosen(everything=True)
    give = bulk_edits.setting("owner_id", str(owner), by=by)
    titles = {"en": "Bench", "fr": "Bench"}
    run_id = bulk_edits.start(everything, give, count=rows, titles=titles, by=by, locale="en")
    _work(run_id)
    planned = runs.get(run_id, by=by)
    bulk_edits.run_later(run_id, plan_hash=planned.plan_hash or "", key=None, by=by)
    _work(run_id)
    ended = runs.get(run_id, by=by)
    if ended.status != "done" or ended.done != {"updated": rows}:
        raise SystemExit(f"the run ended as {ended.status}: {ended.done} {ended.error}")


def _work(run_id: int) -> None:
    """Work until the phase is over, slice by slice."""
    begun = runs.get(run_id, by=manager()).status
    while runs.get(run_id, by=manager()).status in (begun, "running", "planning"):
        runs.work(run_id)
        session.rollback()


def opened(path: Path, rows: int) -> sqlite3.Connection:
    """Make a database with as many accounts."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-32000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.executescript(_TABLES)
    made = ((number, f"Account {number:07}", 1, 1) for number in range(1, rows + 1))
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO account VALUES (?, ?, ?, ?)", made)
    connection.execute("COMMIT")
    return connection


def by_hand(connection: sqlite3.Connection, owner: int) -> None:
    """Give all accounts to ``owner``."""
    after = 0
    while True:
        connection.execute("BEGIN IMMEDIATE")
        found = connection.execute(
            "SELECT id, owner_id, version FROM account WHERE id > ? ORDER BY id LIMIT ?",
            [after, _BATCH],
        ).fetchall()
        other = [row for row in found if row[1] != owner]
        connection.executemany(
            "UPDATE account SET owner_id=?, version=version+1 WHERE id=? AND version=?",
            [(owner, id_, version) for id_, _owner, version in other],
        )
        connection.executemany(
            "INSERT INTO change (account_id, fields, version) VALUES (?, ?, ?)",
            [(i, json.dumps({"owner_id": [o, owner]}), v + 1) for i, o, v in other],
        )
        connection.execute("COMMIT")
        if not found:
            return
        after = found[-1][0]


def measured(rows: int, times: int) -> tuple[Timing, Timing]:
    """Do both in turn: each time everything goes to the other of two people."""
    raw, ours = Timing("sqlite3 by hand"), Timing("plan + run")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home = Path(folder) / "home"
        with (
            filled(home, rows) as there,
            there.app.app_context(),
            closing(opened(Path(folder) / "raw.db", rows)) as connection,
        ):
            owners = [_person("Olga"), _person("Otto")]
            for number in range(times):
                owner = owners[number % 2]
                raw.run(lambda owner=owner: by_hand(connection, owner))  # type: ignore[misc]  # bound now
                ours.run(lambda owner=owner: by_pipeline(owner, rows))  # type: ignore[misc]  # bound now
                print(f"turn {number + 1} of {times}: {ratio(ours, raw)}", flush=True)
    return raw, ours


def _person(name: str) -> int:
    made = users.add(name=name, email=f"{name}@bench.example", role=Role.REP, by=None)
    return session.get_one(User, made).id


def figures(size: Size, _folder: Path) -> Iterator[Figure]:
    """All accounts of an installation get another owner, on SQLite."""
    raw, ours = measured(size.rows, size.times)
    what = f"edit of {size.rows:,} accounts, plan + run, SQLite"
    yield times_over(what, ours, raw, MOST, "with sqlite3 by hand")
    yield rate(what, ours, raw, size.rows, RATE, "with sqlite3 by hand")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    raw, ours = measured(options.rows, options.times)
    print(raw.line(options.rows), ours.line(options.rows), ratio(ours, raw), sep="\n")
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
