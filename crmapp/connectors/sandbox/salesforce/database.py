"""The org's file: a table for each object, what is hidden, and how much was asked today."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from crmapp.connectors.sandbox.faults import Due
from crmapp.connectors.sandbox.salesforce import fields, ids, org
from crmapp.connectors.sandbox.salesforce.errors import not_found
from crmapp.connectors.sandbox.salesforce.schema import SObject
from crmapp.connectors.sandbox.salesforce.values import stamp
from crmapp.connectors.sandbox.store import Store

ORG_ID = ids.checked("00DSb0000000001")
USER_ID = ids.made("005", 1)  # as whom an app signs in unless it says otherwise
_SCHEMA = """
CREATE TABLE IF NOT EXISTS sf_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sf_sequence (object TEXT PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sf_usage (day TEXT PRIMARY KEY, calls INTEGER NOT NULL);
"""
DAILY_LIMIT = 15_000


class Database:
    """The org as it is kept.

    ``hidden`` are fields that the connecting user may not see, as (object, field) in lower case;
    ``described_at`` is when the objects last changed their shape; ``duplicate_rule`` is alert or
    block where accounts of the same name are not welcome.
    """

    def __init__(self, path: Path) -> None:
        self.store = Store(path, _SCHEMA)
        self._lock = threading.Lock()
        self.objects: Mapping[str, SObject] = {}
        self.hidden: frozenset[tuple[str, str]] = frozenset()
        self.duplicate_rule = str(self.meta("duplicate_rule", ""))
        self.described_at = str(self.meta("described_at", ""))
        self._rebuild()

    def meta(self, key: str, default: Any = None) -> Any:
        with self.store.reading() as connection:
            row = connection.execute("SELECT value FROM sf_meta WHERE key = ?", [key]).fetchone()
        return default if row is None else orjson.loads(row["value"])

    def keep(self, key: str, value: Any) -> None:
        with self.store.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO sf_meta VALUES (?, ?)", [key, orjson.dumps(value).decode()]
            )

    def set_duplicate_rule(self, rule: str) -> None:
        self.duplicate_rule = rule
        self.keep("duplicate_rule", rule)

    def object(self, name: str, due: Due) -> SObject:
        """Return an object as the connecting user sees it.

        Raises:
            ApiError: there is none of this name.
        """
        found = self.objects.get(name.lower())
        if found is None:
            raise not_found()
        return self.seen(found, due)

    def seen(self, object: SObject, due: Due) -> SObject:
        lost = [
            field for named, field in self.hidden | due.vanished if named == object.name.lower()
        ]
        return object.without(lost) if lost else object

    def objects_of(self, due: Due) -> Callable[[str], SObject | None]:
        """Return what finds an object by its name, as the connecting user sees it."""

        def find(name: str) -> SObject | None:
            found = self.objects.get(name.lower())
            return None if found is None else self.seen(found, due)

        return find

    def of_id(self, id: str) -> SObject | None:
        """Return the object that an id belongs to, by its first three characters."""
        return next((each for each in self.objects.values() if each.prefix == id[:3]), None)

    def hide(self, object: str, field: str, now: datetime, *, hidden: bool = True) -> None:
        """Hide a field from the connecting user, as field-level security does, or show it again."""
        pair = (object.lower(), field.lower())
        pairs = self.hidden | {pair} if hidden else self.hidden - {pair}
        self.keep("hidden", sorted(pairs))
        self._shape_changed(now)

    def add_field(self, object: str, field: Mapping[str, Any], now: datetime) -> None:
        """Add a field to an object, or give one of the same name another shape."""
        added = dict(self.meta("added", {}))
        added[f"{object}.{field['name']}"] = dict(field)
        self.keep("added", added)
        self._shape_changed(now)

    def _shape_changed(self, now: datetime) -> None:
        self.described_at = stamp(now)
        self.keep("described_at", self.described_at)
        self._rebuild()

    def _rebuild(self) -> None:
        with self._lock:
            objects = org.objects()
            for name, given in self.meta("added", {}).items():
                object = name.partition(".")[0].lower()
                objects[object] = fields.extended(objects[object], [fields.cut(**given)])
            self.hidden = frozenset((object, field) for object, field in self.meta("hidden", []))
            with self.store.writing() as connection:
                for each in objects.values():
                    _make_table(connection, each)
            self.objects = objects

    def count_call(self, now: datetime) -> int:
        """Count a call of today, and return how many there are."""
        with self.store.writing() as connection:
            row = connection.execute(
                "INSERT INTO sf_usage VALUES (?, 1) ON CONFLICT (day)"
                " DO UPDATE SET calls = calls + 1 RETURNING calls",
                [now.date().isoformat()],
            ).fetchone()
        return int(row["calls"])

    def calls(self, now: datetime) -> int:
        with self.store.reading() as connection:
            row = connection.execute(
                "SELECT calls FROM sf_usage WHERE day = ?", [now.date().isoformat()]
            ).fetchone()
        return int(row["calls"]) if row else 0

    def use(self, calls: int, now: datetime) -> None:
        """Pretend that so many calls were made today."""
        with self.store.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO sf_usage VALUES (?, ?)", [now.date().isoformat(), calls]
            )


def _make_table(connection: sqlite3.Connection, object: SObject) -> None:
    """Make the table of an object, with the columns that it lacks."""
    rows = connection.execute(f"PRAGMA table_xinfo({object.table})").fetchall()
    there = {row["name"].lower() for row in rows}
    if not there:
        columns = ", ".join(
            each.declaration() + (" PRIMARY KEY" if each.type == "id" else "")
            for each in object.stored
        )
        connection.execute(f"CREATE TABLE {object.table} ({columns})")
    else:
        for each in object.stored:
            if each.name.lower() not in there:
                connection.execute(f"ALTER TABLE {object.table} ADD COLUMN {each.declaration()}")
    _index(connection, object)


def _index(connection: sqlite3.Connection, object: SObject) -> None:
    alive = " WHERE IsDeleted = 0" if "isdeleted" in object.fields else ""
    for each in object.stored:
        name = f'"{object.name}.{each.name}"'
        if each.raw["unique"]:
            connection.execute(
                f"CREATE UNIQUE INDEX IF NOT EXISTS {name} ON {object.table} ({each.column}){alive}"
            )
        elif each.raw["externalId"] or each.raw["nameField"] or each.type == "reference":
            connection.execute(
                f"CREATE INDEX IF NOT EXISTS {name} ON {object.table} ({each.column})"
            )
    if "systemmodstamp" in object.fields:
        connection.execute(
            f'CREATE INDEX IF NOT EXISTS "{object.name}.delta"'
            f" ON {object.table} (SystemModstamp, Id)"
        )
