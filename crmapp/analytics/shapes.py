"""Whether the expressions of a dataset fit the tables they read."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from crmapp.analytics.dataset import Dataset
from crmapp.analytics.expressions import columns_of
from crmapp.analytics.outline import Place

_TOO_LONG = re.compile(r"^Maximum line size of (\d+) bytes exceeded", re.MULTILINE)


class Shapes:
    """Checks every expression of a dataset against the table it reads, with the place at hand."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, dataset: Dataset, tables: Path
    ) -> None:
        self._connection = connection
        self._dataset = dataset
        self._tables = tables

    def check(self) -> None:
        dataset = self._dataset
        self._type(dataset.day, dataset.file, dataset.day_place, ("DATE",))
        for one in dataset.details.values():
            self._type(one.sql, dataset.file, one.place)
        for dimension in dataset.dimensions.values():
            for one in dimension.properties.values():
                self._type(one.sql, dimension.file or dataset.file, one.place)
            self._type(dimension.join, dataset.file, dimension.place)
        for measure in dataset.measures.values():
            for aggregate in measure.formula.aggregates:
                if aggregate.argument is not None:
                    exact = measure.kind == "money" and not aggregate.distinct
                    allowed = ("DECIMAL", "INTEGER", "BIGINT") if exact else ()
                    self._type(aggregate.argument, dataset.file, measure.place, allowed)

    def _type(self, sql: str, file: str, place: Place, allowed: tuple[str, ...] = ()) -> None:
        known = self._columns(file, place)
        for name in sorted(columns_of(sql)):
            if name.lower() not in known:
                place.fail(f"{file} has no column {name!r}", known.values())
        try:
            found = self._connection.sql(
                f"SELECT {sql} AS x FROM {source(self._tables / file)} LIMIT 0"
            ).types[0]
        except duckdb.Error as error:
            place.fail(f"{sql}: {first_line(error)}")
        if allowed and not str(found).startswith(allowed):
            place.fail(f"{sql} is of type {found}", allowed)

    def _columns(self, file: str, place: Place) -> dict[str, str]:
        try:
            table = self._connection.sql(f"SELECT * FROM {source(self._tables / file)} LIMIT 0")
        except duckdb.Error as error:
            place.fail(f"{file} cannot be read: {first_line(error)}")
        return {name.lower(): name for name in table.columns}


def source(path: Path) -> str:
    """A table's file as a table of DuckDB's."""
    quoted = str(path).replace("'", "''")
    if path.suffix == ".csv":
        return f"read_csv('{quoted}', header = true)"
    return f"read_parquet('{quoted}')"


def first_line(error: Exception) -> str:
    """What DuckDB says, without its hints; of too long a line, what may be wrong with it."""
    said = str(error)
    if (found := _TOO_LONG.search(said)) is not None:
        most = int(found[1]) // 1_000_000
        return f"a line is longer than {most} MB; is a quotation mark not closed in it?"
    return said.splitlines()[0]
