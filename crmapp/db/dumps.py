"""PostgreSQL as one file and back, by its own programs ``pg_dump`` and ``pg_restore``."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import URL

from crmapp.errors import BackupError

_TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
_COPY = re.compile(rb"COPY public\.\S+ \(.*\) FROM stdin;\n")
_WHOLE = ("--format=custom", "--compress=1", "--no-owner", "--no-privileges", "--no-comments")
_BLOCK = 1 << 20
_LEAVING = 3.0
"""Seconds that a connection that was closed may still be listed."""


class PostgresCopies:
    kind = "postgresql"
    in_place = True

    def __init__(self, url: URL) -> None:
        self._url = url
        _, self._told = url.get_dialect()().create_connect_args(url)
        self._told.pop("context", None)

    def version(self) -> str:
        with self._connected() as connection:
            return str(_major(connection))

    @contextmanager
    def copied(self, path: Path) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
        """Dump what one transaction sees, and answer from that transaction."""
        with self._connected() as connection:
            program = _program("pg_dump", _major(connection))
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            ((snapshot,),) = connection.execute("SELECT pg_export_snapshot()").fetchall()
            words = [*_WHOLE, "--schema=public", "--extension=pg_trgm", f"--snapshot={snapshot}"]
            told = {name: value for name, value in self._told.items() if name != "password"}
            with path.open("wb") as file:
                _run([program, *words, f"--dbname={make_conninfo('', **told)}"], self._env(), file)
            yield lambda query: connection.execute(query.encode()).fetchall()

    def is_empty(self) -> bool:
        with self._connected() as connection:
            ((count,),) = connection.execute(_TABLES).fetchall()
        return not count

    def check(self, version: str) -> None:
        with self._connected() as connection:
            here = _major(connection)
            others = _others(connection)
        if int(version) > here:
            raise BackupError(
                f"The backup was made of PostgreSQL {version}, the server here is {here}. Use a"
                f" server of version {version} or newer."
            )
        _program("pg_restore", int(version))
        if others:
            raise BackupError(
                f"{others} other connections to the database are open. Stop crmapp, and whatever"
                " else uses it, on every machine; then try again."
            )

    def put(self, path: Path) -> None:
        """Carry out the dump in one transaction that begins by removing what was there."""
        script = [_program("pg_restore", 0), "--no-owner", "--no-privileges", "--file=-", str(path)]
        with subprocess.Popen(  # noqa: S603  # a program of PostgreSQL, without a shell
            script, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as reading:
            try:
                with self._connected() as connection:
                    connection.execute("SET lock_timeout = '30s'")
                    connection.execute("DROP SCHEMA IF EXISTS public CASCADE")
                    connection.execute("CREATE SCHEMA public")
                    _carry_out(connection, reading.stdout or _nothing())
                    if reading.wait():
                        raise BackupError(f"pg_restore: {_last_line(reading.stderr)}")
            except psycopg.Error as error:
                reading.kill()
                raise BackupError(
                    f"The database cannot be restored: {_first_line(error)}. It is as it was."
                ) from error

    @contextmanager
    def beside(self) -> Iterator[URL]:
        """Have a database of its own on the same server for the time of a block."""
        name = f"crmapp_try_{secrets.token_hex(4)}"
        try:
            with psycopg.connect(**self._told, autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0'.encode())
        except psycopg.Error as error:
            raise BackupError(
                f"No database can be made beside this one: {_first_line(error)}. Let its user"
                " do so (ALTER ROLE … CREATEDB), or name a test server by DATABASE_URL."
            ) from error
        try:
            yield self._url.set(database=name)
        finally:
            with psycopg.connect(**self._told, autocommit=True) as connection:
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        try:
            with psycopg.connect(**self._told, prepare_threshold=None) as connection:
                yield connection
        except psycopg.OperationalError as error:
            raise BackupError(f"The database cannot be used: {_first_line(error)}.") from error

    def _env(self) -> dict[str, str]:
        """The password goes by the environment: everybody can read a program's arguments."""
        password = self._told.get("password")
        return {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}


def _others(connection: psycopg.Connection) -> int:
    """Count who else is connected, but not those that are just leaving."""
    connection.autocommit = True  # what is seen of others is kept for a transaction
    until = time.monotonic() + _LEAVING
    while True:
        ((others,),) = connection.execute(_OTHERS).fetchall()
        if not others or time.monotonic() > until:
            return int(others)
        time.sleep(0.1)


def _carry_out(connection: psycopg.Connection, script: IO[bytes]) -> None:
    """Carry out a script of ``pg_restore``, the rows of each table as they come."""
    statements = bytearray()
    for line in script:
        if _COPY.fullmatch(line):
            connection.execute(bytes(statements))
            statements.clear()
            _copy(connection, line, script)
        elif not line.startswith(b"\\") and line != b"CREATE SCHEMA public;\n":
            statements += line
    connection.execute(bytes(statements))


def _copy(connection: psycopg.Connection, statement: bytes, script: IO[bytes]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        block = bytearray()
        for line in script:
            if line == b"\\.\n":
                break
            block += line
            if len(block) > _BLOCK:
                copy.write(bytes(block))
                block.clear()
        copy.write(bytes(block))


def _program(name: str, least: int) -> str:
    """Return the program's path, if its version is ``least`` at least."""
    path = shutil.which(name)
    if path is None:
        raise BackupError(
            f"The program {name} is missing. Install the client programs of PostgreSQL"
            f" (postgresql-client{f'-{least}' if least else ''}) and put them into PATH."
        )
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603  # a program of PostgreSQL
    found = re.search(r"\d+", said)
    if least and (found is None or int(found[0]) < least):
        raise BackupError(
            f"{path} is of version {found[0] if found else 'unknown'}, and {least} or newer is"
            f" needed. Install postgresql-client-{least}, and put it first into PATH."
        )
    return path


def _run(words: list[str], env: dict[str, str], output: IO[bytes]) -> None:
    done = subprocess.run(  # noqa: S603  # a program of PostgreSQL, without a shell
        words,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        env=env,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it ended"]
        raise BackupError(f"The database cannot be dumped: {lines[-1]}.")


def _major(connection: psycopg.Connection) -> int:
    return connection.info.server_version // 10000


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _last_line(stream: IO[bytes] | None) -> str:
    text = stream.read().decode("utf-8", "replace") if stream else ""
    return (text.strip().splitlines() or ["it ended before its time"])[-1]


def _nothing() -> IO[bytes]:
    raise BackupError("pg_restore says nothing.")
