"""A file that somebody sent, as the rows of a run: read as texts, each row known by its line."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from crmapp.analytics.intake.tables import MOST_ROWS, Row
from crmapp.domain.shapes import Shape
from crmapp.domain.sheet_errors import is_error
from crmapp.errors import TableError
from crmapp.i18n import N_, Text
from crmapp.models import User
from crmapp.services import staged_rows, tables
from crmapp.services.sources import Page, Rows, SourceColumn, Wrong

KIND = "file"
_PAGE, _WIDE = 5_000, 4 << 20
_GONE = N_("The file is not on the server any more. Send it again.")
_CHANGED = N_("The file has changed since it was sent. Send it again.")
_TOO_MANY = N_("The table is too large: %(most)s rows is the most.")
_Found = tuple[str, dict[str, Any]]


class FileSource:
    """The rows of a file: those that were staged for a run, or else read from the file itself."""

    def __init__(self, kept: Mapping[str, Any], _by: User) -> None:
        self._kept = kept
        self._staged = staged_rows.StagedRows(kept) if staged_rows.STATE in kept else None
        self._pages: Iterator[_Found] = iter(())
        self._at: int | None = None

    def columns(self, _locale: str = "") -> Sequence[SourceColumn]:
        return columns_of(self._kept)

    def count(self) -> int:
        if self._staged is not None:
            return self._staged.count()
        return sum(1 for _row in _read(self._kept))

    def rows(self, after: str | None, limit: int) -> Rows:
        """Return the next rows; of the file itself those that cannot be read are left out.

        Raises:
            TableError: the file cannot be read.
            FileLost: what was staged is not there any more.
        """
        if self._staged is not None:
            return self._staged.rows(after, limit)
        first = int(after or 0)
        if first != self._at:
            right = (row for row in _read(self._kept) if row.reason is None)
            self._pages = _said(self._kept, islice(right, first, None))
        found = list(islice(self._pages, limit))
        self._at = first + len(found)
        return Rows(found, str(self._at))


def columns_of(kept: Mapping[str, Any]) -> list[SourceColumn]:
    """Return the columns of a file that a mapping may use, as they were found."""
    return [
        SourceColumn(name, name, tuple(samples), Shape(shape) if shape else None, meant)
        for name, samples, shape, meant in kept["columns"]
    ]


def stage(kept: Mapping[str, Any], place: Any) -> Generator[Page]:
    """Read the file of a run row by row, from behind the first ``place`` rows on.

    Raises:
        TableError: it is gone, has changed since it was sent, or cannot be read on.
    """
    before = _unchanged(kept)
    count = int(place or 0)
    for part in _parts(islice(_read(kept), count, None)):
        count += len(part)
        if count > MOST_ROWS:
            raise TableError(Text(_TOO_MANY, {"most": MOST_ROWS}))
        found = [*_said(kept, part)]
        wrong: dict[int, Wrong] = {
            n: (row.reason, row.params) for n, row in enumerate(part) if row.reason
        }
        yield Page(found, count, wrong)
    if _mark(kept) != before:
        raise TableError(_CHANGED)


def _parts(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Gather rows, as many as fit into a few megabytes."""
    part: list[Row] = []
    width = 0
    for row in rows:
        part.append(row)
        width += sum(map(len, filter(None, row.cells)))
        if len(part) == _PAGE or width > _WIDE:
            yield part
            part, width = [], 0
    if part:
        yield part


def _read(kept: Mapping[str, Any]) -> Iterator[Row]:
    *_, (_name, opened) = tables.opened_tables(kept["folder"], kept)
    try:
        with opened() as table:
            yield from table.rows()
    except FileNotFoundError as error:
        raise TableError(_GONE) from error


def _said(kept: Mapping[str, Any], rows: Iterable[Row]) -> Iterator[_Found]:
    """Yield keys and cells of rows; those beyond the table's columns are named by their number."""
    names, left_out, column = kept["headings"], kept["left_out"], kept["key_column"]
    width = len(names)
    for row in rows:
        if len(row.cells) > width:
            beyond = [f"+{n}" for n in range(1, len(row.cells) - width + 1)]
            cells = dict(zip([*names, *beyond], row.cells, strict=True))
        else:
            cells = dict(zip(names, row.cells, strict=False))
        if left_out or not all(row.cells):
            cells = {name: cell for name, cell in cells.items() if cell and name != left_out}
        key = (cells.get(column) or "").strip() if column else str(row.line)
        yield "" if is_error(key) else key, cells


def _mark(kept: Mapping[str, Any]) -> tuple[int, int]:
    try:
        found = (tables.folder_of(kept["folder"]) / kept["files"][-1]["file"]).stat()
    except FileNotFoundError as error:
        raise TableError(_GONE) from error
    return found.st_size, found.st_mtime_ns


def _unchanged(kept: Mapping[str, Any]) -> tuple[int, int]:
    """Refuse a file that is not the one that was sent; return what tells whether it changes."""
    mark, file = _mark(kept), kept["files"][-1]
    with (tables.folder_of(kept["folder"]) / file["file"]).open("rb") as opened:
        if hashlib.file_digest(opened, "sha256").hexdigest() != file["sha256"]:
            raise TableError(_CHANGED)
    return mark
