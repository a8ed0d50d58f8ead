"""The rows of an upsert written by hand with ``sqlite3``.

Batches of 5,000, read by key, compare in Python, insert or update with a version check, one change
row each, an identity row each, and a trigram index kept up.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from bench.made import found_by, values

COLUMNS = ("name", "phone", "billing_city", "billing_country")
BATCH = 5000
TABLES = """
    CREATE TABLE account (id INTEGER PRIMARY KEY, number TEXT UNIQUE, name TEXT, phone TEXT,
        billing_city TEXT, billing_country TEXT, search_text TEXT, version INTEGER);
    CREATE INDEX account_name ON account (name, id);
    CREATE TABLE change (id INTEGER PRIMARY KEY, account_id INTEGER, fields TEXT, version INTEGER);
    CREATE INDEX change_account ON change (account_id, id);
    CREATE TABLE identity (external_id TEXT PRIMARY KEY, account_id INTEGER);
    CREATE VIRTUAL TABLE account_search USING fts5(
        search_text, content='account', content_rowid='id', tokenize='trigram');
"""


def opened(path: Path) -> sqlite3.Connection:
    """Make an empty database."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-32000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.executescript(TABLES)
    return connection


def write(connection: sqlite3.Connection, count: int, edition: int) -> None:
    """Write the first ``count`` rows in an edition."""
    for start in range(0, count, BATCH):
        _write_batch(connection, list(values(start, min(start + BATCH, count), edition)))


def _write_batch(connection: sqlite3.Connection, batch: list[dict[str, str]]) -> None:
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
            text = found_by(each)
            inserts.append((last, *each.values(), text))
            changes.append((last, json.dumps({k: [None, v] for k, v in each.items()}), 1))
            identities.append((each["number"], last))
            into.append((last, text))
            continue
        fields = {
            name: [old[2 + place], each[name]]
            for place, name in enumerate(COLUMNS)
            if old[2 + place] != each[name]
        }
        if fields:
            text = found_by(each)
            updates.append((*(each[name] for name in COLUMNS), text, old[0], old[7]))
            changes.append((old[0], json.dumps(fields), old[7] + 1))
            out.append((old[0], old[6]))
            into.append((old[0], text))
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
