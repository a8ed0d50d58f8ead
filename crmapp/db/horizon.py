"""When a row with a smaller id can no longer appear: no transaction that may hold one is left.

SQLite has one writer, who takes ids and commits before the next. On PostgreSQL a transaction has
its number before it takes ids (see :func:`crmapp.db.bulk.reserve_ids`): those that hold ids of up
to the largest that is seen have numbers below the horizon that is read after it.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from crmapp.db.bulk import dialect
from crmapp.db.session import session


def horizon() -> int:
    """Return the number that the next transaction will have; 0 where there is one writer."""
    if dialect() != "postgresql":
        return 0
    found = session.scalar(text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"))
    return int(found or 0)


def is_past(mark: int) -> bool:
    """Whether all transactions with numbers below ``mark`` have ended."""
    if dialect() != "postgresql":
        return True
    oldest = session.scalar(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"))
    return int(oldest or 0) >= mark


def be_numbered(connection: Connection) -> None:
    """Give a transaction its number before a default of a column takes an id."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_current_xact_id()"))
