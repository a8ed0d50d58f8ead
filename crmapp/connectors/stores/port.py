"""The port to a place where files are left, and what is the same for every such place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from crmapp.connectors.errors import Retryable, RowRejected
from crmapp.connectors.port import Check
from crmapp.i18n import N_, Text

CHUNK = 1024 * 1024
MOST_FILES = 100_000
"""Files of one place that are looked at."""


@dataclass(frozen=True)
class StoredFile:
    """A file that is whole; ``mark`` changes when the file does, but is no hash of it."""

    name: str  # below the folder or the prefix, with "/" between its parts
    size: int
    modified: datetime
    mark: str


class Store(Protocol):
    """A place of files. Every method raises :class:`crmapp.connectors.errors.ConnectorError`."""

    def check(self) -> Check:
        """Look whether files can be listed, precisely naming what is wrong if not."""

    def files(self) -> list[StoredFile]:
        """Return the files that match the pattern and are not being written, by name."""

    def fetch(self, name: str, to: Path) -> str:
        """Write a file to ``to``, which is not there yet, and return its SHA-256 in hex.

        Raises:
            Retryable: it is gone, or was changed while it was read. Nothing is left at ``to``.
            RowRejected: it is too large.
        """


def pattern_of(glob: str) -> re.Pattern[str]:
    """Return what matches names as ``*.csv`` does; ``**/`` stands for any folders, or none."""
    parts = re.split(r"(\*\*/|\*|\?)", glob.strip() or "*")
    meant = {"**/": "(?:[^/]+/)*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meant.get(each, re.escape(each)) for each in parts), re.IGNORECASE)


def is_hidden(name: str) -> bool:
    """Say whether a name is one that programs give to files which are not meant for others."""
    return any(part.startswith((".", "~$")) for part in name.split("/"))


def changed(name: str) -> Retryable:
    """Return the error for a file that is no longer what it was when it was listed."""
    return Retryable(
        Text(
            N_("%(file)s was changed or taken away while it was read. It is read again later."),
            {"file": name},
        )
    )


def too_large(name: str, most: int) -> RowRejected:
    """Return the error for a file that is larger than ``most`` bytes."""
    return RowRejected(
        Text(
            N_("%(file)s is larger than %(size)s MB. Have it sent in parts, or as Parquet."),
            {"file": name, "size": most >> 20},
        ),
        code="TOO_LARGE",
        fields=(name,),
    )
