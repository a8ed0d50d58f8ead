"""Tables as CSV text and XLSX files that spreadsheets open and do not execute."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import zip_longest
from typing import IO, Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from crmapp.domain.formula_guard import guarded

BOM = "\ufeff"
MOST_LINES = 1_048_576
"""So many rows a sheet of a workbook may have, its heading among them."""
_BATCH = 500
_FORMATS = {"money": "#,##0.00", "number": "#,##0.##", "percent": "0.0%", "date": "yyyy-mm-dd"}
_OTHER = {"verbatim": "@"}
_WIDTHS = (10, 40)
_FORBIDDEN_IN_A_TITLE = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))


@dataclass(frozen=True)
class Heading:
    """A column of a workbook: its words, and its kind.

    It is text, number, money, percent, date, or verbatim: what is typed there stays as typed.
    """

    text: str
    kind: str = "text"


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Write a table as pieces of CSV text."""
    buffer = io.StringIO()
    buffer.write(BOM)
    writer = csv.writer(buffer)
    writer.writerow([cell(name) for name in header])
    for number, row in enumerate(rows, 1):
        writer.writerow([cell(value) for value in row])
        if not number % _BATCH:
            yield _taken(buffer)
    yield _taken(buffer)


def cell(value: Any) -> Any:
    """Return ``value`` as a cell; a text that a spreadsheet may take for a formula gets a ``'``.

    Numbers stay numbers. A phone number like ``+33 1 23`` is a text and gets the ``'`` too. Reading
    such a file as a table takes the ``'`` away again.
    """
    if value is None:
        return ""
    if isinstance(value, date | datetime):
        return value.isoformat()
    return guarded(value) if isinstance(value, str) else value


def plain(value: Any, kind: str) -> Any:
    """Return a number as people know it: money in cents, others without zeros that say nothing."""
    if kind == "money" and isinstance(value, Decimal | float):
        cents: Any = round(value, 2)
        return cents or abs(cents)  # what rounds to nothing is not negative
    if isinstance(value, Decimal):
        whole = value.to_integral_value()
        return whole if value == whole else value.normalize()
    return value


def write_workbook(
    file: IO[bytes] | str,
    title: str,
    header: Sequence[Heading],
    rows: Iterable[Sequence[Any]],
    bold_last: bool = False,
    heads: bool = True,
) -> None:
    """Write ``rows`` as a workbook of one sheet; the last row may stand out, as totals do.

    Without ``heads`` the rows begin in its first line, and may be wider than ``header``.
    Texts stay texts, whatever they begin with. Written row by row: memory does not grow with them.
    """
    options = {"constant_memory": True, "default_date_format": _FORMATS["date"]}
    with Workbook(file, options) as book:
        sheet = book.add_worksheet(title.translate(_FORBIDDEN_IN_A_TITLE).strip()[:31] or None)
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        sheet.freeze_panes(int(heads), 0)
        for place, heading in enumerate(header):
            sheet.set_column(place, place, _width(heading), _format(book, heading))
        if heads:
            _write_row(sheet, 0, [heading.text for heading in header], [bold] * len(header))
        plain: list[Format | None] = [None] * len(header)
        last = [_format(book, each, bold=True, top=1) for each in header] if bold_last else plain
        for number, (row, is_last) in enumerate(_with_end(rows), int(heads)):
            _write_row(sheet, number, row, last if is_last else plain)


def _with_end(rows: Iterable[Sequence[Any]]) -> Iterator[tuple[Sequence[Any], bool]]:
    """Yield each row, and whether it is the last."""
    held: Sequence[Any] | None = None
    for row in rows:
        if held is not None:
            yield held, False
        held = row
    if held is not None:
        yield held, True


def _write_row(
    sheet: Worksheet, number: int, row: Sequence[Any], styles: Sequence[Format | None]
) -> None:
    for place, (value, style) in enumerate(zip_longest(row, styles)):
        if isinstance(value, str):
            sheet.write_string(number, place, value, style)
        elif value is not None:
            sheet.write(number, place, value, style)


def _format(book: Workbook, heading: Heading, **more: Any) -> Format:
    return book.add_format(
        {"num_format": _FORMATS.get(heading.kind, _OTHER.get(heading.kind, "General"))} | more
    )


def _width(heading: Heading) -> int:
    narrow, wide = _WIDTHS
    longest = len(heading.text) if heading.kind in _FORMATS else wide * 3 // 5
    return min(max(narrow, longest + 2), wide)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
