"""Snapshots: immutable files built from a dataset's tables, and a pointer to the current one.

``<directory>/sales-20261122T104500Z-1a2b3c4d.duckdb`` is never changed once it has its name;
``<directory>/current`` holds the name of the newest and is swapped atomically. Readers open a file
by its name and keep it open as long as they like; one refresher at a time builds the next.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import duckdb

from crmapp.analytics.dataset import MISSING, Dataset, Dimension, Property
from crmapp.analytics.shapes import Shapes, first_line, source
from crmapp.domain.periods import months_to_last
from crmapp.errors import NotFound
from crmapp.i18n import N_, Text

POINTER = "current"
SUFFIX = ".duckdb"
_BUILDING = ".building"
_WITHDRAWN = "withdrawn"
_ABANDONED = 86_400  # seconds
_EXAMPLES = 3


@dataclass(frozen=True)
class Snapshot:
    """What is known of a snapshot without opening its tables."""

    name: str
    dataset: str
    built_at: datetime
    today: date
    through: date
    lines: int


def current(directory: Path) -> str | None:
    """The name of the newest snapshot, None before the first refresh."""
    try:
        return (directory / POINTER).read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None


def path_of(directory: Path, name: str) -> Path:
    """The file of a snapshot.

    Raises:
        NotFound: there is none of that name, or not any more.
    """
    path = directory / f"{Path(name).name}{SUFFIX}"
    if not path.is_file():
        raise NotFound(Text(N_("The snapshot %(name)s is no longer kept."), {"name": name}))
    return path


def names(directory: Path) -> list[str]:
    """All snapshots that are kept, oldest first."""
    return sorted(path.stem for path in directory.glob(f"*{SUFFIX}") if path.name[0] != ".")


def refresh(dataset: Dataset, tables: Path, directory: Path, now: datetime) -> Snapshot:
    """Build the next snapshot from the files in ``tables`` and make it the current one.

    ``now`` is the clock: the last full month is the month before. Waits for another refresher.

    Raises:
        DatasetError: the tables do not fit the dataset; the message names file and line. Nothing
            is published and the current snapshot stays.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with _alone(directory):
        building = directory / f"{_BUILDING}{SUFFIX}"
        _remove(building)
        try:
            snapshot = _Builder(dataset, tables, building).build(now)
            _sync(building)
            building.rename(directory / f"{snapshot.name}{SUFFIX}")
        finally:
            _remove(building)
        _point(directory, snapshot.name)
    return snapshot


def build(dataset: Dataset, tables: Path, directory: Path, now: datetime) -> Snapshot:
    """Build a snapshot beside the others, which nobody reads before :func:`publish` names it.

    Raises:
        DatasetError: the tables do not fit the dataset; nothing is left behind.
    """
    directory.mkdir(parents=True, exist_ok=True)
    building = directory / f"{_BUILDING}-{os.getpid()}-{os.urandom(4).hex()}{SUFFIX}"
    try:
        snapshot = _Builder(dataset, tables, building).build(now)
        _sync(building)
        building.rename(directory / f"{snapshot.name}{SUFFIX}")
    finally:
        _remove(building)
    return snapshot


def publish(directory: Path, name: str) -> None:
    """Make a snapshot that was built the current one."""
    path_of(directory, name)
    with _alone(directory):
        _point(directory, name)


def withdraw(directory: Path) -> None:
    """Let nobody ask the dataset any more; its snapshots stay, for :func:`reinstate`."""
    with suppress(FileNotFoundError):
        (directory / POINTER).rename(directory / _WITHDRAWN)


def reinstate(directory: Path) -> None:
    """Let the dataset answer again from the snapshot that it was withdrawn with."""
    with suppress(FileNotFoundError):
        (directory / _WITHDRAWN).rename(directory / POINTER)


def remove(directory: Path) -> None:
    """Delete a dataset's snapshots; who has one open reads on."""
    shutil.rmtree(directory, ignore_errors=True)


def prune(directory: Path, keep: set[str]) -> list[str]:
    """Remove the snapshots that are neither current, nor the one before, nor in ``keep``.

    What a builder left that was killed goes as well, once it is a day old.

    Who has one of them open reads on: the file goes when the last reader closes it.
    """
    with _alone(directory):
        kept = {*keep, *names(directory)[-2:], current(directory)}
        old = [name for name in names(directory) if name not in kept]
        for name in old:
            _remove(directory / f"{name}{SUFFIX}")
        for left in directory.glob(f"{_BUILDING}-*{SUFFIX}"):
            if time.time() - left.stat().st_mtime > _ABANDONED:
                _remove(left)
    return old


