"""Faults on purpose: which ones are set, and which of them a request meets."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from crmapp.connectors.sandbox.store import Store

_SCHEMA = """
CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    pattern TEXT NOT NULL,
    "after" INTEGER NOT NULL,
    times INTEGER,
    seconds REAL NOT NULL,
    object TEXT NOT NULL,
    field TEXT NOT NULL,
    seen INTEGER NOT NULL,
    fired INTEGER NOT NULL
);
"""


class Kind(StrEnum):
    """What may go wrong. Those up to LOCK_ROW are errors in the protocol's own shape."""

    UNAUTHORIZED = "unauthorized"  # 401
    QUOTA = "quota"  # 403, the day's requests are used up
    THROTTLED = "throttled"  # 429 with Retry-After: ``seconds``
    SERVER_ERROR = "server_error"  # 500
    UNAVAILABLE = "unavailable"  # 503
    LOCK_ROW = "lock_row"  # another transaction holds the rows
    SLOW = "slow"  # the answer begins after ``seconds``
    CUT = "cut"  # the connection is cut before anything is done
    CUT_AFTER = "cut_after"  # all is done, and the connection is cut before the answer
    HALF = "half"  # all is done, and the connection is cut in the middle of the answer
    TWICE = "twice"  # the request is done twice, as if it had been delivered again
    FIELD_VANISHED = "field_vanished"  # ``field`` of ``object`` is not there
    WRONG_CLOCK = "wrong_clock"  # the clock is wrong by ``seconds``


@dataclass(frozen=True)
class Fault:
    """One fault that was set.

    ``pattern`` is a glob over ``METHOD /path`` or over the name of the operation. The first
    ``after`` requests that match go well; then the fault fires ``times`` times (None: always).
    """

    kind: Kind
    pattern: str = "*"
    after: int = 0
    times: int | None = 1
    seconds: float = 0.0
    object: str = ""
    field: str = ""
    id: int = 0
    seen: int = 0
    fired: int = 0

    def matches(self, method: str, path: str, operation: str) -> bool:
        names = [f"{method} {path}", *([operation] if operation else [])]
        return any(fnmatchcase(name, self.pattern) for name in names)

    @property
    def is_spent(self) -> bool:
        return self.times is not None and self.fired >= self.times


class Faults:
    """The faults that are set; kept, so that they outlive a restart with their counts."""

    def __init__(self, store: Store) -> None:
        store.create(_SCHEMA)
        self._store = store
        self._lock = threading.Lock()
        with store.reading() as connection:
            rows = connection.execute("SELECT * FROM fault ORDER BY id").fetchall()
        self._set = {row["id"]: _fault(row) for row in rows}

    def listed(self) -> list[Fault]:
        with self._lock:
            return list(self._set.values())

    def add(self, fault: Fault) -> Fault:
        """Set a fault; its counts begin anew."""
        values = (
            fault.kind.value,
            fault.pattern,
            fault.after,
            fault.times,
            fault.seconds,
            fault.object,
            fault.field,
        )
        with self._lock, self._store.writing() as connection:
            row = connection.execute(
                'INSERT INTO fault (kind, pattern, "after", times, seconds, object, field, seen,'
                " fired) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0) RETURNING *",
                values,
            ).fetchone()
            added = self._set[row["id"]] = _fault(row)
        return added

    def clear(self, id: int | None = None) -> None:
        """Take back one fault, or all."""
        with self._lock, self._store.writing() as connection:
            if id is None:
                connection.execute("DELETE FROM fault")
                self._set.clear()
            else:
                connection.execute("DELETE FROM fault WHERE id = ?", [id])
                self._set.pop(id, None)

    def due(self, method: str, path: str, operation: str = "") -> Due:
        """Count a request, and return what goes wrong with it."""
        with self._lock:
            met = [each for each in self._set.values() if each.matches(method, path, operation)]
            counted = [_count(each) for each in met if not each.is_spent]
            if counted:
                with self._store.writing() as connection:
                    connection.executemany(
                        "UPDATE fault SET seen = ?, fired = ? WHERE id = ?",
                        [(each.seen, each.fired, each.id) for each in counted],
                    )
                self._set |= {each.id: each for each in counted}
            return Due(tuple(each for each in counted if each.seen > each.after))


@dataclass(frozen=True)
class Due:
    """What goes wrong with one request."""

    faults: tuple[Fault, ...] = ()

    def first(self, kinds: Iterable[Kind]) -> Fault | None:
        wanted = set(kinds)
        return next((each for each in self.faults if each.kind in wanted), None)

    @property
    def vanished(self) -> frozenset[tuple[str, str]]:
        """The fields that are not there, as (object, field) in lower case."""
        return frozenset(
            (each.object.lower(), each.field.lower())
            for each in self.faults
            if each.kind is Kind.FIELD_VANISHED
        )

    def now(self) -> datetime:
        """The time as the sandbox believes it to be."""
        wrong = sum(each.seconds for each in self.faults if each.kind is Kind.WRONG_CLOCK)
        return datetime.now(UTC) + timedelta(seconds=wrong)


def _count(fault: Fault) -> Fault:
    seen = fault.seen + 1
    return replace(fault, seen=seen, fired=fault.fired + (seen > fault.after))


def _fault(row: sqlite3.Row) -> Fault:
    # What RETURNING says of a REAL column may be an integer.
    return Fault(**{**dict(row), "kind": Kind(row["kind"]), "seconds": float(row["seconds"])})
