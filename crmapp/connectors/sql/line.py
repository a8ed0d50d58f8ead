"""The line to a database: to checked addresses only, read-only, and given up when it is silent."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast
from urllib.parse import quote

import psycopg
from sqlalchemy import URL, Connection, Engine, Row, Select, create_engine, event
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from crmapp.connectors.addresses import Address
from crmapp.connectors.source_reach import SourceReach
from crmapp.connectors.sql import ages, tls
from crmapp.connectors.sql.refusals import Asked, refused
from crmapp.connectors.sql.settings import PORTS, SqlSettings
from crmapp.patience import Patience, Watch

CONNECT = 10
"""Seconds after which a host that does not answer is given up."""
PATIENCE = Patience(silence=120.0, whole=600.0)
"""How long one page may take: an ERP sorts a large table by a column without an index."""


class Line:
    """Makes a connection for each question, so that none is held while what it gave is worked on.

    A session that idles meanwhile would be cut by firewalls, and keep the database from cleaning
    up. What the session of a database is told is the second lock: the first is that only
    questions of :mod:`crmapp.connectors.sql.reading` and checked queries are asked.
    """

    def __init__(self, settings: SqlSettings, reach: SourceReach, patience: Patience) -> None:
        self._settings = settings
        self._reach = reach
        self._patience = patience
        self._url = settings.address
        self._engine = self._made()

    @property
    def url(self) -> URL:
        return self._url

    @property
    def kind(self) -> str:
        """What SQLAlchemy calls the kind of database."""
        return self._url.get_backend_name()

    @property
    def dialect(self) -> Dialect:
        return self._engine.dialect

    @property
    def _errors(self) -> tuple[type[Exception], ...]:
        return (SQLAlchemyError, *_outside(self.dialect))

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def open(self, object: str = "") -> Iterator[Connection]:
        """Connect for one question about ``object``.

        Raises:
            ConnectorError: the database is away, refuses, or is given up.
        """
        with self._opened(object) as (connection, _watch):
            yield connection

    def stream(self, object: str, asked: Select[Any], size: int) -> Iterator[Sequence[Row[Any]]]:
        """Give out the rows of one answer, so many at a time, as they come.

        Raises:
            ConnectorError: as for :meth:`open`.
        """
        with self._opened(object) as (connection, watch):
            result = connection.execution_options(yield_per=size).execute(asked)
            for rows in result.partitions():
                with watch.resting():
                    yield rows

    @contextmanager
    def _opened(self, object: str) -> Iterator[tuple[Connection, Watch]]:
        asked, watch = Asked(object, self._settings.secrets), Watch(self._patience)
        try:
            with watch, self._connected(watch) as connection:
                yield connection, watch
        except self._errors as error:
            raise refused(error, asked, late=watch.late) from error

    @contextmanager
    def _connected(self, watch: Watch) -> Iterator[Connection]:
        begun = self._engine.connect()
        try:
            watch.over(begun.connection.dbapi_connection)
            reading = _reading(begun)
            _tell(reading, self._patience)
            yield reading
        finally:
            with suppress(SQLAlchemyError):  # it may be broken; the question has its own error
                begun.close()

    def _made(self) -> Engine:
        if self.kind == "sqlite":
            return create_engine("sqlite://", creator=self._file, poolclass=NullPool)
        engine = create_engine(
            self._url.difference_update_query(self._said_to_us),
            poolclass=NullPool,
            hide_parameters=True,
            connect_args=self._arguments(),
        )
        event.listen(engine, "do_connect", self._connect)
        return engine

    @property
    def _said_to_us(self) -> frozenset[str]:
        """The options of the address that the driver does not know."""
        return tls.OPTIONS if self.kind in ("mysql", "mariadb") else frozenset()

    def _arguments(self) -> dict[str, Any]:
        password = self._settings.password
        if self.kind == "postgresql":
            # What this machine keeps for its own databases must not be sent to any other.
            return {"connect_timeout": CONNECT, "password": password, "passfile": "/dev/null"}
        if self.kind in ("mysql", "mariadb"):
            silence = max(round(self._patience.silence), 1)
            return {
                "connect_timeout": CONNECT,
                "password": password.encode(),  # else it is sent as Latin-1
                "read_timeout": silence,
                "write_timeout": silence,
                **tls.arguments(self._url.query, self._url.host or "", self._reach),
            }
        return {"password": password} if password else {}

    def _file(self) -> sqlite3.Connection:
        path = self._reach.place(self._url.database or "")
        line = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=CONNECT)
        line.text_factory = lambda read: read.decode("utf-8", "replace")
        line.execute("PRAGMA query_only = ON")
        return line

    def _connect(self, dialect: Dialect, _record: Any, given: Any, named: dict[str, Any]) -> Any:
        """Connect to an address that was checked, whatever the name leads to a moment later."""
        host = self._url.host or ""
        port = self._url.port or PORTS.get(self.kind, 0)
        found = self._reach.addresses(host, port, self._url.database or "")
        if self.kind == "postgresql":
            # The name is kept beside the addresses: certificates are checked by it.
            several = {"host": ",".join([host] * len(found)), "hostaddr": _joined(found)}
            line = dialect.connect(*given, **{**named, **several, "port": port})
            ages.as_texts(cast("psycopg.Connection[Any]", line))
            return line
        for address in found[:-1]:
            with suppress(*_outside(dialect)):
                return dialect.connect(*given, **{**named, "host": str(address)})
        return dialect.connect(*given, **{**named, "host": str(found[-1])})


def _joined(addresses: list[Address]) -> str:
    return ",".join(map(str, addresses))


def _outside(dialect: Dialect) -> tuple[type[Exception], ...]:
    """The errors of a driver that come by themselves, outside of any statement."""
    driver = dialect.dbapi
    return () if driver is None else (driver.Error,)


def _tell(connection: Connection, patience: Patience) -> None:
    """Tell the session that it only reads, and how long a question may take."""
    whole = max(round(min(patience.silence, patience.whole) * 1000), 1)
    kind = connection.dialect.name
    if kind == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {whole}")
    elif kind in ("mysql", "mariadb"):
        limit = (
            f"max_statement_time = {whole / 1000}"
            if getattr(connection.dialect, "is_mariadb", False)
            else f"max_execution_time = {whole}"
        )
        connection.exec_driver_sql(f"SET SESSION {limit}, time_zone = '+00:00'")
        connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
        connection.rollback()


def _reading(connection: Connection) -> Connection:
    if connection.dialect.name == "postgresql":
        return connection.execution_options(postgresql_readonly=True)
    return connection
