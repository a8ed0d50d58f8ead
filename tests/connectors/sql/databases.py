"""Databases of an ERP on real servers, each with customers, an owner who writes and a reader."""

from __future__ import annotations

import os
import secrets
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

from crmapp.connectors.source_reach import SourceReach
from crmapp.connectors.sql.reader import SqlReader
from crmapp.connectors.sql.settings import SqlSettings
from tests.support import mariadb, postgres

READER, PASSWORD = "reader", "geheim-Łódź-%40"
SERVERS = ("postgresql", "mariadb")
KINDS = ("sqlite", *SERVERS)
HERE = SourceReach(hosts=("127.0.0.1",))

CUSTOMERS = {
    "sqlite": "code TEXT PRIMARY KEY, name TEXT NOT NULL, city VARCHAR(40), credit NUMERIC(10,2),"
    " active BOOLEAN, since DATE, changed DATETIME, \"Delivery Zone\" INTEGER",
    "postgresql": "code text PRIMARY KEY, name text NOT NULL, city varchar(40),"
    " credit numeric(10,2), active boolean, since date, changed timestamptz,"
    ' "Delivery Zone" integer',
    "mariadb": "code VARCHAR(20) PRIMARY KEY, name TEXT NOT NULL, city VARCHAR(40),"
    " credit DECIMAL(10,2), active BOOLEAN, since DATE, changed DATETIME(6),"
    " `Delivery Zone` INTEGER",
}  # fmt: skip


class Erp:
    """One database of an ERP."""

    kind: str
    url: str
    reach = HERE
    password = PASSWORD

    def run(self, *statements: str) -> None:
        """Run statements as the owner."""
        raise NotImplementedError

    def customers(self, *rows: tuple[Any, ...], columns: str = "code, name, changed") -> None:
        """Add customers; a text is written as it is."""
        for row in rows:
            values = ", ".join("NULL" if each is None else f"'{each}'" for each in row)
            self.run(f"INSERT INTO {self.table} ({columns}) VALUES ({values})")

    @property
    def table(self) -> str:
        return self.listed

    listed = "customers"
    """As the catalogue lists the table."""

    def settings(self, **more: str) -> SqlSettings:
        return SqlSettings.from_json({"url": self.url, "password": self.password, **more})

    def reader(
        self, *, reach: SourceReach | None = None, page: int = 3, patience=None, **more: str
    ):
        options = {"page": page} | ({"patience": patience} if patience else {})
        return SqlReader(self.settings(**more), reach or self.reach, **options)


class SqliteErp(Erp):
    kind = "sqlite"
    password = ""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "erp 100%?#.db"
        self.url = f"sqlite:///{str(self.file).replace('%', '%25').replace('?', '%3F')}"
        self.reach = SourceReach((folder,))

    def run(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.file)) as connection, connection:
            for statement in statements:
                connection.execute(statement)


class PostgresErp(Erp):
    kind = "postgresql"
    listed = "sales.customers"

    def __init__(self, server: postgres.Server, port: int) -> None:
        self.server = server
        self.name = f"erp_{secrets.token_hex(4)}"
        server.run("CREATE DATABASE {}", self.name)
        self.url = f"postgresql://{READER}@127.0.0.1:{port}/{self.name}"
        self._line = psycopg.connect(server.url(self.name), autocommit=True)
        self.run("CREATE SCHEMA sales", f"GRANT USAGE ON SCHEMA sales TO {READER}")
        self.run(f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {READER}")
        self.run("SET timezone = 'UTC'")

    def run(self, *statements: str) -> None:
        for statement in statements:
            self._line.execute(statement)

    def close(self) -> None:
        self._line.close()
        self.server.run("DROP DATABASE {} WITH (FORCE)", self.name)


class MariaErp(Erp):
    kind = "mariadb"

    def __init__(self, server: mariadb.Server) -> None:
        self.server = server
        self.name = f"erp_{secrets.token_hex(4)}"
        server.run(f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4")
        server.run(f"GRANT SELECT ON {self.name}.* TO {READER}@'127.0.0.1'")
        self.url = f"mariadb://{READER}@127.0.0.1:{server.port}/{self.name}"
        self.listed = f"{self.name}.customers"
        self._line = server.connect(self.name)

    def run(self, *statements: str) -> None:
        with self._line.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def close(self) -> None:
        self._line.close()
        self.server.run(f"DROP DATABASE {self.name}")


@cache
def postgres_server() -> tuple[postgres.Server, int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = postgres.Server(listen_addresses="127.0.0.1", port=str(port))
    server.run(f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'")
    return server, port


@cache
def mariadb_server() -> mariadb.Server:
    server = mariadb.Server()
    server.run(f"CREATE USER {READER}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
    return server


def close_servers() -> None:
    """Stop the servers that were started for the tests of this process."""
    if postgres_server.cache_info().currsize:
        postgres_server()[0].close()
        postgres_server.cache_clear()
    if mariadb_server.cache_info().currsize:
        mariadb_server().close()
        mariadb_server.cache_clear()


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[Erp]:
    """Open an empty database; without its server the test is skipped, unless in CI."""
    try:
        if kind == "sqlite":
            yield SqliteErp(folder)
        elif kind == "postgresql":
            with closing(PostgresErp(*postgres_server())) as erp:
                yield erp
        else:
            with closing(MariaErp(mariadb_server())) as erp:
                yield erp
    except (postgres.NoServer, mariadb.NoServer) as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(missing))
