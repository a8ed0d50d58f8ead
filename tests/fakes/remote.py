"""Another system in an SQLite file: several processes may speak with it, and it outlives them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crmapp.connectors.errors import ConfigBroken, ConnectorError, RowRejected
from crmapp.connectors.port import (
    Capabilities,
    Check,
    Connector,
    Cursor,
    Description,
    Page,
    Record,
    RemoteField,
    RemoteKind,
    RowResult,
    Usage,
)

_TABLES = """
    CREATE TABLE IF NOT EXISTS record (
        object TEXT, id TEXT, stamp INTEGER, body TEXT, PRIMARY KEY (object, id)
    );
    CREATE INDEX IF NOT EXISTS by_stamp ON record (stamp);
    CREATE INDEX IF NOT EXISTS by_key ON record (object, lower(id));
    CREATE TABLE IF NOT EXISTS write (object TEXT, key TEXT, created INTEGER);
"""


@dataclass
class FakeConnector:
    """One connection to the system in ``file``.

    ``key`` is the field of a record that its id is made of, ``page`` how many records are read at a
    time. ``refuse`` says why a row is refused, if it is. ``before`` and ``after`` are called with
    the name of each call around what it does; what they raise, the caller gets.
    """

    file: Path
    key: str
    fields: Sequence[str]
    page: int = 100
    refuse: Callable[[Record], str | None] = lambda _row: None
    before: Callable[[str], None] = lambda _call: None
    after: Callable[[str], None] = lambda _call: None
    capabilities: Capabilities = field(default=Capabilities(True, 200, 2))

    # --- what the system holds ------------------------------------------------------------------

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.file, timeout=30)) as connection:
            connection.executescript(_TABLES)
            with connection:
                yield connection

    def put(self, object: str, *records: Record) -> None:
        """Make or change records, as a person of that system does."""
        with self._open() as there:
            for each in records:
                self._put(there, object, str(each[self.key]), each)

    def drop(self, object: str, *ids: str) -> None:
        """Delete records."""
        with self._open() as there:
            there.executemany(
                "DELETE FROM record WHERE object = ? AND id = ?", [(object, id_) for id_ in ids]
            )

    def all(self, object: str) -> dict[str, dict[str, Any]]:
        """Return id → record."""
        with self._open() as there:
            rows = there.execute("SELECT id, body FROM record WHERE object = ?", (object,))
            return {id_: json.loads(body) for id_, body in rows}

    def writes(self, object: str) -> list[tuple[str, bool]]:
        """Return each row that an upsert wrote, by its key, and whether it made a record."""
        with self._open() as there:
            rows = there.execute(
                "SELECT key, created FROM write WHERE object = ? ORDER BY rowid", (object,)
            )
            return [(key, bool(created)) for key, created in rows]

    def _put(self, there: sqlite3.Connection, object: str, id_: str, record: Record) -> None:
        there.execute(
            "INSERT OR REPLACE INTO record SELECT ?, ?, coalesce(max(stamp), 0) + 1, ? FROM record",
            (object, id_, json.dumps(dict(record))),
        )

    # --- the port -------------------------------------------------------------------------------

    def check(self) -> Check:
        return Check("Pretend Ltd", "tester", "1")

    def describe(self, object: str) -> Description:
        self.before("describe")
        kinds = [RemoteField(name, name, RemoteKind.TEXT, "string") for name in self.fields]
        return Description(object, object, tuple(kinds))

    def count(self, object: str) -> int:
        return len(self.all(object))

    def read(
        self, object: str, fields: Sequence[str], cursor: Cursor | None = None
    ) -> Iterator[Page]:
        self._refuse_unknown(fields)
        place = dict(cursor or {})
        since, begun = place.get("since", 0), place.get("begun") or self._stamp()
        last = (place.get("stamp", since), place.get("key", ""))
        while True:
            self.before("read")
            rows = self._next(object, since, last)
            ended = len(rows) < self.page
            if rows:
                last = (rows[-1][1] if since else 0, rows[-1][0])
            here = {"since": since, "stamp": last[0], "key": last[1], "begun": begun}
            records = tuple({name: json.loads(row[2]).get(name) for name in fields} for row in rows)
            yield Page(records, {"since": begun} if ended else here)
            if ended:
                return

    def _refuse_unknown(self, fields: Sequence[str]) -> None:
        unknown = next((name for name in fields if name not in self.fields), None)
        if unknown is not None:
            raise ConfigBroken(field=unknown)

    def _stamp(self) -> int:
        with self._open() as there:
            return int(there.execute("SELECT coalesce(max(stamp), 0) FROM record").fetchone()[0])

    def _next(self, object: str, since: int, last: tuple[int, str]) -> list[Any]:
        order = (
            "(stamp, id) > (?, ?) ORDER BY stamp, id" if since else "(0, id) > (?, ?) ORDER BY id"
        )
        with self._open() as there:
            return there.execute(
                f"SELECT id, stamp, body FROM record WHERE object = ? AND {order} LIMIT ?",  # noqa: S608  (our own text)
                (object, *last, self.page),
            ).fetchall()

    def read_one(self, object: str, id: str, fields: Sequence[str]) -> Record | None:
        found = self.all(object).get(id)
        return None if found is None else {name: found.get(name) for name in fields}

    def read_some(
        self, object: str, fields: Sequence[str], field: str, values: Iterable[str]
    ) -> Iterator[Record]:
        wanted = {value.casefold() for value in values if value}
        if not wanted:
            return
        self._refuse_unknown([field, *fields])
        self.before("read_some")
        for found in self.all(object).values():
            if str(found.get(field) or "").casefold() in wanted:
                yield {name: found.get(name) for name in (self.key, field, *fields)}

    def read_ids(self, object: str) -> Iterator[Sequence[str]]:
        yield list(self.all(object))

    def upsert(self, object: str, match_key: str, rows: Sequence[Record]) -> list[RowResult]:
        self.before("upsert")
        with self._open() as there:
            results = [self._upserted(there, object, row.get(match_key), row) for row in rows]
        self.after("upsert")
        return results

    def _upserted(self, there: sqlite3.Connection, object: str, key: Any, row: Record) -> RowResult:
        words = "no key" if not key else self.refuse(row)
        if words is not None:
            return RowResult(error=RowRejected(remote=words, code="REFUSED"))
        found = there.execute(
            "SELECT id, body FROM record WHERE object = ? AND lower(id) = lower(?)", (object, key)
        ).fetchone()
        id_, body = (found[0], json.loads(found[1])) if found else (key, {})
        self._put(there, object, id_, {**body, **row, self.key: id_})
        there.execute("INSERT INTO write VALUES (?, ?, ?)", (object, key, not found))
        return RowResult(id=id_, created=not found)

    def usage(self) -> Usage | None:
        return Usage(0, None, "day", datetime.now(UTC))


@dataclass
class FakeRemotes:
    """The connections of an installation, by the name of their system."""

    connectors: dict[str, FakeConnector]
    problem: dict[str, ConnectorError] = field(default_factory=dict)

    def connected(self) -> set[str]:
        return set(self.connectors)

    @contextmanager
    def opened(self, system: str, known: Iterable[Description] = ()) -> Iterator[Connector]:
        if system in self.problem:
            raise self.problem[system]
        yield self.connectors[system]
