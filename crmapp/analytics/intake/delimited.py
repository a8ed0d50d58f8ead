"""Text files: which encoding and delimiter they have, and rows that a broken one spares."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path

from crmapp.analytics.intake.tables import (
    HEAD,
    LONGEST_CELL,
    Reading,
    Row,
    are_plain,
    begins,
    fitted,
    headings,
    numbered,
    printable,
)
from crmapp.domain.changes import Reason
from crmapp.domain.formula_guard import bare
from crmapp.errors import TableError
from crmapp.i18n import N_, Text

ENCODINGS = ("utf-8", "windows-1252", "utf-16-le", "utf-16-be")
DELIMITERS = {",": N_("Comma"), ";": N_("Semicolon"), "\t": N_("Tab"), "|": N_("Vertical bar")}
LONGEST_LINE = 1024 * 1024
_BUNCH = 64 * 1024
"""Characters of plain lines that are read at a time."""
_LINES_OF_A_ROW = 50
_MOST_MENDED = 10_000
_BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def look(path: Path) -> Reading:
    """Find out how a text file is to be read.

    Raises:
        TableError: it is not a text file.
    """
    encoding = _encoding(path)
    with _lines(path, encoding) as lines:
        head = list(islice(lines, 5 * HEAD))
    delimiter = max(DELIMITERS, key=lambda each: _evenness(head, each))
    rows = _split(head, delimiter)[:HEAD]
    skip = begins(rows)
    return Reading("csv", encoding, delimiter, header=is_header(rows[skip:]), skip=skip)


@contextmanager
def opened(path: Path, reading: Reading) -> Iterator[Delimited]:
    """Open a text file as a table.

    Raises:
        TableError: there is no table in it.
    """
    with _lines(path, reading.encoding) as lines:
        yield Delimited(lines, reading)


class Delimited:
    """A text file as a table."""

    def __init__(self, lines: _Lines, reading: Reading) -> None:
        self._delimiter = reading.delimiter
        self._lines = lines
        for _ in range(reading.skip):
            self._record(self._reader())
            self._lines.taken.clear()
        first = self._record(self._reader())
        if first is None:
            raise TableError(N_("There is no table in this file: it has no heading and no rows."))
        if reading.header:
            self.columns = headings(first)
        else:
            self.columns = headings(numbered(len(first)))
            self._lines.give_back()

    def rows(self) -> Iterator[Row]:
        reader, mended = self._reader(), 0
        while True:
            yield from self._plain_rows()
            self._lines.taken.clear()
            line = self._lines.number + 1
            try:
                cells = next(reader)
                if "'" in "".join(cells):
                    cells = [bare(cell) if cell[:1] == "'" else cell for cell in cells]
            except StopIteration:
                return
            except csv.Error:
                cells = []
                if len(self._lines.taken) == 1:  # no quotation mark is open: a cell is too long
                    yield Row(line, self._first_line(), Reason.BAD_TEXT)
                    continue
            row = fitted(line, cells, len(self.columns))
            if self._is_open(cells, row):
                mended += 1
                yield self._mend(line, mended)
                reader = self._reader()
            elif row is not None:
                yield row

    def _plain_rows(self) -> Iterator[Row]:
        """The next rows as long as nothing is to be said of any: many are looked at together."""
        width, line = len(self.columns), self._lines.number + 1
        while lines := self._lines.plain():
            rows = list(csv.reader(lines, delimiter=self._delimiter))
            if {*map(len, rows)} != {width} or not are_plain(rows):
                self._lines.read_again(lines)
                return
            yield from map(Row, count(line), rows)
            line += len(rows)

    def _is_open(self, cells: Sequence[str], row: Row | None) -> bool:
        """Whether a quotation mark that is not closed has swallowed lines after its own."""
        lines = len(self._lines.taken)
        if not cells:
            return lines > 1
        misfit = row is not None and row.reason is Reason.WIDTH
        return lines > _LINES_OF_A_ROW or (lines > 1 and misfit)

    def _mend(self, line: int, mended: int) -> Row:
        """Refuse only the line with the quotation mark; those after it are read again."""
        if mended > _MOST_MENDED:
            raise TableError(
                Text(
                    N_("Line %(line)s: too many quotation marks are not closed in this file."),
                    {"line": line},
                )
            )
        cells = self._first_line()
        self._lines.give_back(keep=1)
        return Row(line, cells, Reason.OPEN_QUOTE)

    def _first_line(self) -> list[str]:
        """The first line of what was taken last, as cells for a message."""
        parts = self._lines.taken[0].rstrip("\r\n").split(self._delimiter)
        return [printable(part) for part in parts[: 2 * len(self.columns)]]

    def _reader(self) -> Iterator[list[str]]:
        return csv.reader(self._lines, delimiter=self._delimiter)

    def _record(self, reader: Iterator[list[str]]) -> list[str] | None:
        """The first row that is not empty."""
        try:
            for cells in reader:
                if any(cells):
                    return cells
                self._lines.taken.clear()
        except csv.Error as error:
            raise TableError(
                N_("The first line of the table has a quotation mark that is not closed.")
            ) from error
        return None


@contextmanager
def _lines(path: Path, encoding: str) -> Iterator[_Lines]:
    """Open the lines of a file, after its byte order mark."""
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    with path.open("rb") as file:
        bom = next((bom for bom in _BOMS if file.peek(3)[:3].startswith(bom)), b"")
        file.read(len(bom))
        with io.TextIOWrapper(file, encoding=encoding, errors=errors, newline="") as text:
            yield _Lines(text, "\N{REPLACEMENT CHARACTER}" if errors == "replace" else "")


class _Lines:
    """The lines of a file; those that were taken last can be given back.

    ``strange`` is what stands in a text for what could not be read.
    """

    def __init__(self, file: io.TextIOWrapper, strange: str) -> None:
        self._file = file
        self._again: list[str] = []
        self._unread: list[str] = []
        self._strange = strange
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._read()
        self.number += 1
        self.taken.append(line)
        return line

    def give_back(self, keep: int = 0) -> None:
        """Let the lines that were taken come again, but for the first ``keep``."""
        back = self.taken[keep:]
        self._again += reversed(back)
        self.number -= len(back)
        self.taken.clear()

    def plain(self) -> list[str]:
        """Take the next lines if each is a row of its own; none if one of them may be otherwise."""
        if self._again or self._unread:
            return []
        lines: list[str] = []
        width = 0
        while width < _BUNCH and (line := self._file.readline(LONGEST_LINE)):
            lines.append(line)
            width += len(line)
        text = "".join(lines)
        marks = ('"', "'", self._strange)
        if width > LONGEST_CELL or any(mark and mark in text for mark in marks):
            self._unread = lines[::-1]
            return []
        self.number += len(lines)
        return lines

    def read_again(self, lines: Sequence[str]) -> None:
        """Let lines that were taken as plain ones come again, one by one."""
        self._unread = [*reversed(lines)]
        self.number -= len(lines)

    def _readline(self) -> str:
        return self._unread.pop() if self._unread else self._file.readline(LONGEST_LINE)

    def _read(self) -> str:
        line = self._readline()
        if not line:
            raise StopIteration
        if len(line) == LONGEST_LINE and line[-1] not in "\r\n":
            while (rest := self._readline()) and rest[-1] not in "\r\n":
                pass
            line = f"\x00{line[:100]}\n"  # such a line is refused, and the next one read
        if self._strange and self._strange in line:
            line = line.replace(self._strange, "\x00")
        return line


def _encoding(path: Path) -> str:
    """UTF-8 if more lines are than are not; lines that are not are refused one by one."""
    with path.open("rb") as file:
        head = file.read(64 * 1024)
    for bom, encoding in _BOMS.items():
        if head.startswith(bom):
            return encoding
    if not head.strip():
        raise TableError(N_("The file is empty."))
    strange = sum(head.count(code) for code in range(1, 32) if code not in (9, 10, 12, 13))
    if strange * 20 > len(head):
        raise TableError(N_("This is not a table: use a CSV, XLSX or Parquet file."))
    if head.count(0) * 4 > len(head):
        return "utf-16-be" if head[::2].count(0) > head[1::2].count(0) else "utf-16-le"
    good = bad = 0
    with path.open("rb") as file:
        while line := file.readline(LONGEST_LINE):
            if not line.isascii():
                is_good = _is_utf8(line)
                good, bad = good + is_good, bad + (not is_good)
    return "utf-8" if good >= bad else "windows-1252"


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return len(line) == LONGEST_LINE and error.end == len(line)  # cut within a character
    return True


def _split(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    try:
        return [cells for cells in csv.reader(lines, delimiter=delimiter) if any(cells)]
    except csv.Error:
        return [line.split(delimiter) for line in lines]


def _evenness(lines: Sequence[str], delimiter: str) -> tuple[float, int]:
    """How well a delimiter makes a table: the share of rows of the usual width, and that width."""
    widths = [len(cells) for cells in _split(lines, delimiter)]
    usual = max(set(widths), key=widths.count, default=1)
    if usual < 2:
        return 0.0, 0
    return widths.count(usual) / len(widths), usual


def is_header(rows: Sequence[Sequence[str | None]]) -> bool:
    """Whether the first row names columns: words, each only once or over what is none."""
    if not rows:
        return True
    cells = [(cell or "").strip() for cell in rows[0]]
    words = [cell for cell in cells if _is_word(cell)]
    if len(words) * 2 <= len([cell for cell in cells if cell]):
        return False
    return len(set(words)) == len(words) or any(
        _is_word(cell) and _holds_no_word(rows[1:], place) for place, cell in enumerate(cells)
    )


def _is_word(cell: str) -> bool:
    return bool(cell) and not cell[-1:].isdigit() and cell[:1] not in "-+(."


def _holds_no_word(rows: Sequence[Sequence[str | None]], place: int) -> bool:
    below = [(row[place] or "").strip() for row in rows if place < len(row)]
    return any(below) and not any(map(_is_word, below))
