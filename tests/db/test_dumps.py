"""PostgreSQL as one file and back: all of it, or the database stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace

import psycopg
import pytest
from sqlalchemy.engine import make_url

from crmapp.db import dumps
from crmapp.db.dumps import PostgresCopies
from crmapp.errors import BackupError
from tests.support.elsewhere import psycopg_named
from tests.support.postgres import Server

HARD = ["a\tb", "line\nbreak", "\\.", "\\N", "COPY public.t (a) FROM stdin;", "Łódź", ""]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with closing(Server()) as server:
        yield server


@pytest.fixture
def address(server: Server) -> str:
    server.recreate("dumped")
    with psycopg.connect(server.url("dumped"), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
        connection.execute("CREATE TABLE t (id int PRIMARY KEY, a text)")
        connection.execute("CREATE INDEX ix ON t USING gin (a gin_trgm_ops)")
        connection.execute("CREATE SCHEMA others")
        connection.execute("CREATE TABLE others.kept (id int)")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO t VALUES (%s, %s)", list(enumerate(HARD)))
    return server.url("dumped")


def copier(address: str) -> PostgresCopies:
    return PostgresCopies(make_url(psycopg_named(address)))


def texts(address: str) -> list[str]:
    with psycopg.connect(address) as connection:
        return [text for (text,) in connection.execute("SELECT a FROM t ORDER BY id")]


def test_what_was_there_at_one_moment_comes_back(address, tmp_path):
    with copier(address).copied(tmp_path / "dump") as ask:
        with psycopg.connect(address) as connection:
            connection.execute("INSERT INTO t VALUES (100, 'later')")
        counted = ask("SELECT count(*) FROM t")

    copier(address).put(tmp_path / "dump")

    assert counted == [(len(HARD),)]
    assert texts(address) == HARD


def test_a_dump_that_breaks_off_leaves_the_database_as_it_is(address, tmp_path):
    with copier(address).copied(tmp_path / "dump"):
        pass
    whole = (tmp_path / "dump").read_bytes()
    with psycopg.connect(address) as connection:
        connection.execute("DELETE FROM t WHERE id > 0")

    for cut in (len(whole) - 40, len(whole) // 2, 100):
        (tmp_path / "dump").write_bytes(whole[:cut])
        with pytest.raises(BackupError):
            copier(address).put(tmp_path / "dump")

    assert texts(address) == HARD[:1]


def test_other_schemas_are_left_alone(address, tmp_path):
    with copier(address).copied(tmp_path / "dump"):
        pass
    copier(address).put(tmp_path / "dump")

    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT count(*) FROM others.kept").fetchone() == (0,)


def test_who_is_connected_besides_keeps_a_restore_out(address):
    here = copier(address).version()
    copier(address).check(here)

    refused = pytest.raises(BackupError, match="1 other connections")
    with psycopg.connect(address) as connection, refused:
        connection.execute("SELECT 1")
        copier(address).check(here)


def test_an_older_server_is_refused(address):
    here = int(copier(address).version())

    with pytest.raises(BackupError, match=f"PostgreSQL {here + 1}, the server here is {here}"):
        copier(address).check(str(here + 1))


def test_the_password_is_not_among_the_arguments(monkeypatch, tmp_path, address):
    seen = []

    def run(words, **options):
        seen.append((words, options.get("env", {}).get("PGPASSWORD")))
        return SimpleNamespace(returncode=0, stdout="pg_dump (PostgreSQL) 99", stderr=b"")

    monkeypatch.setattr(dumps.subprocess, "run", run)
    told = copier(address)
    told._told["password"] = "hidden-word"
    with told.copied(tmp_path / "dump"):
        pass

    assert "hidden-word" not in repr([words for words, _ in seen])
    assert seen[-1][1] == "hidden-word"


def test_no_database_is_left_beside(address, server):
    with copier(address).beside() as beside:
        name = beside.database
        assert copier(beside.render_as_string(hide_password=False)).is_empty()

    with psycopg.connect(server.url("postgres")) as connection:
        query = "SELECT count(*) FROM pg_database WHERE datname = %s"
        assert connection.execute(query, [name]).fetchone() == (0,)
