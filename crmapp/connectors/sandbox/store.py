"""The one file in which a sandbox keeps everything: SQLite, shared by threads, safe to kill."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BUSY = 30.0  # seconds that a writer waits for another process


class Store:
    """A pool of connections to one file.

    Any number of threads read at a time and one writes. A process killed at any moment loses
    nothing that was committed.
    """

    def __init__(self, path: Path, schema: str = "") -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._thread = threading.local()
        self._closed = False
        if schema:
            self.create(schema)

    def create(self, schema: str) -> None:
        """Run ``CREATE … IF NOT EXISTS`` statements."""
        with self._turn, self.reading() as connection:
            connection.executescript(schema)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection; each statement on it sees what is committed.

        Within :meth:`writing` it is that transaction's, which sees what it wrote.
        """
        own = self._own()
        if own is not None:
            yield own
            return
        connection = self._take()
        try:
            yield connection
        finally:
            self._give_back(connection)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection whose statements all see the same moment."""
        own = self._own()
        if own is not None:
            yield own
            return
        with self.reading() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection in a transaction that is kept if the block ends well.

        Within another one it is a part of that: it is undone alone if only it fails, and not kept
        unless the outer one is.
        """
        own = self._own()
        if own is not None:
            with _part_of(own):
                yield own
            return
        with self._turn, self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            self._thread.connection = connection
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            else:
                connection.execute("COMMIT")
            finally:
                self._thread.connection = None

    def _own(self) -> sqlite3.Connection | None:
        """Return the connection of the transaction that this thread is in."""
        connection: sqlite3.Connection | None = getattr(self._thread, "connection", None)
        return connection

    def close(self) -> None:
        """Close the idle connections; one that is lent is closed when it comes back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        # Transactions are begun and ended in this module only, not by the driver.
        connection = sqlite3.connect(
            self._path, timeout=_BUSY, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing under NORMAL; only a machine without power might.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -65536")
        return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()


@contextmanager
def _part_of(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK TO part")
        connection.execute("RELEASE part")
        raise
    connection.execute("RELEASE part")
