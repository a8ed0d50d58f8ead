"""How the database is spoken to, and what people are told when it does not answer."""

import multiprocessing
import sqlite3
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from crmapp.db import keep_little, session
from crmapp.db.session import prepare_engine, unavailable


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


def change_60_mb_in_50_mb(url: str) -> None:
    engine = create_engine(url)
    prepare_engine(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA hard_heap_limit = 50000000")
        connection.exec_driver_sql("CREATE TABLE wide (id INTEGER PRIMARY KEY, text NOT NULL)")
        connection.exec_driver_sql(
            "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n LIMIT 15000)"
            " INSERT INTO wide SELECT id, zeroblob(4000) FROM n"
        )
        connection.exec_driver_sql("UPDATE wide SET text = zeroblob(3999)")


def test_what_a_statement_may_take_back_is_not_held_in_memory(tmp_path):
    work = multiprocessing.get_context("spawn").Process(
        target=change_60_mb_in_50_mb, args=(f"sqlite:///{tmp_path / 'wide.db'}",)
    )

    work.start()
    work.join()

    assert work.exitcode == 0


@pytest.mark.usefixtures("app")
def test_who_works_in_bulk_keeps_less_of_the_file_in_memory_than_others():
    if session.get_bind().dialect.name != "sqlite":
        keep_little()  # there the server keeps what it keeps
        assert session.scalar(text("SELECT 1")) == 1
        return
    session.connection().exec_driver_sql("PRAGMA cache_size = -32000")
    session.rollback()

    keep_little()

    assert session.connection().exec_driver_sql("PRAGMA cache_size").scalar() == -8000
