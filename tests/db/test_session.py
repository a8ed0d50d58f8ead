"""What people are told when the database does not answer."""

import sqlite3
from contextlib import closing

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from crmapp.db.session import unavailable


def sqlite_is_full() -> sqlite3.Error:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("PRAGMA max_page_count = 2")
        with pytest.raises(sqlite3.OperationalError) as raised:
            connection.execute("CREATE TABLE t AS SELECT randomblob(100000) AS x")
        return raised.value


@pytest.mark.parametrize(
    "cause", [sqlite_is_full(), psycopg.errors.DiskFull()], ids=["sqlite", "pg"]
)
def test_a_full_disk_is_named(cause):
    found = unavailable(OperationalError("INSERT", {}, cause))

    assert str(found).startswith("The server's disk is full.")


def test_anything_else_is_a_database_that_is_busy():
    found = unavailable(OperationalError("INSERT", {}, sqlite3.OperationalError("locked")))

    assert str(found).startswith("The database is busy.")
