"""Tables as files that a browser downloads."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response, stream_with_context

from crmapp.models import User
from crmapp.services import audit
from crmapp.services.sheet_files import Heading, csv_lines, write_workbook
from crmapp.web.access import person, signed_in

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def csv_response(filename: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """Stream ``rows`` as a CSV file in UTF-8 with a byte-order mark, as Excel expects it."""
    audit.exported("sheet", by=_reader(), file=filename)
    lines = stream_with_context(csv_lines(header, rows))
    response = Response(lines, content_type=TYPES["csv"])
    response.headers.set("Content-Disposition", "attachment", filename=filename)
    return response


def xlsx_response(
    filename: str,
    title: str,
    header: Sequence[Heading],
    rows: Iterable[Sequence[Any]],
    bold_last: bool = False,
) -> Response:
    """Send ``rows`` as a workbook of one sheet; the last row may stand out, as totals do."""
    audit.exported("sheet", by=_reader(), file=filename)
    buffer = io.BytesIO()
    write_workbook(buffer, title, header, rows, bold_last)
    response = Response(buffer.getvalue(), content_type=TYPES["xlsx"])
    response.headers.set("Content-Disposition", "attachment", filename=filename)
    return response


def _reader() -> User | None:
    return person() if signed_in() else None
