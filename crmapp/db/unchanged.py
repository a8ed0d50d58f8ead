"""What was read before holds until somebody commits something: on SQLite one can ask whether.

Each page asks for its reader, the fields, the people, the labels of pick lists, and hardly ever
has any of them changed. SQLite says in a microsecond whether another connection has committed
since (`PRAGMA data_version <https://www.sqlite.org/pragma.html#pragma_data_version>`_), and the
answer holds for the rest of the transaction. PostgreSQL cannot say so: there all is read each time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from crmapp.memory import Memory

MOST = 500
"""So much is kept by a connection."""
_KNOWN = "crmapp_known"


@dataclass(frozen=True)
class _Known:
    """What one connection has read of the database in this version of it."""

    version: int
    values: Memory[Any] = field(default_factory=lambda: Memory(MOST))


def forget(connection: Connection) -> None:
    """Forget what ``connection`` has read; its own commits do not change the version it sees."""
    connection.connection.info.pop(_KNOWN, None)


def known(connection: Connection) -> Memory[Any] | None:
    """Return what ``connection`` has read since somebody committed; None if it cannot be known.

    It holds for the rest of the transaction, unless that one writes: nobody else sees what it does.
    """
    driver = connection.connection.driver_connection
    if connection.dialect.name != "sqlite" or driver is None:
        return None
    (version,) = driver.execute("PRAGMA data_version").fetchone()
    kept: _Known | None = connection.connection.info.get(_KNOWN)
    if kept is None or kept.version != version:
        kept = connection.connection.info[_KNOWN] = _Known(version)
    return kept.values
