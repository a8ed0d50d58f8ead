"""The rows that a run left out, as a file of the form in which they came, each with the reason.

It can be corrected and sent again as it is: same columns and order, same format, one more column.
"""

from __future__ import annotations

import codecs
import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import IO, Any

from crmapp.analytics.intake.tables import Reading
from crmapp.i18n import Text
from crmapp.models import Run, User
from crmapp.services import receipts
from crmapp.services.file_sources import KIND
from crmapp.services.receipts import LeftOut
from crmapp.services.sheet_files import Heading, cell, write_workbook

_BATCH = 500
_BOMS = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}
Said = Callable[[Text], str]
"""Says a text in the reader's language."""


def is_of_file(run: Run) -> bool:
    """Whether the rows of the run came from a file that somebody sent."""
    return KIND in (run.source.get("kind"), run.source.get("of"))


def kind_of(run: Run) -> str:
    """Return the kind of file that the run's failed rows fill: that of the file they came in."""
    if is_of_file(run) and run.source["reading"]["format"] == "xlsx":
        return "xlsx"
    return "csv"


def text_file(run: Run, reason: str, say: Said, *, by: User) -> tuple[str, Iterator[bytes]]:
    """Return the encoding and the pieces of a text file, delimited and encoded as the one sent.

    ``reason`` is the heading of the last column.

    Raises:
        NotFound: the run left nothing out.
    """
    reading = Reading(**run.source["reading"])
    encoding = reading.encoding or "utf-8"
    lines = _lines(run, reason, say, by)
    return encoding, _encoded(lines, encoding, reading.delimiter or ",")


def workbook(run: Run, reason: str, say: Said, *, by: User) -> IO[bytes]:
    """Return a workbook, open to be read, whose sheet is called as the one that was read.

    Raises:
        NotFound: the run left nothing out.
    """
    reading = Reading(**run.source["reading"])
    lines = _lines(run, reason, say, by)
    titles = [Heading(str(text)) for text in next(lines)] if reading.header else []
    file = tempfile.TemporaryFile()  # noqa: SIM115  (whoever asked for it closes it)
    try:
        write_workbook(file, reading.sheet, titles, lines, heads=reading.header)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _lines(run: Run, reason: str, say: Said, by: User) -> Iterator[list[Any]]:
    """Yield the headings, if the file had some, and each row with its reason."""
    failed = receipts.failed_rows(run, by=by)
    names = [name for name in run.source["headings"] if name != run.source["left_out"]]
    heads = [[*names, reason]] if run.source["reading"]["header"] else []
    return _all(heads, (_line(row, names, say) for row in failed.rows))


def _all(heads: Iterable[list[Any]], rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
    yield from heads
    yield from rows


def _line(row: LeftOut, names: Sequence[str], say: Said) -> list[Any]:
    """Return the cells of a row; those beyond the table stand behind the reason."""
    known = {*names}
    beyond = [value for name, value in row.source.items() if name not in known]
    return [*(row.source.get(name) for name in names), say(row.reason), *beyond]


def _encoded(lines: Iterator[list[Any]], encoding: str, delimiter: str) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter)
    yield _BOMS.get(encoding, b"")
    while some := list(islice(lines, _BATCH)):
        writer.writerows([cell(value) for value in line] for line in some)
        yield buffer.getvalue().encode(encoding, "replace")
        buffer.seek(0)
        buffer.truncate()
