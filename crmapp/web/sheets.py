"""Tables as CSV files that spreadsheets open and do not execute."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from flask import Response, stream_with_context

BOM = "\ufeff"
_STARTS_A_FORMULA = tuple("=+-@\t\r＝＋－＠")
_BATCH = 500


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


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
