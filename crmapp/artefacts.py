"""Plans as files: immutable Parquet with a content hash, written and read by DuckDB.

A file's name carries the beginning of its hash, so a finished file is never written again.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb
import orjson

from crmapp.config import settings
from crmapp.errors import FileLost
from crmapp.noted import Note, folder_of

COLUMNS: dict[str, str] = {
    "row_no": "BIGINT",
    "action": "VARCHAR",
    "object": "VARCHAR",
    "record_id": "BIGINT",
    "version": "BIGINT",
    "key": "VARCHAR",
    "name": "VARCHAR",
    "reason": "VARCHAR",
    "params": "VARCHAR",
    "fields": "VARCHAR",
    "numbers": "VARCHAR",
    "match": "VARCHAR",
    "link": "BOOLEAN",
    "links": "VARCHAR",
    "source": "VARCHAR",
    "also": "VARCHAR",
}
_JSON = dict.fromkeys(("params", "fields", "numbers", "source"), "{}")
_JSON.update(links="[]", also="[]")
"""Columns of nested values, which are kept as text: what it says where a row holds nothing."""
_PLAIN = re.compile("[a-z_]*")
_BLOCK = 5000
"""How many rows DuckDB is given at a time, column by column: far less to write than row by row."""
_EMPTY = "SELECT {} WHERE false".format(
    ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in COLUMNS.items())
)
"""Gives a file that was written before a column was known that column, empty."""
_PIECE = 2 << 20
"""Bytes of rows that DuckDB is given at a time, and half of what a row group holds."""
WIDE = 8 << 20
"""Bytes of rows that are worked on at a time, be they fewer than usual."""

LAYERS = ("fixed", "decided")
"""Stems of files that lie over a plan: their rows stand in the place of those below."""


@dataclass(frozen=True)
class Artefact:
    """One immutable file: its name below the artefacts folder, SHA-256 and number of rows."""

    name: str
    sha256: str
    rows: int

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "sha256": self.sha256, "rows": self.rows}


@dataclass(frozen=True)
class Beside:
    """Rows of a plan that ``select`` makes of the view ``plan`` over the files ``parts``."""

    select: str
    parts: Sequence[str]


def write(
    run_id: int, stem: str, rows: Iterable[Sequence[Any]], beside: Beside | None = None
) -> Artefact:
    """Write plan rows, each the values of ``COLUMNS`` in their order, as one file.

    Those of ``beside`` follow them, which nobody has to hold.
    """
    left = iter(rows)
    block, more = list(islice(left, _BLOCK)), list(islice(left, _BLOCK))
    same = {} if more else _same(block)
    with tempfile.TemporaryDirectory(dir=folder_of(run_id), prefix="rows-") as folder:
        files: list[Path] = []
        while block:
            for text in _columns(block, same):
                files.append(Path(folder, f"{len(files)}.json"))
                files[-1].write_bytes(text)
            block, more = more, list(islice(left, _BLOCK))
        select = _unnested(files, COLUMNS, same) if files else _EMPTY
        below = f" UNION ALL BY NAME {beside.select}" if beside else ""
        return rewrite(run_id, stem, beside.parts if beside else (), select + below)


def _same(rows: Sequence[Sequence[Any]]) -> dict[str, str]:
    """Return what all rows hold that is plain, name → SQL: it need not be read for each of them."""
    found: dict[str, str] = {}
    for name, values in zip(COLUMNS, zip(*rows, strict=True), strict=False):
        first = values[0]
        if name in _JSON:
            if not any(values):
                found[name] = f"'{_JSON[name]}'"
        elif name != "row_no" and first == values[-1] and values.count(first) == len(values):
            if not isinstance(first, str):
                found[name] = "NULL" if first is None else str(first)
            elif _PLAIN.fullmatch(first):
                found[name] = f"'{first}'"
    return found


def _columns(rows: Sequence[Sequence[Any]], same: Mapping[str, str]) -> Iterator[bytes]:
    """Say what rows hold, nested values as text: DuckDB needs far more memory to read them."""
    every = zip(COLUMNS, zip(*rows, strict=True), strict=True)
    columns: dict[str, Sequence[Any]] = {name: each for name, each in every if name not in same}
    for name in _JSON.keys() & columns.keys():
        unsaid, each = _JSON[name], columns[name]
        columns[name] = [orjson.dumps(c, default=str).decode() if c else unsaid for c in each]
    yield from _pieces(columns)


def _pieces(columns: Mapping[str, Sequence[Any]]) -> Iterator[bytes]:
    count = len(columns["row_no"])
    nested = sum(sum(map(len, columns[name])) for name in _JSON.keys() & columns.keys())
    if count == 1 or 2 * nested <= _PIECE:  # a text in a text takes twice its size at most
        yield orjson.dumps(columns)
        return
    for half in (slice(count // 2), slice(count // 2, None)):
        yield from _pieces({name: values[half] for name, values in columns.items()})


def fitting(widths: Iterable[int]) -> int:
    """Return how many of the rows that are so wide, in bytes, to take at a time: one at least."""
    return max(1, bisect_right(list(accumulate(widths)), WIDE))


def rewrite(
    run_id: int, stem: str, parts: Sequence[str], select: str, before: Iterable[str] = ()
) -> Artefact:
    """Write ``select`` over the view ``plan`` (files ``parts``) as one file, after ``before``."""
    with _connect(parts) as connection:
        for statement in before:
            connection.execute(statement)
        return _copied(connection, run_id, stem, select)


def _copied(connection: duckdb.DuckDBPyConnection, run_id: int, stem: str, select: str) -> Artefact:
    folder = folder_of(run_id)
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".parquet.tmp")
    os.close(handle)
    ((count,),) = connection.execute(
        f"COPY ({select}) TO '{temporary}' (FORMAT parquet, COMPRESSION zstd,"
        f" ROW_GROUP_SIZE 10000, ROW_GROUP_SIZE_BYTES {2 * _PIECE})"
    ).fetchall()
    with open(temporary, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    name = f"{folder.name}/{stem}-{sha256[:12]}.parquet"
    os.replace(temporary, settings().artefacts_dir / name)
    return Artefact(name, sha256, count)


class Tables:
    """Tables for the time of a block; what does not fit into memory lies on the disk."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def do(self, statement: str) -> None:
        """Carry out a statement."""
        self._connection.execute(statement)

    def fill(self, table: str, notes: Sequence[Note], columns: Mapping[str, str]) -> None:
        """Make a table of what was written down; ``columns`` are name → type.

        Raises:
            FileLost: a file is missing, damaged, or not whole.
        """
        listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        self.do(f"CREATE TEMPORARY TABLE {table} ({listed})")
        files = [settings().artefacts_dir / each.name for each in notes]
        try:
            if files:
                self.do(f"INSERT INTO {table} BY NAME {_unnested(files, columns)}")
        except (duckdb.IOException, duckdb.InvalidInputException, FileNotFoundError) as error:
            raise FileLost from error
        ((count,),) = self._connection.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608  (our own text)
        if count != sum(each.rows for each in notes):
            raise FileLost

    def publish(self, run_id: int, stem: str, select: str) -> Artefact:
        """Write what ``select`` says of the tables as one file."""
        return _copied(self._connection, run_id, stem, select)


