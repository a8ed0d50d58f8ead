"""The conditions of SOQL turned into SQL."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime
from typing import Any

from crmapp.connectors.sandbox.salesforce import ids, soql
from crmapp.connectors.sandbox.salesforce.dates import span
from crmapp.connectors.sandbox.salesforce.errors import ApiError
from crmapp.connectors.sandbox.salesforce.schema import NUMBERS, Field, SObject
from crmapp.connectors.sandbox.salesforce.soql import Comparison, Condition, Junction, Literal
from crmapp.connectors.sandbox.salesforce.values import moment, stamp

Show = Callable[[Any], Any] | None


class Conditions(ABC):
    """Writes conditions; who knows the tables of a query says how its fields are written."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._parameters: list[Any] = []

    @abstractmethod
    def _resolve(self, path: str) -> tuple[SObject, Field, str, tuple[str, ...]]:
        """Return the field of a path, with its object, its table and its relationships."""

    @abstractmethod
    def _expression(self, chosen: soql.Selected) -> tuple[str, Show]:
        """Return a field or a function as SQL."""

    @abstractmethod
    def _inner(self, query: soql.Query) -> tuple[str, str, list[Any]]:
        """Return a query within a condition: its column, the rest, and its parameters."""

    def _condition(self, condition: Condition) -> str:
        if isinstance(condition, Junction):
            parts = [self._condition(each) for each in condition.parts]
            if condition.word == "not":
                return f"NOT ifnull({parts[0]}, 0)"
            return f"({f' {condition.word.upper()} '.join(parts)})"
        return self._comparison(condition)

    def _comparison(self, comparison: Comparison) -> str:
        chosen, operator, value = comparison.field, comparison.operator, comparison.value
        if chosen.function:
            sql, _ = self._expression(chosen)
            return f"{sql} {operator} {self._bind(float(_literal(value).text))}"
        _, found, table, _ = self._resolve(chosen.path)
        if not found.raw["filterable"]:
            raise ApiError(
                "INVALID_FIELD",
                f"field '{found.name}' can not be filtered in a query call",
            )
        column = f"{table}.{found.column}"
        if isinstance(value, soql.Query):
            return self._semi_join(column, operator, value)
        if operator in ("in", "not in"):
            return self._in(column, found, operator, value)
        if operator in ("includes", "excludes"):
            return self._includes(column, operator, value)
        if operator == "like":
            if value.kind != "string":
                raise _not_quoted(found)
            pattern = soql.unescaped(value.text, keep=("%", "_"))
            return f"{column} LIKE {self._bind(pattern)} ESCAPE '\\'"
        days = self._span(value)
        if days is not None and found.type in ("date", "datetime"):
            return self._within(column, operator, found, days)
        bound = self._value(found, value)
        if bound is None:
            return f"{column} IS {'NOT ' if operator == '!=' else ''}NULL"
        if operator == "!=":
            return f"({column} IS NULL OR {column} <> {self._bind(bound)})"
        return f"{column} {operator} {self._bind(bound)}"

    def _in(self, column: str, found: Field, operator: str, value: Literal) -> str:
        bound = [self._value(found, each) for each in value.items]
        marks = ", ".join(self._bind(each) for each in bound if each is not None)
        if operator == "in":
            empty = f" OR {column} IS NULL" if None in bound else ""
            return f"({column} IN ({marks}){empty})"
        empty = f"{column} IS NOT NULL AND" if None in bound else f"{column} IS NULL OR"
        return f"({empty} {column} NOT IN ({marks}))"

    def _includes(self, column: str, operator: str, value: Literal) -> str:
        found = []
        for each in value.items:
            every = [
                f"instr(';' || lower({column}) || ';', "
                f"{self._bind(f';{part.strip().lower()};')}) > 0"
                for part in soql.unescaped(each.text).split(";")
            ]
            found.append(f"({' AND '.join(every)})")
        joined = f"({' OR '.join(found)})"
        return f"ifnull({joined}, 0)" if operator == "includes" else f"NOT ifnull({joined}, 0)"

    def _semi_join(self, column: str, operator: str, query: soql.Query) -> str:
        chosen, source, parameters = self._inner(query)
        self._parameters += parameters
        return f"{column} {operator.upper()} (SELECT {chosen} {source})"

    def _span(self, value: Literal) -> tuple[str, str] | None:
        if value.kind != "name":
            return None
        try:
            days = span(value.text, self._now.date())
        except (OverflowError, ValueError) as error:
            raise soql.malformed(f"the date of {value.text} is out of range") from error
        return None if days is None else (days[0].isoformat(), days[1].isoformat())

    def _within(self, column: str, operator: str, found: Field, days: tuple[str, str]) -> str:
        tail = "T00:00:00.000+0000" if found.type == "datetime" else ""
        first, after = (f"{day}{tail}" for day in days)
        match operator:
            case "=":
                return f"({column} >= {self._bind(first)} AND {column} < {self._bind(after)})"
            case "!=":
                return f"({column} < {self._bind(first)} OR {column} >= {self._bind(after)})"
            case "<":
                return f"{column} < {self._bind(first)}"
            case "<=":
                return f"{column} < {self._bind(after)}"
            case ">":
                return f"{column} >= {self._bind(after)}"
        return f"{column} >= {self._bind(first)}"

    def _value(self, found: Field, literal: Literal) -> Any:
        """Return what a literal is compared as.

        Raises:
            ApiError: it is not of the field's type.
        """
        word = literal.text.lower()
        if literal.kind == "name" and word == "null":
            return None
        if found.type == "boolean":
            if literal.kind != "name" or word not in ("true", "false"):
                raise _not_of_type(found, "boolean")
            return int(word == "true")
        if found.type in NUMBERS or found.type == "int":
            if literal.kind != "number":
                raise _not_of_type(found, "int" if found.type == "int" else "double")
            return float(literal.text)
        if found.type == "datetime":
            if literal.kind != "datetime":
                raise _not_of_type(found, "dateTime")
            return stamp(moment(literal.text))
        if found.type == "date":
            if literal.kind != "date":
                raise _not_of_type(found, "date")
            return literal.text
        if literal.kind != "string":
            raise _not_quoted(found)
        text = soql.unescaped(literal.text)
        if found.type in ("id", "reference") and text:
            id = ids.whole(text)
            if id is None:
                raise ApiError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text}")
            return id
        return text or None

    def _bind(self, value: Any) -> str:
        self._parameters.append(value)
        return "?"


def _literal(value: Literal | soql.Query) -> Literal:
    if isinstance(value, soql.Query) or value.kind != "number":
        raise soql.malformed("unexpected token in the comparison of a function")
    return value


def _not_of_type(found: Field, type: str) -> ApiError:
    return ApiError(
        "INVALID_FIELD",
        f"value of filter criterion for field '{found.name}' must be of type {type} and should not"
        " be enclosed in quotes",
    )


def _not_quoted(found: Field) -> ApiError:
    return ApiError(
        "INVALID_FIELD",
        f"value of filter criterion for field '{found.name}' must be of type string and should be"
        " enclosed in quotes",
    )
