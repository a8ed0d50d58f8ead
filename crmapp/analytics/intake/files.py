"""Files from people: what they are is decided by their content, never by their name."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Mapping
from pathlib import Path

from crmapp.analytics.intake import columnar, delimited, queries, workbook
from crmapp.analytics.intake.tables import Opened, Reading
from crmapp.errors import TableError
from crmapp.i18n import N_

FORMATS = {
    "csv": N_("Text (CSV)"),
    "xlsx": N_("Excel workbook"),
    "parquet": N_("Parquet"),
    queries.FORMAT: N_("SQL query"),
}
_OPENERS: Mapping[str, Callable[[Path, Reading], Opened]] = {
    "csv": delimited.opened,
    "xlsx": workbook.opened,
    "parquet": columnar.opened,
}
_PICTURE = N_("This is a picture, not a table. Send the table itself as XLSX or CSV.")
_WEB_PAGE = N_(
    "This is a web page, whatever its name says. Open it in Excel and save it as XLSX or CSV."
)
_NO_TABLES: dict[bytes, str] = {
    b"\xd0\xcf\x11\xe0": N_("This is an old or protected Excel workbook. Save it as XLSX or CSV."),
    b"%pdf": N_("This is a PDF file. Have the table exported as XLSX or CSV."),
    b"{\\rtf": N_("This is a text document. Save its table as XLSX or CSV."),
    b"\x89png": _PICTURE,
    b"\xff\xd8\xff": _PICTURE,
    b"gif8": _PICTURE,
    b"<!doctype html": _WEB_PAGE,
    b"<html": _WEB_PAGE,
    b"<table": _WEB_PAGE,
}
"""What files begin with that are no tables, in small letters → what to say of them."""


def look(path: Path) -> Reading:
    """Find out what a file is and how it is to be read.

    Raises:
        TableError: it is empty, or not a table.
    """
    with path.open("rb") as file:
        head = file.read(100)
    if head.startswith(b"PAR1"):
        return Reading("parquet")
    if head.startswith(b"PK\x03\x04"):
        return workbook.look(path)
    begins = head.removeprefix(BOM_UTF8).lstrip().lower()
    for sign, problem in _NO_TABLES.items():
        if begins.startswith(sign):
            raise TableError(problem)
    return delimited.look(path)


def opened(path: Path, reading: Reading) -> Opened:
    """Open a file as a table.

    Raises:
        TableError: it cannot be read this way.
    """
    return _OPENERS[reading.format](path, reading)
