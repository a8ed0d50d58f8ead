"""Tables that a query finds in somebody else's SQL database, read row by row and never written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import URL, Connection, CursorResult, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from crmapp.analytics.intake.tables import Row, as_text, fitted, headings, printable
from crmapp.domain.reading_queries import NOT_READING, refusal
from crmapp.errors import TableError
from crmapp.i18n import N_, Text
from crmapp.patience import Patience, Watch

FORMAT = "sql"
_AT_ONCE = 1_000
_LONGEST_PROBLEM = 200
_READ_ONLY = {
    "sqlite": "PRAGMA query_only = ON",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
}
"""What keeps a connection from writing; PostgreSQL is told by its driver."""
_CONNECTING = dict.fromkeys(("postgresql", "mysql", "mariadb"), {"connect_timeout": 10})
"""Seconds after which a server that does not answer is given up, as each driver calls them."""
_SILENT = ("mysql", "mariadb")
"""Those whose drivers themselves give up a server that falls silent."""
_LATE = N_(
    "%(name)s has not given its rows within %(seconds)s seconds. Ask for fewer rows, or ask whoever"
    " runs it why it is slow; then try again."
)


class Found:
    """What a query has found; its rows can be read once. See ``tables.Table``."""

    def __init__(self, name: str, result: CursorResult[Any], watch: Watch) -> None:
        self._name, self._result, self._watch = name, result, watch
        self._columns = headings(list(result.keys()))

    @property
    def columns(self) -> tuple[str, ...]:
        return self._columns

    def rows(self) -> Iterator[Row]:
        width = len(self._columns)
        with _told(self._name, self._watch):
            for number, values in enumerate(self._result, 1):
                self._watch.heard()
                row = fitted(number, [as_text(value) for value in values], width)
                if row is not None:
                    yield row


@contextmanager
def opened(name: str, address: str, query: str, patience: Patience) -> Iterator[Found]:
    """Ask a database; ``name`` is what people call it.

    Raises:
        TableError: the query is none that only reads, or the database refuses it or does not
            answer in time.
    """
    url = make_url(address)
    check(query, url)
    limits = dict(_CONNECTING.get(url.get_backend_name(), {}))
    if url.get_backend_name() in _SILENT:
        limits["read_timeout"] = round(patience.silence)
    engine = create_engine(_for_reading(url), poolclass=NullPool, connect_args=limits)
    watch = Watch(patience)
    event.listen(engine, "connect", lambda line, _record: watch.over(line), insert=True)
    with (
        _told(name, watch),
        watch,
        engine.connect() as connection,
        closing(_reading(connection).exec_driver_sql(query)) as result,
    ):
        if not result.returns_rows:
            raise TableError(NOT_READING)
        yield Found(name, result, watch)


def check(query: str, url: URL) -> None:
    """Refuse what is not one query that only reads; the connection refuses it once more.

    Raises:
        TableError
    """
    if problem := refusal(query, url.get_backend_name()):
        raise TableError(problem)


def _for_reading(url: URL) -> URL:
    """The address; a file of SQLite that is not there is not made."""
    if url.get_backend_name() != "sqlite" or not url.database:
        return url
    return url.set(database=f"file:{url.database}").update_query_dict({"mode": "ro", "uri": "true"})


def _reading(connection: Connection) -> Connection:
    """A connection that writes nothing and does not fetch everything at once."""
    dialect = connection.dialect.name
    if dialect in _READ_ONLY:
        connection.exec_driver_sql(_READ_ONLY[dialect])
        connection.rollback()
    more = {"postgresql_readonly": True} if dialect == "postgresql" else {}
    return connection.execution_options(
        stream_results=True, max_row_buffer=_AT_ONCE, no_parameters=True, **more
    )


@contextmanager
def _told(name: str, watch: Watch) -> Iterator[None]:
    """Say what the database says; never its address, which holds a password."""
    try:
        yield
    except SQLAlchemyError as error:
        if watch.late:
            raise TableError(Text(_LATE, {"name": name, "seconds": watch.seconds})) from error
        said = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()[0]
        values = {"name": name, "problem": printable(said)[:_LONGEST_PROBLEM]}
        raise TableError(Text(N_("%(name)s answers: %(problem)s"), values)) from error
