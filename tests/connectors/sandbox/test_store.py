from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from crmapp.connectors.sandbox.store import Store
from tests.support.processes import environment

SCHEMA = "CREATE TABLE IF NOT EXISTS number (value INTEGER)"
COUNTING = """
import os, signal, sys
from pathlib import Path
from crmapp.connectors.sandbox.store import Store
store = Store(Path(sys.argv[1]), "CREATE TABLE IF NOT EXISTS number (value INTEGER)")
for value in range(50):
    with store.writing() as connection:
        connection.execute("INSERT INTO number VALUES (?)", [value])
with store.writing() as connection:
    connection.execute("INSERT INTO number VALUES (1000)")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "deep" / "store.db", SCHEMA)
    yield store
    store.close()


def numbers(store):
    with store.reading() as connection:
        return [row["value"] for row in connection.execute("SELECT value FROM number")]


def test_what_was_written_is_there_for_the_next_process(store, tmp_path):
    with store.writing() as connection:
        connection.execute("INSERT INTO number VALUES (7)")

    again = Store(tmp_path / "deep" / "store.db", SCHEMA)

    assert numbers(again) == [7]
    again.close()


def test_a_transaction_that_fails_leaves_nothing(store):
    def fail():
        with store.writing() as connection:
            connection.execute("INSERT INTO number VALUES (7)")
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert numbers(store) == []


def test_a_part_of_a_transaction_is_undone_alone_and_kept_with_the_rest(store):
    def write(value, fails=False):
        with store.writing() as connection:
            connection.execute("INSERT INTO number VALUES (?)", [value])
            if fails:
                raise KeyError

    with store.writing():
        write(1)
        with pytest.raises(KeyError):
            write(2, fails=True)
        within = numbers(store)

    assert within == numbers(store) == [1]


def test_parts_that_went_well_are_undone_with_the_whole(store):
    def fail():
        with store.writing(), store.writing() as connection:
            connection.execute("INSERT INTO number VALUES (1)")
        with store.writing():
            with store.writing() as connection:
                connection.execute("INSERT INTO number VALUES (2)")
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert numbers(store) == [1]


def test_many_threads_write_without_losing_a_row(store):
    def write(value):
        with store.writing() as connection:
            connection.execute("INSERT INTO number VALUES (?)", [value])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(200)))

    assert sorted(numbers(store)) == list(range(200))


def test_a_snapshot_does_not_see_what_is_written_meanwhile(store):
    with store.snapshot() as connection:
        before = connection.execute("SELECT count(*) FROM number").fetchone()[0]
        with store.writing() as other:
            other.execute("INSERT INTO number VALUES (7)")
        after = connection.execute("SELECT count(*) FROM number").fetchone()[0]

    assert (before, after) == (0, 0)
    assert numbers(store) == [7]


def test_a_killed_process_loses_no_row_that_it_committed(tmp_path):
    path = tmp_path / "store.db"

    killed = subprocess.run(
        [sys.executable, "-c", COUNTING, str(path)], env=environment(tmp_path), check=False
    )

    store = Store(path)
    assert killed.returncode == -9
    assert numbers(store) == list(range(50))
    store.close()
