"""Tables as CSV and XLSX files that spreadsheets open and do not execute."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Response, stream_with_context
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

BOM = "\ufeff"
_STARTS_A_FORMULA = tuple("=+-@\t\r＝＋－＠")
_BATCH = 500
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMATS = {"money": "#,##0.00", "number": "#,##0.##", "percent": "0.0%", "date": "yyyy-mm-dd"}
_WIDTHS = (10, 40)
_FORBIDDEN_IN_A_TITLE = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))


@dataclass(frozen=True)
class Heading:
    """A column of a workbook: its words, and its kind: text, number, money, percent or date."""

    text: str
    kind: str = "text"


def csv_response(filename: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """Stream ``rows`` as a CSV file in UTF-8 with a byte-order mark, as Excel expects it."""
    lines = stream_with_context(csv_lines(header, rows))
    response = Response(lines, content_type="text/csv; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename=filename)
    return response


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

    Numbers stay numbers. A phone number like ``+33 1 23`` is a text and gets the ``'`` too.
    """
    if value is None:
        return ""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(_STARTS_A_FORMULA):
        return f"'{value}"
    return value


def xlsx_response(
    filename: str,
    title: str,
    header: Sequence[Heading],
    rows: Iterable[Sequence[Any]],
    total: Sequence[Any] = (),
) -> Response:
    """Send ``rows`` as a workbook of one sheet; ``total`` is a last row that stands out.

    Texts stay texts, whatever they begin with. Written row by row: memory does not grow with them.
    """
    buffer = io.BytesIO()
    options = {"constant_memory": True, "default_date_format": _FORMATS["date"]}
    with Workbook(buffer, options) as book:
        sheet = book.add_worksheet(title.translate(_FORBIDDEN_IN_A_TITLE).strip()[:31] or None)
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        sheet.freeze_panes(1, 0)
        for place, heading in enumerate(header):
            sheet.set_column(place, place, _width(heading), _format(book, heading))
        _write_row(sheet, 0, [heading.text for heading in header], [bold] * len(header))
        number = 0
        for number, row in enumerate(rows, 1):
            _write_row(sheet, number, row, [None] * len(row))
        if total:
            styles = [_format(book, heading, bold=True, top=1) for heading in header]
            _write_row(sheet, number + 1, total, styles)
    response = Response(buffer.getvalue(), content_type=XLSX)
    response.headers.set("Content-Disposition", "attachment", filename=filename)
    return response


def _write_row(
    sheet: Worksheet, number: int, row: Sequence[Any], styles: Sequence[Format | None]
) -> None:
    for place, (value, style) in enumerate(zip(row, styles, strict=True)):
        if isinstance(value, str):
            sheet.write_string(number, place, value, style)
        elif value is not None:
            sheet.write(number, place, value, style)


def _format(book: Workbook, heading: Heading, **more: Any) -> Format:
    return book.add_format({"num_format": _FORMATS.get(heading.kind, "General")} | more)


def _width(heading: Heading) -> int:
    narrow, wide = _WIDTHS
    longest = len(heading.text) if heading.kind in _FORMATS else wide * 3 // 5
    return min(max(narrow, longest + 2), wide)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