@contextmanager
def tables() -> Iterator[Tables]:
    """Work with tables for the time of a block."""
    with _connect(()) as connection:
        yield Tables(connection)


def part_name(fence: int, cursor: int) -> str:
    """Return the stem of the part that was planned from ``cursor`` on under ``fence``."""
    return f"part-{fence}-{cursor}"


def clear_parts(run_id: int, fence: int) -> None:
    """Delete the parts of a plan once they are joined, but not those of a plan made anew since."""
    for path in folder_of(run_id).glob("part-*"):
        if int(path.name.split("-")[1]) <= fence:
            path.unlink(missing_ok=True)


def clear(run_id: int) -> None:
    """Delete all files of a run that is not kept."""
    shutil.rmtree(folder_of(run_id), ignore_errors=True)


class PlanFile:
    """The rows of a plan, read by row number, action or reason."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def ask(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one query over the view ``plan``."""
        return self._connection.execute(query, list(parameters)).fetchall()

    def rows(
        self,
        where: str,
        parameters: Sequence[Any],
        limit: int,
        names: Sequence[str] = tuple(COLUMNS),
    ) -> list[dict[str, Any]]:
        """Return the columns ``names`` of the rows for which ``where`` holds, in their order."""
        found, more = self.some(where, parameters, limit, names)
        while more and len(found) < limit:
            beyond = f"({where}) AND row_no > ?"
            last = found[-1]["row_no"]
            next_, more = self.some(beyond, [*parameters, last], limit - len(found), names)
            found += next_
        return found

    def some(
        self,
        where: str,
        parameters: Sequence[Any],
        limit: int,
        names: Sequence[str] = tuple(COLUMNS),
    ) -> tuple[list[dict[str, Any]], bool]:
        """Return the first of such rows, as many as fit, and whether there may be more of them."""
        found, more = self.columns(where, parameters, limit, names)
        rows = [dict(zip(names, row, strict=True)) for row in zip(*found.values(), strict=True)]
        return rows, more

    def columns(
        self, where: str, parameters: Sequence[Any], limit: int, names: Sequence[str]
    ) -> tuple[dict[str, Sequence[Any]], bool]:
        """Return what :meth:`some` does, column by column: name → the values of all rows."""
        width = " + ".join(f'coalesce(strlen("{name}"), 0)' for name in names if name in _JSON)
        sizes = self.ask(
            f"SELECT row_no, {width or 0} FROM plan WHERE {where} ORDER BY row_no LIMIT ?",  # noqa: S608  (quoted)
            [*parameters, limit],
        )
        if not sizes:
            return dict.fromkeys(names, ()), False
        count = fitting(width for _row_no, width in sizes)
        columns = ", ".join(f'"{name}"' for name in names)
        found = self.ask(
            f"SELECT row_no, {columns} FROM plan WHERE ({where}) AND row_no <= ?",  # noqa: S608  (quoted)
            [*parameters, sizes[count - 1][0]],
        )
        found.sort(key=itemgetter(0))  # which they nearly are: DuckDB would need half as long again
        _row_nos, *values = zip(*found, strict=True)
        cells: dict[str, Sequence[Any]] = {
            name: [value and orjson.loads(value) for value in each] if name in _JSON else each
            for name, each in zip(names, values, strict=True)
        }
        return cells, count < len(sizes) or count == limit


