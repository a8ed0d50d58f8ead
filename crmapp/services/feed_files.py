"""What sources of files are read from: each file once, by what it holds, whatever it is called."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import select

from crmapp.analytics.intake import files
from crmapp.analytics.intake.delimited import DELIMITERS, ENCODINGS
from crmapp.analytics.intake.tables import Reading, Row, Table, lacking
from crmapp.config import settings
from crmapp.connectors.errors import ConfigBroken
from crmapp.connectors.port import Check, Cursor, Listed
from crmapp.connectors.settings import SettingField
from crmapp.connectors.stores.port import Store, StoredFile
from crmapp.db import db, session
from crmapp.db.bulk import insert_into
from crmapp.errors import TableError
from crmapp.i18n import N_, Text
from crmapp.models import FeedFile
from crmapp.services.feed_readers import Cells, Column, Cut, Told

PAGE = 1000
EACH, NEWEST = "each", "newest"
_LEFT_BEHIND = 24 * 3600
"""Seconds after which what a killed process fetched is deleted."""
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
FIELDS = (
    SettingField(
        "contents",
        N_("What a file holds"),
        N_("Of files that hold all customers only the newest is read, and who is gone is noticed."),
        choices=(
            (EACH, N_("Some customers: every new file is read, the oldest first")),
            (NEWEST, N_("All customers: the newest file is read")),
        ),
    ),
    SettingField(
        "encoding",
        N_("Encoding"),
        N_("Of text files. It is found out if nothing is chosen."),
        required=False,
        choices=(("", N_("Find it out")), *((each, each.upper()) for each in ENCODINGS)),
    ),
    SettingField(
        "delimiter",
        N_("Between cells"),
        N_("Of text files. It is found out if nothing is chosen."),
        required=False,
        choices=(
            ("", N_("Find it out")),
            *((name, DELIMITERS[sign]) for name, sign in _DELIMITERS.items()),
        ),
    ),
    SettingField(
        "sheet",
        N_("Sheet"),
        N_("Of workbooks: its name. Leave it empty for the first that holds a table."),
        required=False,
    ),
    SettingField(
        "header",
        N_("Headings"),
        N_("Whether the first row names the columns. It is found out if nothing is chosen."),
        required=False,
        choices=(("", N_("Find it out")), ("yes", N_("In the first row")), ("no", N_("None"))),
    ),
)


@dataclass(frozen=True)
class Taken:
    """What was picked up before: by content, and by name with the mark that it had then."""

    contents: frozenset[str] = frozenset()
    marks: frozenset[tuple[str, str]] = frozenset()


@contextmanager
def fetching() -> Iterator[Path]:
    """A folder to fetch files to, gone after; what a killed process left is deleted as well."""
    home = settings().home / "fetched"
    home.mkdir(parents=True, exist_ok=True)
    for left in home.iterdir():
        if left.stat().st_mtime < time.time() - _LEFT_BEHIND:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=home) as folder:
        yield Path(folder)


class FilesOrigin:
    """The rows of files, one file after the other, every cell as text."""

    delta = True
    key = ""

    def __init__(self, store: Store, told: Told, place: str, folder: Path, taken: Taken) -> None:
        self._store, self._place, self._folder, self._taken = store, place, folder, taken
        self._values = told.values
        self._needed = [name for name in (told.key_column, told.company_column) if name]
        self.deletions = told.values.get("contents") == NEWEST
        self._fetched: dict[str, tuple[Path, str]] = {}
        self._listed: list[StoredFile] | None = None

    def check(self) -> Check:
        found = self._store.check()
        if not self._files:
            raise ConfigBroken(
                Text(N_("No file matches yet: %(place)s."), {"place": self._place}),
                field=self._place,
            )
        return found

    def objects(self) -> list[Listed]:
        return []

    def count(self) -> int | None:
        return None

    def columns(self, locale: str) -> list[Column]:
        if not self._files:
            return []
        with self._opened(self._files[-1]) as table:
            return [Column(name, name) for name in table.columns]

    def missing(self, names: Sequence[str]) -> list[str]:
        return []  # each file is asked when it is read, so that it can be named

    def cuts(self, names: Sequence[str], cursor: Cursor | None) -> Iterator[Cut]:
        """The rows of the files that were not picked up before, nor in the reading of ``cursor``.

        A reading without a cursor is of everything where a file holds everything.
        """
        whole = self.deletions and (not cursor or "whole" in cursor)
        mark: dict[str, Any] = {"whole": True} if whole else {}
        cursor = cursor or {}
        done: list[Mapping[str, Any]] = list(cursor.get("files", ()))
        for file in self._files[-1:] if self.deletions else self._files:
            if not whole and (file.name, file.mark) in self._taken.marks:
                continue
            sha256 = self._fetch(file)[1]
            here = {each["sha256"] for each in done}
            if sha256 in here or (not whole and sha256 in self._taken.contents):
                continue
            counts = _begun(cursor, sha256)
            for part, spoilt in self._parts(file, names, counts["rows"]):
                counts = {
                    "rows": counts["rows"] + len(part) + len(spoilt),
                    "broken": counts["broken"] + len(spoilt),
                }
                at = {"sha256": sha256, **counts}
                yield Cut(part, {"files": done, "at": at, **mark}, spoilt)
            kept = {"name": file.name, "mark": file.mark, "sha256": sha256, "outcome": counts}
            done = [*done, kept]
            yield Cut((), {"files": done, **mark})

    def first(self) -> Iterator[Cells]:
        for file in self._files[-1:]:
            with self._opened(file) as table:
                yield from (self._cells(table, row) for row in table.rows() if row.reason is None)

    def ids(self) -> Iterator[Sequence[str]]:
        raise NotImplementedError("a file has no key of its own: the source's is read of its rows")

    def _parts(
        self, file: StoredFile, names: Sequence[str], after: int
    ) -> Iterator[tuple[list[Cells], list[Cells]]]:
        with self._opened(file, [*self._needed, *names]) as table:
            rows = islice(table.rows(), after, None)
            while part := list(islice(rows, PAGE)):
                whole = [self._cells(table, row) for row in part if row.reason is None]
                yield whole, [self._cells(table, row) for row in part if row.reason is not None]

    @staticmethod
    def _cells(table: Table, row: Row) -> Cells:
        return dict(zip(table.columns, row.cells, strict=False))

    @property
    def _files(self) -> list[StoredFile]:
        """The files that are there, the newest last; one of no bytes is yet to be written."""
        if self._listed is None:
            there = [each for each in self._store.files() if each.size]
            self._listed = sorted(there, key=lambda each: (each.modified, each.name))
        return self._listed

    def _fetch(self, file: StoredFile) -> tuple[Path, str]:
        if file.name not in self._fetched:
            path = self._folder / f"file-{len(self._fetched)}"
            self._fetched[file.name] = path, self._store.fetch(file.name, path)
        return self._fetched[file.name]

    @contextmanager
    def _opened(self, file: StoredFile, needed: Collection[str] = ()) -> Iterator[Table]:
        """Open a file as a table; what is wrong with it is said with its name."""
        path, _sha256 = self._fetch(file)
        try:
            with files.opened(path, reading_of(path, self._values)) as table:
                if missing := [name for name in needed if name not in table.columns]:
                    raise TableError(lacking(missing))
                yield table
        except TableError as error:
            named = {"file": file.name, "why": error.message}
            raise TableError(Text(N_("%(file)s: %(why)s"), named)) from error


def _begun(cursor: Cursor, sha256: str) -> dict[str, int]:
    """Return how much of a file a reading that ended in the middle has given out."""
    at = cursor.get("at") or {}
    begun = at if at.get("sha256") == sha256 else {}
    return {name: begun.get(name, 0) for name in ("rows", "broken")}


def reading_of(path: Path, values: Mapping[str, Any]) -> Reading:
    """Return how a file is to be read: as is set, and where nothing is, as it looks.

    Raises:
        TableError: it is not a table.
    """
    reading = files.look(path)
    if values.get("header"):
        reading = replace(reading, header=values["header"] == "yes")
    if reading.format == "csv":
        if encoding := values.get("encoding"):
            reading = replace(reading, encoding=encoding)
        if delimiter := values.get("delimiter"):
            reading = replace(reading, delimiter=_DELIMITERS[delimiter])
    elif reading.format == "xlsx" and values.get("sheet"):
        reading = replace(reading, sheet=values["sheet"])
    return reading


def taken(source_id: int) -> Taken:
    """Return what was picked up of a source, read beside the session."""
    with db.engine.connect() as connection:
        query = select(FeedFile.sha256, FeedFile.name, FeedFile.mark)
        rows = connection.execute(query.where(FeedFile.source_id == source_id)).all()
    return Taken(
        frozenset(row.sha256 for row in rows), frozenset((row.name, row.mark) for row in rows)
    )


def keep(source_id: int, cursor: Cursor, run_id: int | None) -> Cursor:
    """Note the files of a reading that has come to its end; return the cursor to go on from.

    Expects the unit of work in which the rows of the files count as taken.
    """
    for each in cursor.get("files", ()):
        row = {"source_id": source_id, "run_id": run_id, **each}
        told = {name: row[name] for name in ("name", "mark", "run_id", "outcome")}
        session.execute(
            insert_into(FeedFile)
            .values(**row)
            .on_conflict_do_update(index_elements=["source_id", "sha256"], set_=told)
        )
    return {"files": []}
