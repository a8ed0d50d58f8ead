"""Queries answered in pages, with locators that outlive a restart."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crmapp.connectors.sandbox.faults import Due
from crmapp.connectors.sandbox.salesforce import ids, soql
from crmapp.connectors.sandbox.salesforce.compile import Compiler, Output, Plan
from crmapp.connectors.sandbox.salesforce.database import Database
from crmapp.connectors.sandbox.salesforce.errors import ApiError
from crmapp.connectors.sandbox.salesforce.schema import SObject
from crmapp.connectors.sandbox.salesforce.soql import Query, Selected
from crmapp.connectors.sandbox.salesforce.values import stamp

LARGEST_BATCH, SMALLEST_BATCH = 2000, 200
_AT_ONCE = 10_000  # ids in one statement
_LOCATORS_LIVE = timedelta(days=2)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS sf_locator (
    id TEXT PRIMARY KEY, made TEXT NOT NULL, soql TEXT NOT NULL, deleted INTEGER NOT NULL,
    batch INTEGER NOT NULL, ids TEXT NOT NULL
);
"""
Row = dict[str, Any]


@dataclass(frozen=True)
class Reader:
    """Answers queries as one request sees the org."""

    database: Database
    due: Due
    version: str

    def query(self, text: str, *, deleted: bool = False, batch: int = LARGEST_BATCH) -> Row:
        """Return the first page of a query as its JSON.

        Raises:
            ApiError: the query is not well.
        """
        plan = self._compiled(text, deleted)
        with self.database.store.snapshot() as connection:
            if plan.is_count:
                counted = connection.execute(plan.sql("COUNT(*)"), plan.parameters).fetchone()
                size = counted[0] if plan.limit is None else min(plan.limit, counted[0])
                return {"totalSize": size, "done": True, "records": []}
            cursor = connection.execute(plan.sql(", ".join(plan.columns)), plan.parameters)
            rows = cursor.fetchmany(batch + 1)
            if len(rows) <= batch:
                records = self._records(plan, rows, connection)
                return {"totalSize": len(records), "done": True, "records": records}
            if plan.is_aggregate:
                raise ApiError("EXCEEDED_ID_LIMIT", "Aggregate query does not support queryMore()")
            found = [row[0] for row in connection.execute(plan.sql("t.Id"), plan.parameters)]
            records = self._records(plan, rows[:batch], connection)
        locator = self._keep(text, deleted, batch, found)
        return {
            "totalSize": len(found),
            "done": False,
            "nextRecordsUrl": self._next(locator, batch),
            "records": records,
        }

    def more(self, locator: str) -> Row:
        """Return the page that a locator stands for.

        Raises:
            ApiError: there is no such locator, or a field of its query is gone.
        """
        id, _, place = locator.partition("-")
        with self.database.store.reading() as connection:
            kept = connection.execute("SELECT * FROM sf_locator WHERE id = ?", [id]).fetchone()
        if kept is None or not place.isdigit():
            raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
        every = kept["ids"].split()
        start = int(place)
        wanted = every[start : start + kept["batch"]]
        plan = self._compiled(kept["soql"], bool(kept["deleted"]))
        records = self._of_ids(plan, wanted)
        end = start + len(wanted)
        answer: Row = {"totalSize": len(every), "done": end >= len(every)}
        if end < len(every):
            answer["nextRecordsUrl"] = self._next(id, end)
        return {**answer, "records": records}

    def rows(self, text: str, *, deleted: bool = False) -> tuple[Plan, list[str]]:
        """Return a query's plan and the ids of all its records, for reading in portions."""
        plan = self._compiled(text, deleted)
        if plan.is_count or plan.is_aggregate or plan.children:
            raise ApiError(
                "FEATURENOTENABLED", "Aggregate Relationships not supported in Bulk Query"
            )
        if any(each.places is not None for each in plan.outputs):
            raise ApiError(
                "FEATURENOTENABLED", "Selecting compound data not supported in Bulk Query"
            )
        with self.database.store.reading() as connection:
            return plan, [row[0] for row in connection.execute(plan.sql("t.Id"), plan.parameters)]

    def table(
        self, text: str, ids: Sequence[str], *, deleted: bool = False
    ) -> tuple[list[str], list[list[Any]]]:
        """Return the records of ``ids`` as a head and rows, as Bulk 2.0 shows them."""
        plan = self._compiled(text, deleted)
        head = [".".join(each.path) for each in plan.outputs]
        values = self._rows_of(plan, ids)
        return head, [[_in_bulk(each, row) for each in plan.outputs] for row in values]

    def records(self, text: str, ids: Sequence[str], *, deleted: bool = False) -> list[Row]:
        """Return the records of ``ids`` with the fields of a query."""
        return self._of_ids(self._compiled(text, deleted), ids)

    def record(
        self, object: SObject, ids: Sequence[str], fields: Sequence[str] | None = None
    ) -> list[Row | None]:
        """Return records by their ids, None where there is none; all fields unless named."""
        names = fields or [each.name for each in object.fields.values()]
        chosen = tuple(map(Selected, dict.fromkeys(names)))
        plan = Compiler(
            Query(chosen, object.name), self.database.objects_of(self.due), self.due.now()
        ).compile()
        found = {record["attributes"]["url"][-18:]: record for record in self._of_ids(plan, ids)}
        return [found.get(id) for id in ids]

    def _of_ids(self, plan: Plan, wanted: Sequence[str]) -> list[Row]:
        rows = self._rows_of(plan, wanted)
        with self.database.store.reading() as connection:
            return self._records(plan, rows, connection)

    def _rows_of(self, plan: Plan, wanted: Sequence[str]) -> list[sqlite3.Row]:
        """Return the rows of some ids in their order."""
        alive = [each for each in plan.where if each == "t.IsDeleted = 0"]
        plan.where = ["", *alive]
        plan.order, plan.limit, plan.offset = "", None, 0
        plan.parameters = []
        by_id: dict[str, sqlite3.Row] = {}
        with self.database.store.reading() as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                some = wanted[start : start + _AT_ONCE]
                plan.where[0] = f"t.Id IN ({', '.join('?' * len(some))})"
                rows = connection.execute(plan.sql(", ".join(plan.columns)), list(some))
                by_id |= {row[0]: row for row in rows}
        return [by_id[id] for id in wanted if id in by_id]

    def _compiled(self, text: str, deleted: bool) -> Plan:
        query = soql.parse(text)
        return Compiler(
            query, self.database.objects_of(self.due), self.due.now(), deleted=deleted
        ).compile()

    def _records(
        self, plan: Plan, rows: Sequence[sqlite3.Row], connection: sqlite3.Connection
    ) -> list[Row]:
        if plan.is_aggregate:
            head = {"type": "AggregateResult"}
            return [
                {"attributes": head, **{o.path[0]: _value(o, row) for o in plan.outputs}}
                for row in rows
            ]
        make = self._maker(plan)
        records = [make(row) for row in rows]
        for name, reference, query, child in plan.children:
            lists = self._children(query, reference.name, child, [row[0] for row in rows])
            for row, record in zip(rows, records, strict=True):
                mine = lists.get(row[0])
                record[name] = mine and {"totalSize": len(mine), "done": True, "records": mine}
        return records

    def _children(
        self, query: Query, reference: str, child: SObject, parents: Sequence[str]
    ) -> dict[str, list[Row]]:
        """Return the records below each of ``parents``; a limit counts for each of them."""
        asked = Query(
            (*query.fields, Selected(reference, alias="<parent>")),
            child.name,
            where=query.where,
            order=query.order,
        )
        plan = Compiler(asked, self.database.objects_of(self.due), self.due.now()).compile()
        column = plan.columns[plan.outputs[-1].column]
        plan.where.append(f"{column} IN ({', '.join('?' * len(parents))})")
        found: dict[str, list[Row]] = {}
        with self.database.store.reading() as connection:
            rows = connection.execute(
                plan.sql(", ".join(plan.columns)), [*plan.parameters, *parents]
            ).fetchall()
            for record in self._records(plan, rows, connection):
                mine = found.setdefault(record.pop("<parent>"), [])
                if query.limit is None or len(mine) < query.limit:
                    mine.append(record)
        return found

    def _maker(self, plan: Plan) -> Callable[[sqlite3.Row], Row]:
        """Return what makes a record of a row of the answer."""
        base = f"/services/data/v{self.version}/sobjects"
        type = plan.object.name
        plain = [(each.path[0], each) for each in plan.outputs if len(each.path) == 1]
        simple = [(name, o.column, o.show) for name, o in plain if o.places is None]
        is_simple = len(simple) == len(plan.outputs)

        def make(row: sqlite3.Row) -> Row:
            record: Row = {"attributes": {"type": type, "url": f"{base}/{type}/{row[0]}"}}
            if is_simple:
                for name, column, show in simple:
                    record[name] = row[column] if show is None else show(row[column])
                return record
            for each in plan.outputs:
                _put(record, each, row, plan, base)
            return record

        return make

    def _keep(self, text: str, deleted: bool, batch: int, found: Sequence[str]) -> str:
        now = self.due.now()
        with self.database.store.writing() as connection:
            _forget(connection, now)
            row = connection.execute(
                "INSERT INTO sf_sequence VALUES ('locator', 1) ON CONFLICT (object)"
                " DO UPDATE SET last = last + 1 RETURNING last"
            ).fetchone()
            id = ids.made("01g", row["last"])
            connection.execute(
                "INSERT INTO sf_locator VALUES (?, ?, ?, ?, ?, ?)",
                [id, stamp(now), text, int(deleted), batch, "\n".join(found)],
            )
        return id

    def _next(self, locator: str, place: int) -> str:
        return f"/services/data/v{self.version}/query/{locator}-{place}"


