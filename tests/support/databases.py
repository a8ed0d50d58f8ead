"""One clean database for each test, on the engine that CRMAPP_TEST_DB names."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import psycopg

from tests.support.postgres import Server


class Database(Protocol):
    """A database that can be frozen once it has its schema, and thawed before each test."""

    url: str

    def freeze(self) -> None:
        """Keep the present content as the beginning of each test. Nobody may be connected."""

    def thaw(self) -> None:
        """Bring the frozen content back. Connections may stay open, but hold no lock."""


class SqliteDatabase:
    def __init__(self, folder: Path) -> None:
        self._file = folder / "crmapp.db"
        self._frozen = folder / "frozen.db"
        self.url = f"sqlite:///{self._file}"

    def freeze(self) -> None:
        self._copy(self._file, self._frozen)

    def thaw(self) -> None:
        self._copy(self._frozen, self._file)

    def _copy(self, source: Path, target: Path) -> None:
        """Copy page by page under the database's own locks, whoever may have it open."""
        with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as write:
            read.backup(write)


class PostgresDatabase:
    """Emptied row by row, which takes a hundredth of the time of a new copy from a template.

    The frozen rows lie in a schema of their own, with a function that brings them back: kept
    connections keep its plans. Nothing is done while nothing was written; a test that took a table
    away is followed by a copy from the template.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._written: str | None = None
        self._outside = psycopg.connect(server.url("postgres"), autocommit=True)
        self._inside: psycopg.Connection | None = None
        self.url = server.url("crmapp_test")
        server.recreate("crmapp_test")

    def freeze(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA frozen")
            query = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"
            tables = [name for (name,) in connection.execute(query).fetchall()]
            for table in tables:
                connection.execute(f"CREATE TABLE frozen.{table} AS TABLE public.{table}")
            query = (
                "SELECT format('PERFORM setval(%L, %s, %L);', schemaname || '.' || sequencename,"
                " coalesce(last_value, 1), last_value IS NOT NULL) FROM pg_sequences"
            )
            sequences = [statement for (statement,) in connection.execute(query).fetchall()]
            connection.execute(f"CREATE TABLE frozen.indexes AS {_INDEXES}")
            body = "\n".join([_ALONE, _NO_MORE_INDEXES, *map(_as_frozen, tables), *sequences])
            head = "CREATE FUNCTION frozen.thaw() RETURNS void LANGUAGE plpgsql"
            connection.execute(f"{head} AS $$DECLARE more text; BEGIN {body} END$$")
        self._server.recreate("crmapp_frozen", "crmapp_test")
        self._written = self._position()

    def thaw(self) -> None:
        if self._position() == self._written:
            return
        try:
            if self._inside is None:
                self._inside = psycopg.connect(self.url, autocommit=True)
            self._inside.execute("SELECT frozen.thaw()")
        except psycopg.errors.UndefinedTable:
            self._leave()
            self._server.recreate("crmapp_test", "crmapp_frozen")
        self._written = self._position()

    def close(self) -> None:
        self._leave()
        self._outside.close()

    def _leave(self) -> None:
        if self._inside is not None:
            self._inside.close()
            self._inside = None

    def _position(self) -> str:
        """Return how far the server's log has come: it grows with every write by anybody."""
        row = self._outside.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone()
        assert row is not None
        return str(row[0])


_ALONE = """
PERFORM set_config('session_replication_role', 'replica', true);
PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle';
"""
"""Begins to thaw: without foreign keys, and without whoever holds a lock."""

_INDEXES = (
    "SELECT relname FROM pg_class WHERE relkind = 'i' AND relnamespace = 'public'::regnamespace"
)
_NO_MORE_INDEXES = f"""
FOR more IN {_INDEXES} EXCEPT SELECT relname FROM frozen.indexes LOOP
    EXECUTE format('DROP INDEX public.%I', more);
END LOOP;
"""
"""Drops what custom fields have made; whoever drops a frozen one is not made good."""


def _as_frozen(table: str) -> str:
    """Return the statements that leave in ``table`` what was frozen, and nothing else."""
    now, then = f"(SELECT t::text FROM {table} t)", f"(SELECT f::text FROM frozen.{table} f)"
    return (
        f"DELETE FROM {table} t WHERE t::text NOT IN {then};"
        f"INSERT INTO {table} SELECT * FROM frozen.{table} f WHERE f::text NOT IN {now};"
    )


@contextmanager
def open_database(folder: Path) -> Iterator[Database]:
    """Open the database that ``CRMAPP_TEST_DB`` names: sqlite (default) or postgres."""
    kind = os.environ.get("CRMAPP_TEST_DB") or "sqlite"
    if kind == "sqlite":
        yield SqliteDatabase(folder)
    elif kind == "postgres":
        with closing(Server()) as server, closing(PostgresDatabase(server)) as database:
            yield database
    else:
        raise ValueError(f"CRMAPP_TEST_DB={kind!r}: use sqlite or postgres")


@contextmanager
def open_empty_database() -> Iterator[dict[str, str]]:
    """Open an empty database of the kind of this test run, named as an operator names it."""
    if os.environ.get("CRMAPP_TEST_DB") != "postgres":
        yield {}
        return
    with closing(Server()) as server:
        server.recreate("crmapp_empty")
        yield {"DATABASE_URL": server.url("crmapp_empty")}
