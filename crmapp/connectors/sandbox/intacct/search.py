"""A question about the records of one object, as a value, and the SQL that answers it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

from crmapp.connectors.sandbox.intacct.catalogue import (
    NUMBERS,
    SEPARATOR,
    Field,
    Kind,
    Object,
    Relationship,
)
from crmapp.connectors.sandbox.intacct.objects import OBJECTS, Target

_COLUMNS = {"RECORDNO": "recordno", "WHENCREATED": "created", "WHENMODIFIED": "modified",
            "MEGAENTITYID": "entity"}  # fmt: skip
_RECORD_URL = "https://www-p02.intacct.com/ia/acct/ur.phtml?.r="
_LETTER = re.compile(r"\\.|.", re.DOTALL)
_GLOBS = {"%": "*", "_": "?"} | {
    mark: f"[{mark[-1]}]" for mark in ("*", "?", "[", "\\*", "\\?", "\\[")
}
_WIDTH = 5  # columns that are read of each record


class Operator(StrEnum):
    EQUAL = "="
    NOT_EQUAL = "<>"
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    BETWEEN = "between"
    IN = "in"
    NOT_IN = "not in"
    LIKE = "like"
    NOT_LIKE = "not like"
    NULL = "is null"
    NOT_NULL = "is not null"


@dataclass(frozen=True)
class Condition:
    """``target`` compared with ``values`` as they are kept; a pattern has ``%`` and ``_``, which
    a backslash makes plain."""

    target: Target
    operator: Operator
    values: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Group:
    parts: tuple[Condition | Group, ...]
    either: bool = False  # one of them is enough


@dataclass(frozen=True)
class Scope:
    """Which records may be seen: those of the whole company, and of ``entity`` or of all."""

    entity: str = ""
    private: bool = False


@dataclass(frozen=True)
class Query:
    object: Object
    select: tuple[Target, ...]
    where: Condition | Group | None = None
    order: tuple[tuple[Target, bool], ...] = ()  # the target, and whether it descends
    offset: int = 0
    limit: int = 100
    ignore_case: bool = False
    scope: Scope = field(default_factory=Scope)
    totals: tuple[tuple[str, Target], ...] = ()  # a function of SQL over each group of ``select``


@dataclass(frozen=True)
class Found:
    rows: list[tuple[Any, ...]]  # values as they are kept: of ``select``, then of ``totals``
    total: int


def run(connection: sqlite3.Connection, query: Query) -> Found:
    """Answer ``query`` as things are now: the next page is another question."""
    if query.totals:
        return _grouped(connection, query)
    builder = _Builder(query)
    where = builder.where()
    order = builder.order()
    picks = [builder.pick(target) for target in query.select]
    columns = ", ".join(builder.columns())
    source = f"FROM record t0 {builder.joins()} WHERE {where}"
    sql = f"SELECT {columns} {source} ORDER BY {order} LIMIT ? OFFSET ?"
    parameters = [*builder.parameters, query.limit, query.offset]
    rows = [_values(row, picks) for row in connection.execute(sql, parameters)]
    return Found(rows, _total(connection, query))


def _total(connection: sqlite3.Connection, query: Query) -> int:
    """Count in a statement of its own, which needs no more joins than the conditions do."""
    builder = _Builder(query)
    where = builder.where()
    sql = f"SELECT COUNT(*) FROM record t0 {builder.joins()} WHERE {where}"  # noqa: S608  # from the catalogue
    total: int = connection.execute(sql, builder.parameters).fetchone()[0]
    return total


def _grouped(connection: sqlite3.Connection, query: Query) -> Found:
    """Answer with a row for each group of records that have the selected values in common."""
    builder = _Builder(query)
    where = builder.where()
    groups = [builder.raw(target) for target in query.select]
    totals = [f"{name}({builder.expression(target)})" for name, target in query.totals]
    by = f"GROUP BY {', '.join(groups)}" if groups else ""
    source = f"FROM record t0 {builder.joins()} WHERE {where} {by}"
    inner = f"SELECT {', '.join([*groups, *totals])} {source}"
    parameters = [*builder.parameters, query.limit, query.offset]
    rows = connection.execute(f"{inner} ORDER BY 1 LIMIT ? OFFSET ?", parameters).fetchall()
    count = f"SELECT COUNT(*) FROM ({inner})"  # noqa: S608  # from the catalogue
    total: int = connection.execute(count, builder.parameters).fetchone()[0]
    return Found([tuple(row) for row in rows], total)


Pick = Callable[[Sequence[Any], dict[int, dict[str, Any]]], Any]


def _values(row: sqlite3.Row, picks: list[Pick]) -> tuple[Any, ...]:
    cells = tuple(row)
    bodies: dict[int, dict[str, Any]] = {}
    return tuple(pick(cells, bodies) for pick in picks)


class _Builder:
    """Collects the joins and the parameters while the parts of a statement are written."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._aliases: dict[tuple[str, ...], int] = {(): 0}
        self._joins: list[str] = []
        self._on: list[Any] = []
        self._values: list[Any] = []

    @property
    def parameters(self) -> list[Any]:
        return [*self._on, *self._values]

    def joins(self) -> str:
        return " ".join(self._joins)

    def columns(self) -> list[str]:
        names = ("recordno", "created", "modified", "entity", "body")
        return [f"t{n}.{name}" for n in range(len(self._aliases)) for name in names]

    def where(self) -> str:
        parts = ["t0.object = ?"]
        self._values.append(self._query.object.name)
        if not self._query.scope.private:
            parts.append("(t0.entity IS NULL OR t0.entity = ?)")
            self._values.append(self._query.scope.entity)
        if self._query.where is not None:
            parts.append(self._condition(self._query.where))
        return " AND ".join(parts)

    def order(self) -> str:
        parts = [
            f"{self.expression(target)} {'DESC' if descends else 'ASC'}"
            for target, descends in self._query.order
        ]
        return ", ".join([*parts, "t0.recordno"])

    def pick(self, target: Target) -> Pick:
        """Return how the value of ``target`` is taken from a row."""
        alias = self._alias(target.ways)
        start = alias * _WIDTH
        id = target.field.id
        if id in _COLUMNS:
            names = ("RECORDNO", "WHENCREATED", "WHENMODIFIED", "MEGAENTITYID")
            column = start + names.index(id)
            return lambda cells, bodies: cells[column]
        if id == "RECORD_URL":
            return lambda cells, bodies: cells[start] and f"{_RECORD_URL}{cells[start]}"

        def from_body(cells: Sequence[Any], bodies: dict[int, dict[str, Any]]) -> Any:
            if alias not in bodies:
                body = cells[start + 4]
                bodies[alias] = orjson.loads(body) if body is not None else {}
            return bodies[alias].get(id)

        return from_body

    def _condition(self, part: Condition | Group) -> str:
        if isinstance(part, Group):
            word = " OR " if part.either else " AND "
            return f"({word.join(self._condition(each) for each in part.parts)})"
        return self._compare(part)

    def _compare(self, condition: Condition) -> str:
        operator = condition.operator
        pattern = operator in (Operator.LIKE, Operator.NOT_LIKE)
        find = self.raw if pattern else self.expression
        expression = find(condition.target)
        if operator in (Operator.NULL, Operator.NOT_NULL):
            return f"{expression} {operator.value.upper()}"
        values = [
            _glob(str(each)) if pattern else _parameter(condition.target.field, each)
            for each in condition.values
        ]
        if self._query.ignore_case and any(isinstance(each, str) for each in values):
            expression = f"LOWER({expression})"
            values = [each.lower() if isinstance(each, str) else each for each in values]
        self._values.extend(values)
        match operator:
            case Operator.BETWEEN:
                return f"{expression} BETWEEN ? AND ?"
            case Operator.IN | Operator.NOT_IN:
                return f"{expression} {operator.value} ({', '.join('?' * len(values))})"
            case Operator.LIKE:
                return f"{expression} GLOB ?"
            case Operator.NOT_LIKE:
                return f"{expression} NOT GLOB ?"
        return f"{expression} {operator.value} ?"

    def raw(self, target: Target) -> str:
        """Return a value as it is kept, an amount with all its digits."""
        return self.expression(target).removeprefix("CAST(").removesuffix(" AS REAL)")

    def expression(self, target: Target) -> str:
        return _expression(self._alias(target.ways), self._object(target.ways), target.field)

    def _object(self, ways: tuple[Relationship, ...]) -> Object:
        return OBJECTS[ways[-1].object] if ways else self._query.object

    def _alias(self, ways: tuple[Relationship, ...]) -> int:
        """Return the number of the table behind ``ways``, joined if it is not yet."""
        path = tuple(way.path for way in ways)
        if path in self._aliases:
            return self._aliases[path]
        before = self._alias(ways[:-1])
        way = ways[-1]
        here = self._object(ways[:-1])
        number = self._aliases[path] = len(self._aliases)
        by = here.field(way.by)
        column = "recordno" if way.by_number else "key"
        value = "NULL" if by is None else _expression(before, here, by)
        self._joins.append(
            f"LEFT JOIN record t{number} ON t{number}.object = ? AND t{number}.{column} = {value}"
        )
        self._on.append(way.object)
        return number


def _expression(alias: int, object: Object, field: Field) -> str:
    if field.id in _COLUMNS:
        return f"t{alias}.{_COLUMNS[field.id]}"
    if field.id == object.key and not object.custom:
        return f"t{alias}.key"
    if field.id == "RECORD_URL":
        return f"('{_RECORD_URL}' || t{alias}.recordno)"
    body = f"json_extract(t{alias}.body, '$.\"{field.id}\"')"
    if field.kind is Kind.MULTIPLE:  # compared as XML writes it
        for kept, written in (('","', SEPARATOR), ('["', ""), ('"]', "")):
            body = f"REPLACE({body}, '{kept}', '{written}')"
    return f"CAST({body} AS REAL)" if field.kind in NUMBERS else body


def _parameter(field: Field, value: Any) -> Any:
    if value is None:  # which nothing is equal to, or more or less than
        return None
    if field.id == "RECORDNO" or isinstance(value, bool):
        return int(value)
    return float(value) if field.kind in NUMBERS else value


def _glob(pattern: str) -> str:
    """Write a pattern of SQL as one of GLOB, which minds the case of letters as Intacct does."""
    letters = _LETTER.findall(pattern)
    return "".join(_GLOBS.get(each, each[-1]) for each in letters)
