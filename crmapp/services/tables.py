"""The tables that a database is made from: kept as they were sent, opened to be read."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

from crmapp.analytics.intake import files, queries
from crmapp.analytics.intake.recognise import SAMPLED
from crmapp.analytics.intake.tables import Opened, Reading, printable
from crmapp.config import settings
from crmapp.errors import Invalid, TableError
from crmapp.i18n import N_, Text
from crmapp.patience import Patience

_CHUNK = 1024 * 1024
SHOWN = 10
LARGEST_NAME = 120


@dataclass(frozen=True)
class Sample:
    """The headings of a table and its first rows, with the number of those that cannot be used."""

    headings: tuple[str, ...]
    rows: Sequence[Sequence[str | None]]
    broken: int = 0

    def as_json(self) -> dict[str, Any]:
        """What pages show of it."""
        shown = [[printable(cell) for cell in row] for row in self.rows[:SHOWN]]
        return {"headings": list(self.headings), "rows": shown, "broken": self.broken}


def folder_of(folder: str) -> Path:
    """Where the files of a database lie."""
    return settings().databases_dir / folder


def keep(folder: str, stream: IO[bytes], filename: str) -> dict[str, Any]:
    """Write a file as it was sent; its name is only shown, never used.

    Raises:
        Invalid: it is empty, or larger than a table may be.
    """
    place = folder_of(folder)
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"table-{secrets.token_hex(8)}"
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > settings().max_table:
                path.unlink()
                raise Invalid({"file": too_large()})
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return {
        "file": path.name,
        "name": _shown_name(filename),
        "size": size,
        "sha256": digest.hexdigest(),
    }


def too_large() -> Text:
    """What to say of a file that is larger than a table may be."""
    return Text(
        N_("The file is larger than %(size)s MB. Send fewer columns or rows, or Parquet."),
        {"size": settings().max_table >> 20},
    )


def _shown_name(filename: str) -> str:
    base = filename.replace("\\", "/").rpartition("/")[2]
    plain = "".join(letter for letter in printable(base) if letter.isprintable()).strip()
    return plain[-LARGEST_NAME:] or "table"


def look(folder: str, file: Mapping[str, Any]) -> Reading:
    """Find out how a file that was kept is to be read.

    Raises:
        Invalid: it is not a table; said of the field ``file``.
    """
    try:
        return files.look(folder_of(folder) / file["file"])
    except TableError as error:
        raise Invalid({"file": error.message}) from error


def sample(folder: str, source: Mapping[str, Any]) -> Sample:
    """Read the beginning of a source's newest table.

    Raises:
        TableError: it cannot be read this way.
    """
    *_, (_, opened) = opened_tables(folder, source)
    with opened() as table:
        found = list(islice(table.rows(), SAMPLED))
        rows = [row.cells for row in found if row.reason is None]
        return Sample(table.columns, rows, len(found) - len(rows))


def opened_tables(
    folder: str, source: Mapping[str, Any], patience: Patience | None = None
) -> list[tuple[str, Callable[[], Opened]]]:
    """The tables of a source, each with what its rows' places are named by, and its opener.

    ``patience`` is with an SQL database; without it as much as somebody has who waits for a page.

    Raises:
        TableError: it is read from an SQL database that is not known any more.
    """
    if asked := source.get("sql"):
        name = asked["connection"]
        address, wait = address_of(name), patience or Patience()
        return [(name, partial(queries.opened, name, address, asked["query"], wait))]
    reading = Reading(**source["reading"])
    place = folder_of(folder)
    return [
        (each["name"], partial(files.opened, place / each["file"], reading))
        for each in source["files"]
    ]


def address_of(name: str) -> str:
    """Where an SQL database is, by the name that the operator gave it.

    Raises:
        TableError: there is none of this name.
    """
    address = settings().sql_sources.get(name)
    if address is None:
        problem = N_("The SQL database %(name)s is not known here. Ask whoever runs crmapp.")
        raise TableError(Text(problem, {"name": name}))
    return address


def sweep(folder: str, wanted: set[str]) -> None:
    """Delete the files of a database that nobody wants any more."""
    for path in folder_of(folder).glob("table-*"):
        if path.name not in wanted:
            path.unlink(missing_ok=True)


def remove(folder: str) -> None:
    """Delete everything that was kept for a database."""
    shutil.rmtree(folder_of(folder), ignore_errors=True)


@contextmanager
def workplace(folder: str, name: str) -> Iterator[Path]:
    """A folder to build in, empty before and gone after."""
    place = folder_of(folder) / f"work-{name}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