def check(dataset: Dataset, tables: Path) -> None:
    """Compare a dataset with its tables' columns.

    Raises:
        DatasetError: an expression reads a column that is not there, or does not fit its kind.
    """
    with duckdb.connect(config=_SETTINGS) as connection:
        Shapes(connection, dataset, tables).check()


_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


class _Builder:
    """Builds the tables of one snapshot in a new file."""

    def __init__(self, dataset: Dataset, tables: Path, file: Path) -> None:
        self._dataset = dataset
        self._tables = tables
        self._file = file

    def build(self, now: datetime) -> Snapshot:
        dataset = self._dataset
        with duckdb.connect(self._file, config=_SETTINGS) as connection:
            self._connection = connection
            self._run("SET enable_progress_bar = false")
            Shapes(connection, dataset, self._tables).check()
            self._stage(now)
            for dimension in dataset.dimensions.values():
                self._entities(dimension)
            lines = self._facts()
            snapshot = self._describe(now, lines)
            self._run("DROP TABLE staged")
            self._run("CHECKPOINT")
        return snapshot

    def _run(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        try:
            return self._connection.execute(sql, values).fetchall()
        except (duckdb.DataError, duckdb.OperationalError) as error:
            self._dataset.place.fail(f"{self._dataset.file} cannot be loaded: {first_line(error)}")

    def _stage(self, now: datetime) -> None:
        """One row per fact: the shifted day, every dimension's key and properties, the measures."""
        dataset = self._dataset
        table = source(self._tables / dataset.file)
        shift = 0
        if dataset.shift:
            ends = self._run(f"SELECT MAX({dataset.day}) FROM {table}")[0][0]
            shift = months_to_last(ends, now.date()) if isinstance(ends, date) else 0
        parts = [f"CAST({dataset.day} + TO_MONTHS({shift}) AS DATE) AS _day"]
        for dimension in dataset.dimensions.values():
            parts.append(f"{_key(dimension.join, dimension)} AS k_{dimension.name}")
            if dimension.file is None:
                parts += [
                    f"{one.sql} AS {_staged(dimension, one)}"
                    for one in dimension.properties.values()
                ]
        parts += [f"{sql} AS {name}" for sql, name in dataset.fact_columns().items()]
        parts += [f"{one.sql} AS l_{one.name}" for one in dataset.details.values()]
        self._run(f"CREATE TEMP TABLE staged AS SELECT {', '.join(parts)} FROM {table}")
        undated = self._run("SELECT COUNT(*) FROM staged WHERE _day IS NULL")[0][0]
        if undated:
            dataset.day_place.fail(
                f"{undated} lines of {dataset.file} have no day", "a day in each"
            )
        for dimension in dataset.dimensions.values():
            self._no_empty_key(dimension, "staged", f"k_{dimension.name}", dataset.file)

    def _no_empty_key(self, dimension: Dimension, table: str, column: str, file: str) -> None:
        empty = self._run(f"SELECT COUNT(*) FROM {table} WHERE {column} IS NULL")[0][0]
        if empty:
            dimension.place.fail(
                f"{empty} lines of {file} have no {dimension.name} key",
                "a key in each, or 'missing: {en: …, fr: …}' to show them as one",
            )

    def _entities(self, dimension: Dimension) -> None:
        """The entities in the order of their keys; a property's latest value by date counts."""
        found = self._own_table(dimension) if dimension.file else self._from_facts(dimension)
        names = [_name(one) for one in dimension.properties.values()]
        words = [f"CAST({name} AS VARCHAR)" for name in ("_key", *names)]
        self._run(
            f"CREATE TABLE d_{dimension.name} AS SELECT"
            " CAST(ROW_NUMBER() OVER (ORDER BY _key) AS INTEGER) AS _id, *,"
            f" LOWER(STRIP_ACCENTS(CONCAT_WS(CHR(10), {', '.join(words)}))) AS _search"
            f" FROM ({found}) ORDER BY _key"
        )

    def _from_facts(self, dimension: Dimension) -> str:
        latest = ", ".join(
            f"ARG_MAX({_staged(dimension, one)}, {{'d': _day, 'v': {_staged(dimension, one)}}})"
            f" AS {_name(one)}"
            for one in dimension.properties.values()
        )
        varies = ", ".join(
            f"CASE WHEN COUNT(DISTINCT {_staged(dimension, one)}) > 1 THEN '{one.name}' END"
            for one in dimension.properties.values()
        )
        return (
            f"SELECT k_{dimension.name} AS _key,"
            f" LIST_FILTER([{varies}], LAMBDA x: x IS NOT NULL) AS _varies,"
            f" {latest} FROM staged GROUP BY 1"
        )

    def _own_table(self, dimension: Dimension) -> str:
        """The entities' own file, and an entity without properties for each key it lacks."""
        key = _key(dimension.properties[dimension.key].sql, dimension)
        columns = ", ".join(f"{one.sql} AS {_name(one)}" for one in dimension.properties.values())
        table = f"own_{dimension.name}"
        self._run(
            f"CREATE TEMP TABLE {table} AS SELECT {key} AS _key, CAST([] AS VARCHAR[]) AS _varies,"
            f" {columns} FROM {source(self._tables / str(dimension.file))}"
        )
        self._no_empty_key(dimension, table, "_key", str(dimension.file))
        twice = self._run(
            f"SELECT _key, COUNT(*) FROM {table} GROUP BY 1 HAVING COUNT(*) > 1 ORDER BY 1"
        )
        if twice:
            examples = ", ".join(f"{key} ({count} times)" for key, count in twice[:_EXAMPLES])
            dimension.place.fail(
                f"{len(twice)} keys of {dimension.file} are there more than once: {examples}",
                "each key once",
            )
        return (
            f"SELECT * FROM {table} UNION ALL BY NAME"
            f" SELECT DISTINCT k_{dimension.name} AS _key, CAST([] AS VARCHAR[]) AS _varies,"
            f" k_{dimension.name} AS {_name(dimension.properties[dimension.key])} FROM staged"
            f" WHERE k_{dimension.name} NOT IN (SELECT _key FROM {table})"
        )

    def _facts(self) -> int:
        """The facts with the entities' ids, in the order of months (and accounts within them)."""
        dimensions = self._dataset.dimensions
        ids = ", ".join(f"d_{name}._id AS d_{name}" for name in dimensions)
        joins = " ".join(f"JOIN d_{name} ON d_{name}._key = staged.k_{name}" for name in dimensions)
        names = [*self._dataset.fact_columns().values(), *map("l_{}".format, self._dataset.details)]
        others = "".join(f", staged.{name}" for name in names)
        first = f", d_{self._dataset.accounts}" if self._dataset.accounts else ""
        self._run(
            "CREATE TABLE fact AS SELECT _day,"
            " CAST(YEAR(_day) * 12 + MONTH(_day) - 1 AS INTEGER) AS _month,"
            f" {ids}{others} FROM staged {joins} ORDER BY _month{first}, _day"
        )
        lines = self._run("SELECT COUNT(*) FROM fact")[0][0]
        return int(str(lines))

    def _describe(self, now: datetime, lines: int) -> Snapshot:
        ends = self._run("SELECT MAX(_day) FROM fact")[0][0]
        today = now.date()
        through = min(ends, today) if isinstance(ends, date) else today
        stamp = now.astimezone(UTC)
        mark = sha256(f"{self._dataset.text}{os.urandom(8).hex()}".encode()).hexdigest()[:8]
        snapshot = Snapshot(
            name=f"{self._dataset.name}-{stamp:%Y%m%dT%H%M%SZ}-{mark}",
            dataset=self._dataset.name,
            built_at=stamp,
            today=today,
            through=through,
            lines=lines,
        )
        about = {
            "name": snapshot.name,
            "file": self._dataset.place.file,
            "text": self._dataset.text,
            "built_at": stamp.isoformat(),
            "today": today.isoformat(),
            "through": through.isoformat(),
            "lines": lines,
        }
        self._run("CREATE TABLE snapshot AS SELECT ? AS about", json.dumps(about))
        return snapshot


def _key(sql: str, dimension: Dimension) -> str:
    text = f"NULLIF(TRIM(CAST({sql} AS VARCHAR)), '')"
    return f"COALESCE({text}, '{MISSING}')" if dimension.missing else text


def _name(one: Property) -> str:
    return f'"{one.name}"'


def _staged(dimension: Dimension, one: Property) -> str:
    return f'"{dimension.name}.{one.name}"'


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Wait until nobody else builds or prunes in this directory."""
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _point(directory: Path, name: str) -> None:
    fresh = directory / f".{POINTER}-{os.getpid()}"
    fresh.write_text(name, encoding="ascii")
    _sync(fresh)
    fresh.replace(directory / POINTER)
    _sync(directory)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    for one in (path, path.with_name(f"{path.name}.wal")):
        with suppress(FileNotFoundError):
            one.unlink()
    shutil.rmtree(path.with_name(f"{path.name}.tmp"), ignore_errors=True)
