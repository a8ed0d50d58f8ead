"""A whole database as one file, taken while others write; and that file as a database again."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from sqlalchemy.engine import URL, make_url

from crmapp.db import dumps
from crmapp.errors import BackupError

Ask = Callable[[str], list[tuple[Any, ...]]]
"""Ask what is in a copy, neither more nor less."""


class Copies(Protocol):
    """One kind of database. ``in_place``: a copy can only be put where the database itself is.

    Raises:
        BackupError: it cannot be done; the message says why and what to do.
    """

    kind: str
    in_place: bool

    def version(self) -> str:
        """Return the version of the server, or of the library."""

    def copied(self, path: Path) -> AbstractContextManager[Ask]:
        """Write a copy to ``path``."""

    def is_empty(self) -> bool:
        """Say whether there is nothing that a copy would replace."""

    def check(self, version: str) -> None:
        """Refuse a copy that was taken of ``version`` if it cannot be put here."""

    def put(self, path: Path) -> None:
        """Replace everything by the copy at ``path``, or nothing."""


def copies(address: str) -> Copies:
    """Return how the database at ``address`` is copied."""
    url = make_url(address)
    return SqliteCopies(url) if url.get_backend_name() == "sqlite" else dumps.PostgresCopies(url)


class SqliteCopies:
    kind = "sqlite"
    in_place = False

    def __init__(self, url: URL) -> None:
        self._file = Path(url.database or "")

    def version(self) -> str:
        return sqlite3.sqlite_version

    @contextmanager
    def copied(self, path: Path) -> Iterator[Ask]:
        """Copy page by page, in one read transaction: who writes meanwhile is not held up."""
        try:
            with closing(sqlite3.connect(path)) as copy:
                with closing(_opened(self._file)) as source:
                    source.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")
                ((said,), *_more) = copy.execute("PRAGMA quick_check(1)").fetchall()
                if said != "ok":
                    raise BackupError(f"{self._file} is damaged ({said}). Restore a backup of it.")
                yield lambda query: copy.execute(query).fetchall()
        except sqlite3.Error as error:
            raise BackupError(f"{self._file} cannot be copied: {error}.") from error

    def is_empty(self) -> bool:
        return not self._file.exists()

    def check(self, version: str) -> None:
        """SQLite reads what other versions of it wrote."""

    def put(self, path: Path) -> None:
        """Move the copy there; nobody may have the database open."""
        with closing(_opened(path)) as copy:
            copy.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for beside in ("-wal", "-shm", "-journal"):
            self._file.with_name(self._file.name + beside).unlink(missing_ok=True)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_name(f"{self._file.name}.restored")
        shutil.move(path, fresh)
        fresh.replace(self._file)


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(file))}?mode=rw", uri=True, timeout=30)
