"""Tables as files that a browser downloads."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response, stream_with_context

from crmapp.services.sheet_files import Heading, csv_lines, write_workbook
from crmapp.web.taking import taken

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def csv_response(filename: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """Stream ``rows`` as a CSV file in UTF-8 with a byte-order mark, as Excel expects it."""
    lines = stream_with_context(csv_lines(header, rows))
    response = Response(lines, content_type=TYPES["csv"])
    response.headers.set("Content-Disposition", "attachment", filename=filename)
    return taken(response, "sheet", file=filename)


def xlsx_response(
    filename: str,
    title: str,
    header: Sequence[Heading],
    rows: Iterable[Sequence[Any]],
    bold_last: bool = False,
) -> Response:
    """Send ``rows`` as a workbook of one sheet; the last row may stand out, as totals do."""
    buffer = io.BytesIO()
    write_workbook(buffer, title, header, rows, bold_last)
    response = Response(buffer.getvalue(), content_type=TYPES["xlsx"])
    response.headers.set("Content-Disposition", "attachment", filename=filename)
    return taken(response, "sheet", file=filename)
