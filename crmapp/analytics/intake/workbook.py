"""Excel workbooks: unpacked within limits first, so that a small file cannot fill the memory."""

from __future__ import annotations

import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from crmapp.analytics.intake.delimited import is_header
from crmapp.analytics.intake.tables import (
    HEAD,
    MOST_COLUMNS,
    Reading,
    Row,
    SheetError,
    as_text,
    begins,
    fitted,
    headings,
    numbered,
)
from crmapp.domain.sheet_errors import is_error
from crmapp.errors import TableError
from crmapp.i18n import N_, Text

LARGEST = 256 * 1024 * 1024
"""Bytes that a workbook may unpack to."""
MOST_CELLS = 20_000_000
_MOST_PARTS = 2_000
_ERROR = re.compile(rb"""(<(?:\w+:)?c\b[^<>]*?\st\s*=\s*)(?:"e"|'e')""")
_LONGEST_TAG = 1_000
_PLACE = re.compile(rb'\br="([A-Z]{1,3})?([0-9]{1,7})"')
_CHUNK = 1024 * 1024
_UNREADABLE = (
    CalamineError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError,
    RuntimeError, ValueError,
)  # fmt: skip
BROKEN = N_("This workbook cannot be read. Save it as XLSX or CSV once more, and send it again.")


def look(path: Path) -> Reading:
    """Find out how a workbook is to be read: its first sheet with a table, not just a title.

    Raises:
        TableError: it is not a workbook, or too large.
    """
    with _unpacked(path) as book:
        names = sorted(book.sheet_names, key=_hidden(book).__contains__)  # what is seen comes first
        heads = [(name, list(islice(_rows(book, name), HEAD))) for name in names]
        filled = [(name, head) for name, head in heads if head]
        for name, head in [each for each in filled if _is_table(each[1])] or filled:
            skip = begins(head)
            return Reading("xlsx", sheet=name, header=is_header(head[skip:]), skip=skip)
    raise TableError(N_("There is no table in this file: it has no heading and no rows."))


def _hidden(book: CalamineWorkbook) -> set[str]:
    return {
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.visible is not SheetVisibleEnum.Visible
    }


def _is_table(head: Sequence[Sequence[str | None]]) -> bool:
    """Whether there are two rows of two cells at least."""
    return sum(len([cell for cell in row if cell]) > 1 for row in head) > 1


def sheets(path: Path) -> list[str]:
    """The names of a workbook's sheets."""
    with _unpacked(path) as book:
        return list(book.sheet_names)


@contextmanager
def opened(path: Path, reading: Reading) -> Iterator[Sheet]:
    """Open a sheet as a table.

    Raises:
        TableError: there is no such sheet, or no table in it.
    """
    with _unpacked(path) as book:
        if reading.sheet not in book.sheet_names:
            raise TableError(
                Text(
                    N_("The workbook has no sheet “%(sheet)s”; it has %(sheets)s."),
                    {"sheet": reading.sheet, "sheets": ", ".join(book.sheet_names)[:200]},
                )
            )
        yield Sheet(_rows(book, reading.sheet), reading)


class Sheet:
    """A sheet as a table."""

    def __init__(self, rows: Iterator[Sequence[str | None]], reading: Reading) -> None:
        self._rows = enumerate(rows, 1)
        filled = ((line, cells) for line, cells in self._rows if any(cells))
        line, first = next(islice(filled, reading.skip, None), (0, []))
        if not line:
            raise TableError(N_("There is no table in this file: it has no heading and no rows."))
        width = max((number for number, cell in enumerate(first, 1) if cell), default=0)
        if reading.header:
            self.columns = headings(first[:width])
            self._first: tuple[int, Sequence[str | None]] | None = None
        else:
            self.columns = headings(numbered(len(first)))
            self._first = line, first

    def rows(self) -> Iterator[Row]:
        if self._first is not None and (row := fitted(*self._first, len(self.columns))):
            yield row
        for line, cells in self._rows:
            row = fitted(line, cells, len(self.columns))
            if row is not None:
                yield row


def _rows(book: CalamineWorkbook, sheet: str) -> Iterator[list[str | None]]:
    try:
        for cells in book.get_sheet_by_name(sheet).iter_rows():
            yield [_cell(cell) for cell in cells]
    except _UNREADABLE as error:
        raise TableError(BROKEN) from error


def _cell(value: Any) -> str | None:
    text = (as_text(value) or "").strip()
    return SheetError(text) if is_error(text) else text or None


@contextmanager
def _unpacked(path: Path) -> Iterator[CalamineWorkbook]:
    """Open a copy of the workbook whose parts are as large as they say, all within limits."""
    with tempfile.TemporaryFile() as copy:
        try:
            with zipfile.ZipFile(path) as packed, zipfile.ZipFile(copy, "w") as plain:
                _copy(packed, plain)
            copy.seek(0)
            book = CalamineWorkbook.from_filelike(copy)
        except _UNREADABLE as error:
            raise TableError(BROKEN) from error
        yield book


def _copy(packed: zipfile.ZipFile, plain: zipfile.ZipFile) -> None:
    parts = packed.infolist()
    if sum(part.file_size for part in parts) > LARGEST or len(parts) > _MOST_PARTS:
        raise TableError(
            Text(
                N_("The workbook unpacks to more than %(size)s MB. Save the sheet as CSV instead."),
                {"size": LARGEST >> 20},
            )
        )
    names: set[str] = set()
    for part in parts:
        if part.filename in names or not part.filename.endswith((".xml", ".rels")):
            continue  # pictures and macros are nothing to us
        names.add(part.filename)
        with packed.open(part) as source, plain.open(part.filename, "w") as target:
            _copy_part(source, target, is_sheet="worksheets/" in part.filename)


def _copy_part(source: IO[bytes], target: IO[bytes], *, is_sheet: bool) -> None:
    """Copy a part; a sheet whose cells lie far apart would be laid out in full, and is refused.

    Errors of formulas become texts: else they would be read as if nothing stood there.
    """
    widest, lowest = 1, 1
    for piece in _pieces(source):
        target.write(_with_errors(piece) if is_sheet else piece)
        if is_sheet:
            for letters, number in _PLACE.findall(piece):
                widest = max(widest, _column(letters))
                lowest = max(lowest, int(number))
    if widest * lowest > MOST_CELLS or widest > 100 * MOST_COLUMNS:
        raise TableError(
            Text(
                N_(
                    "A sheet reaches over %(rows)s rows and %(columns)s columns. Delete what is far"
                    " from the table, or save the sheet as CSV."
                ),
                {"rows": lowest, "columns": widest},
            )
        )


def _with_errors(piece: bytes) -> bytes:
    """Let cells with the error of a formula hold it as a text."""
    if b'"e"' not in piece and b"'e'" not in piece:
        return piece
    return _ERROR.sub(rb'\1"str"', piece)


def _pieces(source: IO[bytes]) -> Iterator[bytes]:
    """Read a part in pieces that end before a tag, so that none is torn."""
    rest = b""
    while chunk := source.read(_CHUNK):
        read = rest + chunk
        end = max(read.rfind(b"<"), len(read) - _LONGEST_TAG)
        rest = read[end:]
        yield read[:end]
    yield rest


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
