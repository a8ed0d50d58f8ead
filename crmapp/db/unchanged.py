"""What was read before holds until somebody commits something: on SQLite one can ask whether.

Each page asks for its reader, the fields, the people, the labels of pick lists, and hardly ever
has any of them changed. SQLite says in a microsecond whether another connection has committed
since (`PRAGMA data_version <https://www.sqlite.org/pragma.html#pragma_data_version>`_), and the
answer holds for the rest of the transaction. PostgreSQL cannot say so: there all is read each time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from sqlalchemy import Connection

from crmapp.memory import Memory

MOST = 500
"""So much is kept by a connection."""
T = TypeVar("T")
_KNOWN = "crmapp_known"


@dataclass(frozen=True)
class _Known:
    """What one connection has read of the database in this version of it."""

    version: int
    values: Memory[Any] = field(default_factory=lambda: Memory(MOST))


def while_unchanged(connection: Connection, key: Hashable, read: Callable[[], T]) -> T:
    """Return what ``read`` returned for ``key`` before, if nothing was committed since; else read.

    Nobody may change what it returns. Not for a transaction that writes: it sees what nobody has
    committed.
    """
    known = _known(connection)
    if known is None:
        return read()
    return cast(T, known.values.of(key, read))


def forget(connection: Connection) -> None:
    """Forget what ``connection`` has read; its own commits do not change the version it sees."""
    connection.connection.info.pop(_KNOWN, None)


def _known(connection: Connection) -> _Known | None:
    driver = connection.connection.driver_connection
    if connection.dialect.name != "sqlite" or driver is None:
        return None
    (version,) = driver.execute("PRAGMA data_version").fetchone()
    known: _Known | None = connection.connection.info.get(_KNOWN)
    if known is None or known.version != version:
        known = connection.connection.info[_KNOWN] = _Known(version)
    return known
