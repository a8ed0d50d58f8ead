"""Files from people: what they are is decided by their content, never by their name."""

from __future__ import annotations

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
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


def look(path: Path) -> Reading:
    """Find out what a file is and how it is to be read.

    Raises:
        TableError: it is empty, or not a table.
    """
    with path.open("rb") as file:
        head = file.read(4)
    if head == b"PAR1":
        return Reading("parquet")
    if head == b"PK\x03\x04":
        return workbook.look(path)
    if head == _OLD_EXCEL:
        raise TableError(N_("This is an old or protected Excel workbook. Save it as XLSX or CSV."))
    return delimited.look(path)


def opened(path: Path, reading: Reading) -> Opened:
    """Open a file as a table.

    Raises:
        TableError: it cannot be read this way.
    """
    return _OPENERS[reading.format](path, reading)
