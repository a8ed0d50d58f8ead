"""The same rows as a file, as a table of an ERP on PostgreSQL, and as customers of a grid."""

from __future__ import annotations

import csv
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import duckdb
import psycopg
from sqlalchemy import select

from bench.made import row
from bench.people import opened
from bench.upserts import MAPPING
from crmapp.analytics import dataset as datasets
from crmapp.analytics import snapshots
from crmapp.analytics.intake.tables import Reading
from crmapp.db import session
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.permissions import Role
from crmapp.models import CrmMapping, User
from crmapp.services import (
    crm_mappings,
    feed_sources,
    feeds,
    grids,
    imports,
    runs,
    upserts,
    users,
)
from crmapp.services.feed_checks import Wanted
from crmapp.services.imports import Headings, Way
from tests.support.postgres import Server

HOSTS = "127.0.0.1"
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
_FILE, _MAPPING, _GRID = "customers.csv", "ERP", "made"
_COLUMNS = tuple(row(0, 0))
_DATASET = """\
name: made
label: {en: Made, fr: Inventé}
accounts: customers
fact: {file: lines.parquet, day: day}
dimensions:
  customers:
    label: {en: Customers, fr: Clients}
    file: customers.parquet
    join: customer
    key: code
    name: name
    shown: [code, name]
    properties:
      code: {label: {en: Code, fr: Code}, sql: code}
      name: {label: {en: Name, fr: Nom}, sql: name}
      phone: {label: {en: Phone, fr: Téléphone}, sql: phone}
      city: {label: {en: City, fr: Ville}, sql: city}
      country: {label: {en: Country, fr: Pays}, sql: country}
measures:
  value: {label: {en: Value, fr: Montant}, sql: SUM(value), kind: money}
"""


def admin() -> User:
    """Return whoever imports; the first time she is let in."""
    email = "a@bench.example"
    found = session.scalar(select(User).where(User.email == email))
    if found is not None:
        return found
    return session.get_one(User, users.add(name="Ada", email=email, role=Role.ADMIN, by=None))


class Road(Protocol):
    """One way by which rows come in."""

    def prepare(self, home: Path, rows: int, erp: Erp | None) -> None:
        """Put so many rows there, and set up what a person sets up once."""

    def begin(self, home: Path) -> int:
        """Do as a person does to have them planned; return the run's id."""


class Csv:
    """A file that is sent, whose column of codes says what the ERP calls a row."""

    def prepare(self, home: Path, rows: int, _erp: Erp | None) -> None:
        with (home / _FILE).open("w", newline="", encoding="utf-8") as file:
            lines = csv.writer(file)
            lines.writerow(_COLUMNS)
            lines.writerows(row(number, 1).values() for number in range(rows))

    def begin(self, home: Path) -> int:
        by = admin()
        with (home / _FILE).open("rb") as stream:
            run_id = imports.start(stream, _FILE, Headings(), by=by)
        reading = Reading(**runs.get(run_id, by=by).source["reading"])
        way = replace(Way(reading), key_column="code", system="bench")
        imports.read_anew(run_id, way, Headings(), by=by)
        upserts.plan_later(run_id, MAPPING, confirmed=None, by=by)
        return run_id


@dataclass(frozen=True)
class Erp:
    """A server of PostgreSQL with one database, which a reader may ask over the network."""

    server: Server
    port: int

    def fill(self, rows: int) -> None:
        """Let it have a table of so many customers."""
        self.server.recreate("erp")
        columns = ", ".join(f"{name} text" for name in _COLUMNS)
        with psycopg.connect(self.server.url("erp")) as erp, erp.cursor() as cursor:
            cursor.execute(f"CREATE TABLE customers ({columns}, PRIMARY KEY (code))".encode())
            with cursor.copy("COPY customers FROM STDIN") as copy:
                for number in range(rows):
                    copy.write_row(tuple(row(number, 1).values()))
            cursor.execute("GRANT SELECT ON customers TO reader")


@contextmanager
def erp_server() -> Iterator[Erp]:
    """Start a server.

    Raises:
        NoServer: PostgreSQL is not installed.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(listen_addresses="127.0.0.1", port=str(port), shared_buffers="256MB")
    try:
        server.run("CREATE ROLE reader LOGIN PASSWORD 'reader'")
        yield Erp(server, port)
    finally:
        server.close()


class Postgres:
    """A table of an ERP that a CRM mapping reads in whole, without any column of moments."""

    def prepare(self, home: Path, rows: int, erp: Erp | None) -> None:
        assert erp is not None
        erp.fill(rows)
        url = f"postgresql://reader@127.0.0.1:{erp.port}/erp"
        typed = {"url": url, "password": "reader", "table": "public.customers"}
        wanted = Wanted("ERP", typed, key_column="code")
        with opened(home, CRMAPP_SOURCE_HOSTS=HOSTS):
            by = admin()
            found = feed_sources.check("sql", wanted, by=by)
            source = feed_sources.add("sql", wanted, found, by=by)
            crm_mappings.add(_MAPPING, Content((FedBy(source, MAPPING),)), by=by)

    def begin(self, _home: Path) -> int:
        by = admin()
        mapping = session.scalars(select(CrmMapping).where(CrmMapping.name == _MAPPING)).one()
        return feeds.start(mapping.id, by=by)


class Grid:
    """All customers of a database of sales, from its grid."""

    def prepare(self, home: Path, rows: int, _erp: Erp | None) -> None:
        tables = home / "tables"
        tables.mkdir()
        with duckdb.connect() as connection:
            connection.execute(
                "COPY (SELECT 'K' || lpad(i::VARCHAR, 8, '0') AS code,"
                " 'Company ' || i || ' Industries' AS name,"
                " '+33 1 ' || lpad(i::VARCHAR, 8, '0') AS phone,"
                " 'City ' || i % 997 || ' 1' AS city, 'Country ' || i % 97 || ' 1' AS country"
                f" FROM range({rows}) AS t(i))"
                f" TO '{tables / 'customers.parquet'}'"
            )
            connection.execute(
                "COPY (SELECT DATE '2026-10-01' + i::INTEGER AS day, 'K00000000' AS customer,"
                " 1.5::DECIMAL(12, 2) AS value FROM range(30) AS t(i))"
                f" TO '{tables / 'lines.parquet'}'"
            )
        (tables / f"{_GRID}.yml").write_text(_DATASET, encoding="utf-8")
        found = datasets.load(tables / f"{_GRID}.yml")
        snapshots.refresh(found, tables, home / "snapshots" / _GRID, NOW)
        shutil.rmtree(tables)

    def begin(self, _home: Path) -> int:
        by = admin()
        question = grids.ask(_GRID, "customers", {"activity": "all"}, by=by)
        source = grids.source(question, by=by)
        run_id = upserts.start(source, title="All customers", by=by, key=None)
        confirmed = runs.get(run_id, by=by).total
        upserts.plan_later(run_id, MAPPING, confirmed=confirmed, by=by)
        return run_id


ROADS: Mapping[str, Road] = {"csv": Csv(), "postgres": Postgres(), "grid": Grid()}