def prepare(database: Database) -> None:
    """Make the table that queries need."""
    database.store.create(_SCHEMA)


def _forget(connection: sqlite3.Connection, now: datetime) -> None:
    connection.execute("DELETE FROM sf_locator WHERE made < ?", [stamp(now - _LOCATORS_LIVE)])


def _put(record: Row, output: Output, row: sqlite3.Row, plan: Plan, base: str) -> None:
    """Put one value where it belongs, within the parents on the way to it."""
    holder = record
    for depth in range(1, len(output.path)):
        names = output.path[:depth]
        parent, column, _ = plan.parents[names]
        if row[column] is None:
            holder[names[-1]] = None
            return
        head = {"type": parent.name, "url": f"{base}/{parent.name}/{row[column]}"}
        holder = holder.setdefault(names[-1], {"attributes": head})
    holder[output.path[-1]] = _value(output, row)


def _value(output: Output, row: sqlite3.Row) -> Any:
    if output.places is not None:
        parts = {name: row[column] for name, column in sorted(output.places.items())}
        return parts if any(part is not None for part in parts.values()) else None
    value = row[output.column]
    return value if output.show is None else output.show(value)


def _in_bulk(output: Output, row: sqlite3.Row) -> Any:
    """Return a value as the Bulk APIs show it: moments end with a Z there."""
    value = _value(output, row)
    return value.replace("+0000", "Z") if output.type == "datetime" and value else value
