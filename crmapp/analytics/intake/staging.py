"""Rows as texts become a typed table; a row that does not fit is set aside with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import orjson

from crmapp.analytics.intake import formats
from crmapp.analytics.intake.design import Design, identifier
from crmapp.analytics.intake.formats import TEXT
from crmapp.analytics.intake.tables import MOST_ROWS, Row, lacking, result
from crmapp.domain.changes import Reason
from crmapp.errors import TableError
from crmapp.i18n import N_, Text

LARGEST = 8 * 1024**3
"""Bytes that the rows of a table may take as texts."""
_EVERY = 20_000
_BATCH = 2_000
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "memory_limit": "1GB",
    "threads": 2,
}


@dataclass(frozen=True)
class Rejected:
    """A row that was set aside: its number, where it stands, why, and its cells by heading."""

    number: int
    place: str
    reason: Reason
    params: dict[str, Any]
    cells: dict[str, Any]


class Stage:
    """The rows of a table as texts, in a file of one JSON line each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.rows = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb")

    def add(self, rows: Iterable[Row], source: str, beat: Callable[[int], None]) -> None:
        """Write rows; ``beat`` hears every now and then how many there are by now.

        Raises:
            TableError: there are more than one table may have.
        """
        for row in rows:
            if row.reason is None and not any(map(result, row.cells)):
                continue  # formulas that were filled in too far down
            self.rows += 1
            self._file.write(
                orjson.dumps(self._said(row, source), option=orjson.OPT_APPEND_NEWLINE)
            )
            if self.rows % _EVERY == 0:
                if self.rows > MOST_ROWS or self._file.tell() > LARGEST:
                    raise TableError(
                        Text(
                            N_("The table is too large: %(most)s rows is the most."),
                            {"most": MOST_ROWS},
                        )
                    )
                beat(self.rows)

    def close(self) -> None:
        self._file.close()

    def _said(self, row: Row, source: str) -> dict[str, Any]:
        cells = [cell.strip() or None if cell else None for cell in map(result, row.cells)]
        said: dict[str, Any] = {"n": self.rows, "w": f"{source}:{row.line}", "c": cells}
        if row.reason is not None:
            said |= {"p": row.reason.value, "q": orjson.dumps(row.params).decode()}
        return said


@contextmanager
def typed(stage: Path, headings: Sequence[str], design: Design) -> Iterator[Typed]:
    """Open staged rows as a typed table.

    Raises:
        TableError: a column that the design uses is not there.
    """
    missing = [each.heading for each in design.used if each.heading not in headings]
    if missing:
        raise TableError(lacking(missing))
    with duckdb.connect(config={**_SETTINGS, "temp_directory": str(stage.parent)}) as connection:
        yield Typed(connection, stage, headings, design)


class Typed:
    """Staged rows, typed: those that fit, and those that do not."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        stage: Path,
        headings: Sequence[str],
        design: Design,
    ) -> None:
        self._connection = connection
        self._headings = list(headings)
        self._design = design
        quoted = str(stage).replace("'", "''")
        connection.execute("SET enable_progress_bar = false")
        cells = ", ".join(self._cell(n, each.heading) for n, each in enumerate(design.used))
        values = ", ".join(
            f"{formats.sql(each.reading, f't{n}')} AS v{n}"
            for n, each in enumerate(design.used)
            if each.reading != TEXT
        )
        connection.execute(
            "CREATE TEMP VIEW typed AS"
            f" WITH read AS (SELECT n, w, p, q, c, {cells} FROM read_json('{quoted}',"
            " format = 'newline_delimited', maximum_object_size = 134217728,"
            " columns = {n: 'BIGINT', w: 'VARCHAR', p: 'VARCHAR', q: 'VARCHAR', c: 'VARCHAR[]'})),"
            f" valued AS (SELECT *{', ' if values else ''}{values} FROM read)"
            f" SELECT *, {self._problem()} AS problem FROM valued"
        )

    def write(self, path: Path) -> int:
        """Write the rows that fit as a Parquet file; return their number."""
        columns = ", ".join(
            f"{'t' if each.reading == TEXT else 'v'}{n} AS {identifier(each.name)}"
            for n, each in enumerate(self._design.used)
        )
        quoted = str(path).replace("'", "''")
        found = self._connection.execute(
            f"COPY (SELECT {columns} FROM typed WHERE problem IS NULL ORDER BY n)"
            f" TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)"
        ).fetchone()
        return int(found[0]) if found else 0

    def rejected(self) -> Iterator[Rejected]:
        """The rows that do not fit, in their order."""
        found = self._connection.execute(
            "SELECT n, w, problem, q, c FROM typed WHERE problem IS NOT NULL ORDER BY n"
        )
        while batch := found.fetchmany(_BATCH):
            for number, place, problem, params, cells in batch:
                yield self._rejected(number, place, problem, params, cells or [])

    def _rejected(
        self, number: int, place: str, problem: str, params: str | None, cells: list[str | None]
    ) -> Rejected:
        said = orjson.loads(params) if params else {}
        reason, _, column = problem.partition(":")
        if column:
            used = self._design.used[int(column)]
            at = self._headings.index(used.heading)
            said = {"column": used.heading, "value": (cells[at] or "")[:100]}
        names = [*self._headings, *(f"+{n}" for n in range(1, len(cells)))]
        return Rejected(number, place, Reason(reason), said, dict(zip(names, cells, strict=False)))

    def _cell(self, number: int, heading: str) -> str:
        place = self._headings.index(heading) + 1
        return f"c[{place}] AS t{number}"

    def _problem(self) -> str:
        """The first thing that is wrong with a row: ``reason`` or ``reason:column``; else null."""
        cases = ["WHEN p IS NOT NULL THEN p"]
        for n, each in enumerate(self._design.used):
            if each.reading in formats.DATES:
                cases.append(f"WHEN t{n} IS NOT NULL AND v{n} IS NULL THEN '{Reason.NO_DATE}:{n}'")
            elif each.reading in formats.NUMBERS:
                cases.append(
                    f"WHEN t{n} IS NOT NULL AND v{n} IS NULL THEN '{Reason.NO_NUMBER}:{n}'"
                )
            if each.role == "day" or (each.name == self._design.accounts and each.is_key):
                cases.append(f"WHEN t{n} IS NULL THEN '{Reason.EMPTY}:{n}'")
        return f"CASE {' '.join(cases)} END"
