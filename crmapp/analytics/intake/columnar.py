"""Parquet files, read by DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from crmapp.analytics.intake.tables import MOST_ROWS, Reading, Row, as_text, fitted, headings
from crmapp.errors import TableError
from crmapp.i18n import N_, Text

_BATCH = 2_000
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "memory_limit": "512MB",
    "threads": 1,
}


@contextmanager
def opened(path: Path, _reading: Reading) -> Iterator[Columnar]:
    """Open a Parquet file as a table.

    Raises:
        TableError: it cannot be read.
    """
    with duckdb.connect(config=_SETTINGS) as connection:
        yield Columnar(connection, path)


class Columnar:
    """A Parquet file as a table; its line numbers are those of its rows."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        quoted = str(path).replace("'", "''")
        self._connection = connection
        self._ask(f"CREATE TEMP VIEW found AS SELECT * FROM read_parquet('{quoted}')")
        shape = self._ask("DESCRIBE found").fetchall()
        self.columns = headings([name for name, *_ in shape])
        count = self._ask("SELECT COUNT(*) FROM found").fetchall()[0][0]
        if count > MOST_ROWS:
            raise TableError(
                Text(
                    N_("The table has %(count)s rows, and %(most)s is the most."),
                    {"count": count, "most": MOST_ROWS},
                )
            )

    def rows(self) -> Iterator[Row]:
        found = self._ask("SELECT * FROM found")
        line = 0
        while batch := self._batch(found):
            for values in batch:
                line += 1
                row = fitted(line, [as_text(value) for value in values], len(self.columns))
                if row is not None:
                    yield row

    def _batch(self, found: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
        try:
            return found.fetchmany(_BATCH)
        except (duckdb.Error, UnicodeDecodeError, ValueError, OverflowError) as error:
            raise _broken(error) from error

    def _ask(self, sql: str) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(sql)
        except duckdb.Error as error:
            raise _broken(error) from error


def _broken(error: Exception) -> TableError:
    why = str(error).splitlines()[0] if str(error) else type(error).__name__
    return TableError(Text(N_("This Parquet file cannot be read: %(why)s"), {"why": why[:200]}))
