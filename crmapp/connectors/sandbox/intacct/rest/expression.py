"""The filters of the query service, and the expression that combines them: ``(1 or 2) and 3``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from crmapp.connectors.sandbox.intacct.catalogue import Object
from crmapp.connectors.sandbox.intacct.errors import Refused
from crmapp.connectors.sandbox.intacct.objects import Target, find_rest
from crmapp.connectors.sandbox.intacct.rest.answers import invalid, no_field
from crmapp.connectors.sandbox.intacct.search import Condition, Group, Operator
from crmapp.connectors.sandbox.intacct.values import operand_from_rest

_OPERATORS = {
    "$eq": Operator.EQUAL, "$ne": Operator.NOT_EQUAL, "$lt": Operator.LESS,
    "$lte": Operator.LESS_OR_EQUAL, "$gt": Operator.GREATER, "$gte": Operator.GREATER_OR_EQUAL,
    "$in": Operator.IN, "$notIn": Operator.NOT_IN, "$between": Operator.BETWEEN,
}  # fmt: skip
_PATTERNS = {
    "$contains": (Operator.LIKE, "%{}%"), "$notContains": (Operator.NOT_LIKE, "%{}%"),
    "$startsWith": (Operator.LIKE, "{}%"), "$notStartsWith": (Operator.NOT_LIKE, "{}%"),
    "$endsWith": (Operator.LIKE, "%{}"), "$notEndsWith": (Operator.NOT_LIKE, "%{}"),
}  # fmt: skip
_NULLS = {Operator.EQUAL: Operator.NULL, Operator.NOT_EQUAL: Operator.NOT_NULL}
_TOKEN = re.compile(r"\s*(\(|\)|\d+|and\b|or\b)", re.IGNORECASE)
_COUNTS = {Operator.BETWEEN: (2, 2), Operator.IN: (1, 1000), Operator.NOT_IN: (1, 1000)}

Part = Condition | Group


def read_filters(
    object: Object, filters: Sequence[Any], expression: str, hidden: frozenset[str]
) -> Part | None:
    """Return the condition that the filters make together.

    Raises:
        Failed: one of them, or the expression, cannot be read.
    """
    parts = [_filter(object, each, hidden) for each in filters]
    if not parts:
        return None
    word = expression.strip().lower()
    if word in ("", "and", "or"):
        return parts[0] if len(parts) == 1 else Group(tuple(parts), either=word == "or")
    return _Expression(expression, parts).read()


def _filter(object: Object, filter: Any, hidden: frozenset[str]) -> Part:
    if not isinstance(filter, Mapping) or len(filter) != 1:
        raise invalid("A filter holds one operator", "REST-1061")
    [(operator, operands)] = filter.items()
    if not isinstance(operands, Mapping) or not operands:
        raise invalid(f"The operator {operator} needs a field and a value", "REST-1061")
    parts = tuple(
        _compare(object, operator, path, value, hidden) for path, value in operands.items()
    )
    return parts[0] if len(parts) == 1 else Group(parts)


def _compare(object: Object, name: str, path: str, value: Any, hidden: frozenset[str]) -> Condition:
    target = find_rest(object, path, hidden)
    if target is None:
        raise no_field(path)
    if name in _PATTERNS:
        operator, pattern = _PATTERNS[name]
        return Condition(target, operator, (pattern.format(_plain(str(value))),))
    if name not in _OPERATORS:
        raise invalid(f"Unknown operator {name}", "REST-1062", OPERATOR=name)
    operator = _OPERATORS[name]
    if value is None and operator in _NULLS:
        return Condition(target, _NULLS[operator])
    given = value if isinstance(value, list) else [value]
    fewest, most = _COUNTS.get(operator, (1, 1))
    if not fewest <= len(given) <= most:
        raise invalid(f"Wrong number of values for {name}", "REST-1063", FIELD=path)
    return Condition(target, operator, tuple(_operand(target, each, path) for each in given))


def _plain(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


def _operand(target: Target, value: Any, path: str) -> Any:
    try:
        return operand_from_rest(target.field, value)
    except Refused as refused:
        raise invalid(refused.problems[0].text, "REST-1065", FIELD=path) from refused


class _Expression:
    """Reads numbers of filters with and, or and parentheses; and binds more closely."""

    def __init__(self, text: str, parts: list[Part]) -> None:
        self._tokens = [each.lower() for each in _TOKEN.findall(text)]
        self._parts = parts
        self._place = 0
        if "".join(self._tokens) != re.sub(r"\s", "", text).lower():
            raise self._wrong()

    def read(self) -> Part:
        found = self._either()
        if self._place < len(self._tokens):
            raise self._wrong()
        return found

    def _either(self) -> Part:
        parts = [self._all()]
        while self._takes("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Group(tuple(parts), either=True)

    def _all(self) -> Part:
        parts = [self._one()]
        while self._takes("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Group(tuple(parts))

    def _one(self) -> Part:
        if self._takes("("):
            inner = self._either()
            if not self._takes(")"):
                raise self._wrong()
            return inner
        token = self._tokens[self._place] if self._place < len(self._tokens) else ""
        if not token.isdigit() or not 1 <= int(token) <= len(self._parts):
            raise self._wrong()
        self._place += 1
        return self._parts[int(token) - 1]

    def _takes(self, word: str) -> bool:
        if self._place < len(self._tokens) and self._tokens[self._place] == word:
            self._place += 1
            return True
        return False

    def _wrong(self) -> Exception:
        return invalid("The filterExpression is not valid", "REST-1066")
