"""Plan and run of an upsert against the same rows written with ``sqlite3`` by hand.

``python -m bench.upserts --rows 100000 --times 5``. Half of the rows create an account, half update
three fields of one. By hand means: batches of 5,000, read by key, compare in Python, insert or
update with a version check, one change row each, an identity row each, and a trigram index kept up.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.timing import Timing, ratio
from crmapp import create_app
from crmapp.config import Settings
from crmapp.db import db, session
from crmapp.db.schema import migrate
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.records import derived
from crmapp.models import User
from crmapp.services import runs, sources, upserts, users
from crmapp.services.sources import SourceColumn

MAPPING = FieldMapping(
    {
        "name": "name",
        "number": "code",
        "phone": "phone",
        "billing_city": "city",
        "billing_country": "country",
    }
)
COLUMNS = ("name", "phone", "billing_city", "billing_country")
BATCH = 5000


def row(number: int, edition: int) -> dict[str, str]:
    """Row ``number`` of the source; another ``edition`` differs in phone, city and country."""
    return {
        "code": f"K{number:08}",
        "name": f"Company {number} Industries",
        "phone": f"+33 {edition} {number:08}",
        "city": f"City {number % 997} {edition}",
        "country": f"Country {number % 97} {edition}",
    }


class Generated:
    """Rows ``first`` … ``first + count``, on the port of sources."""

    def __init__(self, kept: Mapping[str, Any], _by: User) -> None:
        self._end, self._edition = kept["count"], kept["edition"]

    def columns(self, locale: str = "") -> list[SourceColumn]:
        return [SourceColumn(name, name) for name in row(0, 0)]

    def count(self) -> int:
        return int(self._end)

    def rows(self, after: str | None, limit: int) -> Sequence[tuple[str, Mapping[str, Any]]]:
        start = int(after[1:]) + 1 if after else 0
        cells = (
            row(number, self._edition) for number in range(start, min(start + limit, self._end))
        )
        return [(each["code"], each) for each in cells]


def by_pipeline(count: int, edition: int, by_id: int) -> None:
    """Plan and run ``count`` rows as a worker does."""
    by = session.get_one(User, by_id)
    source = {
        "kind": "generated",
        "count": count,
        "edition": edition,
        "identity": ["bench", "rows"],
    }
    run_id = upserts.start(source, title="Bench", by=by, key=None)
    upserts.plan_later(run_id, MAPPING, confirmed=None, by=by)
    runs.work(run_id)
    planned = runs.get(run_id, by=by)
    upserts.run_later(run_id, plan_hash=planned.plan_hash or "", key=None, by=by)
    runs.work(run_id)
    ended = runs.get(run_id, by=by)
    if ended.status != "done" or sum(ended.done.values()) != count:
        raise SystemExit(f"the run ended as {ended.status}: {ended.done} {ended.error}")


BY_HAND = """
    CREATE TABLE account (id INTEGER PRIMARY KEY, number TEXT UNIQUE, name TEXT, phone TEXT,
        billing_city TEXT, billing_country TEXT, search_text TEXT, version INTEGER);
    CREATE INDEX account_name ON account (name, id);
    CREATE TABLE change (id INTEGER PRIMARY KEY, account_id INTEGER, fields TEXT, version INTEGER);
    CREATE INDEX change_account ON change (account_id, id);
    CREATE TABLE identity (external_id TEXT PRIMARY KEY, account_id INTEGER);
    CREATE VIRTUAL TABLE account_search USING fts5(
        search_text, content='account', content_rowid='id', tokenize='trigram');
"""


def by_hand(connection: sqlite3.Connection, count: int, edition: int) -> None:
    for batch in _batches(count, edition):
        _write_batch(connection, batch)


def _batches(count: int, edition: int) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, count, BATCH):
        batch = []
        for number in range(start, min(start + BATCH, count)):
            cells = row(number, edition)
            values = {
                "number": cells["code"],
                "name": cells["name"],
                "phone": cells["phone"],
                "billing_city": cells["city"],
                "billing_country": cells["country"],
            }
            batch.append(values | {"search_text": derived("account", values)["search_text"]})
        yield batch


def _write_batch(connection: sqlite3.Connection, batch: list[dict[str, Any]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    known = {
        found[1]: found
        for found in connection.execute(
            "SELECT id, number, name, phone, billing_city, billing_country, search_text, version"
            " FROM account WHERE number IN (SELECT value FROM json_each(?))",
            [json.dumps([each["number"] for each in batch])],
        )
    }
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM account").fetchone()
    inserts, updates, changes, identities, out, into = [], [], [], [], [], []
    for each in batch:
        old = known.get(each["number"])
        if old is None:
            last += 1
            inserts.append((last, *each.values()))
            changes.append((last, json.dumps({k: [None, v] for k, v in each.items()}), 1))
            identities.append((each["number"], last))
            into.append((last, each["search_text"]))
            continue
        fields = {
            name: [old[2 + place], each[name]]
            for place, name in enumerate(COLUMNS)
            if old[2 + place] != each[name]
        }
        if fields:
            updates.append((*(each[name] for name in COLUMNS), each["search_text"], old[0], old[7]))
            changes.append((old[0], json.dumps(fields), old[7] + 1))
            out.append((old[0], old[6]))
            into.append((old[0], each["search_text"]))
    run = connection.executemany
    run("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, 1)", inserts)
    run(
        "UPDATE account SET name=?, phone=?, billing_city=?, billing_country=?, search_text=?,"
        " version=version+1 WHERE id=? AND version=?",
        updates,
    )
    run("INSERT INTO change (account_id, fields, version) VALUES (?, ?, ?)", changes)
    run("INSERT INTO identity VALUES (?, ?)", identities)
    run(
        "INSERT INTO account_search(account_search, rowid, search_text) VALUES('delete', ?, ?)", out
    )
    run("INSERT INTO account_search(rowid, search_text) VALUES (?, ?)", into)
    connection.execute("COMMIT")


def _open_by_hand(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-32000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.executescript(BY_HAND)
    return connection


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    ours, raw = Timing("plan + run"), Timing("sqlite3 by hand")
    again, raw_again = Timing("plan + run, unchanged"), Timing("by hand, unchanged")
    for turn in range(options.times):
        folder = Path(tempfile.mkdtemp(prefix="bench-"))
        connection = _open_by_hand(folder / "raw.db")
        by_hand(connection, options.rows // 2, 1)
        raw.run(lambda: by_hand(connection, options.rows, 2))  # noqa: B023  (run at once)
        raw_again.run(lambda: by_hand(connection, options.rows, 2))  # noqa: B023  (run at once)
        connection.close()
        app = create_app(Settings.from_env({"CRMAPP_HOME": str(folder)}))
        sources.register("generated", Generated)
        with app.app_context():
            migrate(db.engine)
            by = users.add(name="B", email=f"b{turn}@bench.example", role="admin", by=None)
            by_pipeline(options.rows // 2, 1, by)
            ours.run(lambda: by_pipeline(options.rows, 2, by))  # noqa: B023  (run at once)
            again.run(lambda: by_pipeline(options.rows, 2, by))  # noqa: B023  (run at once)
            db.engine.dispose()
        shutil.rmtree(folder)
    for timing in (raw, ours, raw_again, again):
        print(timing.line(options.rows))
    print(ratio(ours, raw))
    print(ratio(again, raw_again))


if __name__ == "__main__":
    main()
