"""One port for every table from outside: its columns, and its rows as texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain
from typing import Any, NamedTuple, Protocol

from crmapp.domain.changes import Reason
from crmapp.errors import TableError
from crmapp.i18n import N_, Text

MOST_COLUMNS = 200
MOST_ROWS = 10_000_000
LONGEST_CELL = 100_000
LONGEST_HEADING = 100
_NAMED = 5
_NONE: Mapping[str, Any] = {}  # plain, since it is written as JSON
HEAD = 40
"""Rows that are looked at to find out where a table begins and how wide it is."""


@dataclass(frozen=True)
class Reading:
    """How a file is read: found by looking at it, and changed by people.

    ``skip`` is the number of rows above the table, empty ones not counted.
    """

    format: str
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    header: bool = True
    skip: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class SheetError(str):
    """What a workbook's cell says where its formula has no result, like ``#N/A``."""

    __slots__ = ()


def result(cell: str | None) -> str | None:
    """The cell, or None where it holds the error of a formula."""
    return None if isinstance(cell, SheetError) else cell


class Row(NamedTuple):
    """One row: its line in the file, its cells, and why it cannot be used if it cannot.

    It is a tuple because there are many.
    """

    line: int
    cells: Sequence[str | None]
    reason: Reason | None = None
    params: Mapping[str, Any] = _NONE


class Table(Protocol):
    """An open table. Its rows can be read once.

    Raises:
        TableError: the table cannot be read on; the message says why.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        """The headings, each once."""

    def rows(self) -> Iterator[Row]:
        """Every row that is not empty, also those that cannot be used."""


Opened = AbstractContextManager[Table]


def headings(cells: Sequence[str | None]) -> tuple[str, ...]:
    """Name the columns by the cells of a header: none is empty, none is there twice.

    Raises:
        TableError: there are none, or too many.
    """
    if not any(cells):
        raise TableError(N_("There is no table in this file: it has no heading and no rows."))
    if len(cells) > MOST_COLUMNS:
        raise TableError(
            Text(
                N_("The table has %(count)s columns, and %(most)s is the most. Leave some out."),
                {"count": len(cells), "most": MOST_COLUMNS},
            )
        )
    found: list[str] = []
    for number, cell in enumerate(cells, 1):
        plain = " ".join(printable(cell or "").split())[:LONGEST_HEADING]
        name, again = plain or f"Column {number}", 2
        while name.casefold() in (each.casefold() for each in found):
            name, again = f"{plain or f'Column {number}'} ({again})", again + 1
        found.append(name)
    return tuple(found)


def lacking(columns: Sequence[str]) -> Text:
    """Say which columns a table lacks: the first of them, and if there are more."""
    names = ", ".join(columns[:_NAMED]) + (", …" if len(columns) > _NAMED else "")
    return Text(N_("Columns that are used here, but are not in the table: %(columns)s."),
                {"columns": names})  # fmt: skip


def numbered(width: int) -> list[str | None]:
    """The header of a table that has none."""
    return [f"Column {number}" for number in range(1, width + 1)]


def fitted(line: int, cells: Sequence[str | None], width: int) -> Row | None:
    """The row as it is used: as wide as its table, and of readable text; None if it is empty."""
    if not any(cells):
        return None
    if len(cells) != width and (len(cells) < width or any(cells[width:])):
        params = {"count": len(cells), "width": width}
        return Row(line, [printable(cell) for cell in cells[: 2 * width]], Reason.WIDTH, params)
    cells = cells[:width]
    text = "".join(filter(None, cells))
    if not _is_plain(text) and any(map(_unfit, cells)):
        return Row(line, [printable(cell) for cell in cells], Reason.BAD_TEXT)
    return Row(line, cells)


def are_plain(rows: Sequence[Sequence[str]]) -> bool:
    """Say cheaply that :func:`fitted` would take rows of the right width as they are."""
    return all(map(any, rows)) and _is_plain("".join(chain.from_iterable(rows)))


def _is_plain(text: str) -> bool:
    """Whether a text is of usual letters and signs: no half of one is printable, nor is a null."""
    return text.isprintable() and len(text) <= LONGEST_CELL


def _unfit(cell: str | None) -> bool:
    if cell is None or _is_plain(cell):
        return False
    return (
        "\x00" in cell or len(cell) > LONGEST_CELL or any("\ud800" <= c <= "\udfff" for c in cell)
    )


def printable(cell: str | None) -> str:
    """The cell with a mark for what cannot be written, for a message."""
    text = (cell or "")[: LONGEST_HEADING * 5].replace("\x00", "\N{SYMBOL FOR NULL}")
    return text.encode("utf-8", "replace").decode()


def as_text(value: object) -> str | None:
    """What a cell of a workbook or a database says, as a person would type it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return None
        return (
            f"{value:.0f}"
            if value.is_integer() and abs(value) < 1e15
            else f"{Decimal(repr(value)):f}"
        )
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() else None
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return str(value)


def begins(head: Sequence[Sequence[str | None]]) -> int:
    """How many rows stand above the table: titles have fewer cells than it has columns."""
    widths = [sum(1 for cell in row if cell) for row in head]
    usual = sorted(widths)[len(widths) // 2] if widths else 0
    for number, width in enumerate(widths):
        if width and width * 2 > usual:
            return number
    return 0
