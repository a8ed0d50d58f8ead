"""SOQL turned into SQL over the org's tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crmapp.connectors.sandbox.salesforce import soql
from crmapp.connectors.sandbox.salesforce.conditions import Conditions, Show
from crmapp.connectors.sandbox.salesforce.errors import ApiError
from crmapp.connectors.sandbox.salesforce.schema import COMPOUND, Field, SObject
from crmapp.connectors.sandbox.salesforce.values import shower

Objects = Callable[[str], SObject | None]
_AGGREGATES = {"count": "COUNT({})", "count_distinct": "COUNT(DISTINCT {})", "sum": "SUM({})",
               "avg": "AVG({})", "min": "MIN({})", "max": "MAX({})"}  # fmt: skip
_PERIODS = {"calendar_year": "%Y", "calendar_month": "%m", "day_in_month": "%d"}
_FUNCTIONS = ("tolabel", "format", "convertcurrency", "converttimezone", *_PERIODS)
_FIELDS_LIMIT = 200


@dataclass(frozen=True)
class Output:
    """One value of a record: where it goes, and how it is shown.

    ``places`` are the columns of the answer that a compound value is made of, by its keys;
    ``type`` is the field's.
    """

    path: tuple[str, ...]
    column: int
    show: Callable[[Any], Any] | None = None
    places: Mapping[str, int] | None = None
    type: str = ""


@dataclass
class Plan:
    """A query as SQL: ``columns`` and ``rest`` (FROM … ORDER BY …) with their parameters."""

    object: SObject
    alias: str = "t"
    columns: list[str] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    parents: dict[tuple[str, ...], tuple[SObject, int, str]] = field(default_factory=dict)
    joins: list[str] = field(default_factory=list)
    where: list[str] = field(default_factory=list)
    parameters: list[Any] = field(default_factory=list)
    group: str = ""
    order: str = ""
    limit: int | None = None
    offset: int = 0
    is_count: bool = False
    is_aggregate: bool = False
    children: list[tuple[str, Field, soql.Query, SObject]] = field(default_factory=list)

    def source(self) -> str:
        where = f" WHERE {' AND '.join(self.where)}" if self.where else ""
        return f"FROM {self.object.table} AS t{''.join(self.joins)}{where}{self.group}"

    def sql(self, columns: str) -> str:
        limit = f" LIMIT {-1 if self.limit is None else self.limit} OFFSET {self.offset}"
        return f"SELECT {columns} {self.source()}{self.order}{limit}"


class Compiler(Conditions):
    """Makes the plan of one query; ``objects`` are those that its user sees."""

    def __init__(
        self, query: soql.Query, objects: Objects, now: datetime, *, deleted: bool = False
    ) -> None:
        super().__init__(now)
        found = objects(query.object)
        if found is None:
            raise ApiError(
                "INVALID_TYPE",
                f"sObject type '{query.object}' is not supported. If you are attempting to use a"
                " custom object, be sure to append the '__c' after the entity name. Please"
                " reference your WSDL or the describe call for the appropriate names.",
            )
        self._query = query
        self._objects = objects
        self._deleted = deleted or query.all_rows
        self._aliases: dict[str, str] = {}
        self._may_aggregate = True  # what is grouped may be, its conditions may not
        self.plan = Plan(found, parameters=self._parameters)

    def compile(self) -> Plan:
        query, plan = self._query, self.plan
        aggregate = [each for each in query.fields if each.function in _AGGREGATES]
        if len(query.fields) == 1 and aggregate and not aggregate[0].path and not query.group:
            plan.is_count = True
        elif aggregate or query.group:
            self._aggregates()
        else:
            self._add("Id", hidden=True)
            for each in query.fields:
                self._select(each)
        if query.where is not None:
            self._may_aggregate = False
            plan.where.append(self._condition(query.where))
        self._may_aggregate = plan.is_aggregate
        if not self._deleted and "isdeleted" in plan.object.fields:
            plan.where.append("t.IsDeleted = 0")
        if query.group:
            self._group()
        plan.order = self._order()
        plan.limit, plan.offset = query.limit, query.offset
        if plan.offset > 2000:
            raise ApiError("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
        return plan

    def _select(self, chosen: soql.Selected) -> None:
        if chosen.query is not None:
            self._children(chosen.query)
        elif chosen.function == "fields":
            self._fields(chosen.path.lower())
        elif chosen.function and chosen.function not in _FUNCTIONS:
            raise soql.malformed(f"unexpected token: '{chosen.function}'")
        else:
            self._add(chosen.path, alias=chosen.alias)

    def _fields(self, group: str) -> None:
        limit = self._query.limit
        if group != "standard" and (limit is None or limit > _FIELDS_LIMIT):
            raise soql.malformed(
                f"The SOQL FIELDS function must have a LIMIT of at most {_FIELDS_LIMIT}"
            )
        for each in self.plan.object.fields.values():
            if group == "all" or (group == "custom") == each.raw["custom"]:
                self._add(each.name)

    def _add(self, path: str, *, alias: str = "", hidden: bool = False) -> None:
        plan = self.plan
        holder, found, table, names = self._resolve(path)
        out = (alias,) if alias else (*names, found.name)
        if found.type in COMPOUND:
            places = {}
            for name, part in holder.parts(found).items():
                places[name] = len(plan.columns)
                plan.columns.append(f"{table}.{part.column}")
            plan.outputs.append(Output(out, -1, places=places))
            return
        if not hidden:
            if any(each.path == out for each in plan.outputs):
                raise soql.malformed(f"duplicate field selected: {path}")
            plan.outputs.append(Output(out, len(plan.columns), shower(found), type=found.type))
        plan.columns.append(f"{table}.{found.column}")

    def _resolve(self, path: str) -> tuple[SObject, Field, str, tuple[str, ...]]:
        """Find a path's field; join the parents on the way to it."""
        *steps, last = path.split(".")
        if (
            steps
            and steps[0].lower() in (self._query.alias.lower(), self._query.object.lower())
            and steps[0].lower() not in self.plan.object.relationships
        ):
            steps = steps[1:]  # fmt: skip
        holder, table = self.plan.object, "t"
        names: tuple[str, ...] = ()
        for step in steps:
            reference = holder.relationships.get(step.lower())
            if reference is None:
                raise _no_relation(step, holder.name, path)
            names = (*names, str(reference.raw["relationshipName"]))
            holder, table = self._join(names, reference, holder, table)
        found = holder.fields.get(last.lower())
        if found is None:
            raise _no_column(last, holder.name, path)
        return holder, found, table, names

    def _join(
        self, names: tuple[str, ...], reference: Field, holder: SObject, table: str
    ) -> tuple[SObject, str]:
        plan = self.plan
        if names not in plan.parents:
            target = next(filter(None, map(self._objects, reference.refers_to)), None)
            if target is None:
                raise _no_relation(names[-1], holder.name, ".".join(names))
            alias = f"p{len(plan.parents)}"
            plan.joins.append(
                f" LEFT JOIN {target.table} AS {alias} ON {alias}.Id = {table}.{reference.column}"
            )
            plan.parents[names] = (target, len(plan.columns), alias)
            plan.columns.append(f"{alias}.Id")
        target, _, alias = plan.parents[names]
        return target, alias

    def _children(self, query: soql.Query) -> None:
        for each in self.plan.object.raw["childRelationships"]:
            if (each["relationshipName"] or "").lower() == query.object.lower():
                child = self._objects(each["childSObject"])
                reference = child.fields.get(each["field"].lower()) if child else None
                if child is not None and reference is not None:
                    name = str(each["relationshipName"])
                    self.plan.children.append((name, reference, query, child))
                    return
        raise ApiError(
            "INVALID_TYPE",
            f"Didn't understand relationship '{query.object}' in FROM part of query call.",
        )

    def _aggregates(self) -> None:
        plan = self.plan
        plan.is_aggregate = True
        unnamed = 0
        for each in self._query.fields:
            sql, show = self._expression(each)
            name = each.alias or (each.path.rpartition(".")[2] if not each.function else "")
            if not name:
                name, unnamed = f"expr{unnamed}", unnamed + 1
            if not each.function:
                name = each.alias or self._resolve(each.path)[1].name
            if name.lower() in self._aliases:
                raise soql.malformed(f"duplicate alias: {name}")
            self._aliases[name.lower()] = sql
            plan.outputs.append(Output((name,), len(plan.columns), show))
            plan.columns.append(sql)

    def _expression(self, chosen: soql.Selected) -> tuple[str, Show]:
        if chosen.function in _AGGREGATES and not self._may_aggregate:
            raise soql.malformed("An aggregate is not allowed here")
        if chosen.function == "count" and not chosen.path:
            return "COUNT(*)", None
        if not chosen.path:
            raise soql.malformed("unexpected token: ')'")
        if not chosen.function and chosen.path.lower() in self._aliases:
            return self._aliases[chosen.path.lower()], None
        _, found, table, _ = self._resolve(chosen.path)
        if found.type in COMPOUND:
            raise ApiError("MALFORMED_QUERY", f"field '{found.name}' can not be used here")
        column = f"{table}.{found.column}"
        if chosen.function in _AGGREGATES:
            counts = chosen.function.startswith("count")
            return _AGGREGATES[chosen.function].format(column), None if counts else shower(found)
        if chosen.function in _PERIODS:
            day = f"strftime('{_PERIODS[chosen.function]}', substr({column}, 1, 10))"
            return f"CAST({day} AS INTEGER)", None
        return column, shower(found)

    def _group(self) -> None:
        plan = self.plan
        plan.group = (
            f" GROUP BY {', '.join(self._expression(each)[0] for each in self._query.group)}"
        )
        if self._query.having is not None:
            plan.group += f" HAVING {self._condition(self._query.having)}"

    def _order(self) -> str:
        parts = []
        for each in self._query.order:
            sql, _ = self._expression(each.by)
            nulls = "LAST" if each.nulls_last else "FIRST"
            # Where nothing is empty, an index serves both directions.
            tail = "" if sql in ("t.SystemModstamp", '"t"."SystemModstamp"') else f" NULLS {nulls}"
            parts.append(f"{sql}{' DESC' if each.descending else ''}{tail}")
        if not parts and not self.plan.is_aggregate:
            return " ORDER BY t.rowid"
        return f" ORDER BY {', '.join(parts)}" if parts else ""

    def _inner(self, query: soql.Query) -> tuple[str, str, list[Any]]:
        inner = Compiler(query, self._objects, self._now, deleted=False).compile()
        chosen = inner.columns[inner.outputs[-1].column] if inner.outputs else "t.Id"
        inner.where.append(f"{chosen} IS NOT NULL")
        return chosen, inner.source(), inner.parameters


def _no_column(name: str, object: str, path: str) -> ApiError:
    return ApiError(
        "INVALID_FIELD",
        f"\nSELECT {path} FROM {object}\n       ^\nERROR at Row:1:Column:8\nNo such column '{name}'"
        f" on entity '{object}'. If you are attempting to use a custom field, be sure to append the"
        " '__c' after the custom field name. Please reference your WSDL or the describe call for"
        " the appropriate names.",
    )


def _no_relation(name: str, object: str, path: str) -> ApiError:
    return ApiError(
        "INVALID_FIELD",
        f"\nSELECT {path} FROM {object}\n       ^\nERROR at Row:1:Column:8\nDidn't understand"
        f" relationship '{name}' in field path. If you are attempting to use a custom relationship,"
        " be sure to append the '__r' after the custom relationship name. Please reference your"
        " WSDL or the describe call for the appropriate names.",
    )