@contextmanager
def read(parts: Sequence[str]) -> Iterator[PlanFile]:
    """Open the files ``parts`` as one plan.

    Raises:
        FileLost: one of them is missing or damaged.
    """
    with _connect(parts) as connection:
        yield PlanFile(connection)


def texts(path: Path, likes: Sequence[str]) -> Iterator[str]:
    """Yield the rows of any Parquet file that one of some patterns may fit, each as one text."""
    with _connect(()) as connection:
        every = "SELECT CAST(t AS VARCHAR) AS said FROM read_parquet(?) AS t"
        fits = " OR ".join(["said ILIKE ?"] * len(likes)) or "false"
        found = connection.execute(f"SELECT said FROM ({every}) WHERE {fits}", [str(path), *likes])  # noqa: S608  (our own text)
        while block := found.fetchmany(_BLOCK):
            yield from (said for (said,) in block)


def lost(parts: Sequence[str]) -> bool:
    """Whether one of the files ``parts`` is missing or damaged."""
    try:
        with _connect(parts):
            return False
    except FileLost:
        return True


@contextmanager
def _connect(parts: Sequence[str]) -> Iterator[duckdb.DuckDBPyConnection]:
    spill = settings().artefacts_dir / "spill"  # else it is the folder that we were started in
    connection = _database(os.getpid(), str(spill)).cursor()
    try:
        if parts:
            _open(connection, parts)
        yield connection
    finally:
        connection.close()


def _open(connection: duckdb.DuckDBPyConnection, parts: Sequence[str]) -> None:
    if not all((settings().artefacts_dir / name).is_file() for name in parts):
        raise FileLost
    try:
        connection.execute(f"CREATE TEMPORARY VIEW plan AS {_layered(parts)}")
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        raise FileLost from error


def _layered(parts: Sequence[str]) -> str:
    """Select the rows of ``parts``, those of a layer in the place of the rows below it."""
    below = _select([name for name in parts if _layer(name) == 0])
    for layer in range(1, len(LAYERS) + 1):
        if above := [name for name in parts if _layer(name) == layer]:
            rows = _select(above)
            below = (
                f"SELECT * FROM ({below}) WHERE row_no NOT IN (SELECT row_no FROM ({rows}))"  # noqa: S608  (quoted)
                f" UNION ALL BY NAME {rows}"
            )
    return below


def _layer(name: str) -> int:
    stem = name.rpartition("/")[2].partition("-")[0]
    return LAYERS.index(stem) + 1 if stem in LAYERS else 0


def _select(names: Sequence[str]) -> str:
    files = _quoted([settings().artefacts_dir / name for name in names])
    return f"SELECT * FROM read_parquet({files}) UNION ALL BY NAME {_EMPTY}"  # noqa: S608  (quoted)


def _quoted(files: Sequence[Path]) -> str:
    """Name files in a statement of DuckDB."""
    return "[{}]".format(", ".join("'" + str(file).replace("'", "''") + "'" for file in files))


@cache
def _database(_process: int, spill: str) -> duckdb.DuckDBPyConnection:
    """Return this process's own empty database: making one takes longer than reading a chunk."""
    limits: dict[str, Any] = {"threads": 1, "memory_limit": "64MB", "temp_directory": spill}
    limits["preserve_insertion_order"] = False  # else row groups cannot be bounded in bytes
    connection = duckdb.connect(config=limits)
    connection.execute("SET GLOBAL enable_external_file_cache=false")  # files are read once
    return connection


def _unnested(
    files: Sequence[Path], columns: Mapping[str, str], same: Mapping[str, str] | None = None
) -> str:
    """Select the rows of files that hold them column by column; ``columns`` are name → type.

    ``same`` is what all rows hold, name → SQL, which the files do not say.
    """
    largest = max(file.stat().st_size for file in files)
    said = {name: f"CAST({word} AS {columns[name]})" for name, word in (same or {}).items()}
    kinds = ", ".join(f"'{name}': '{columns[name]}[]'" for name in columns if name not in said)
    cells = ", ".join(f'{said.get(name, f"""unnest("{name}")""")} AS "{name}"' for name in columns)
    return (
        f"SELECT {cells} FROM read_json({_quoted(files)}, format='newline_delimited',"  # noqa: S608  (quoted)
        f" columns={{{kinds}}}, maximum_object_size={largest})"
    )
