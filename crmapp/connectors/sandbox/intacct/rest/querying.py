"""The query service: ``POST /services/core/query``."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from werkzeug.wrappers import Response

from crmapp.connectors.sandbox.intacct import values
from crmapp.connectors.sandbox.intacct.catalogue import Object
from crmapp.connectors.sandbox.intacct.company import Session
from crmapp.connectors.sandbox.intacct.objects import OBJECTS, Target, find_rest
from crmapp.connectors.sandbox.intacct.rest import answers, shapes
from crmapp.connectors.sandbox.intacct.rest.expression import read_filters
from crmapp.connectors.sandbox.intacct.search import Query, run

_KEYS = frozenset({
    "object", "fields", "filters", "filterExpression", "filterParameters", "orderBy", "start",
    "size",
})  # fmt: skip
_PARAMETERS = frozenset({
    "includePrivate", "caseSensitiveComparison", "includeHierarchyFields", "asOfDate",
})  # fmt: skip
_SHAPES: dict[str, type] = {
    "fields": list, "filters": list, "orderBy": list, "filterExpression": str,
    "filterParameters": dict,
}  # fmt: skip
_LARGEST = 4000
_USUAL = 100
_ALWAYS = ("key", "id", "href")
_Show = Callable[[Any], Any]


def query(
    connection: sqlite3.Connection, payload: Mapping[str, Any], who: Session,
    object: Object, hidden: frozenset[str],
) -> Response:  # fmt: skip
    """Answer a query as things are now; fields are named by the paths that asked for them.

    Raises:
        Failed: the query is wrong.
    """
    _check(payload)
    paths = [str(each) for each in payload.get("fields") or _ALWAYS]
    shown = [_shown(object, path, hidden) for path in paths]
    start = _number(payload, "start", 1, 1, None)
    size = _number(payload, "size", _USUAL, 1, _LARGEST)
    parameters = payload.get("filterParameters") or {}
    expression = payload.get("filterExpression") or ""
    found = run(connection, Query(
        object,
        tuple(target for target, _show in shown),
        read_filters(object, payload.get("filters") or [], expression, hidden),
        tuple(_order(object, payload.get("orderBy") or [], hidden)),
        offset=start - 1,
        limit=size,
        ignore_case=parameters.get("caseSensitiveComparison") is False,
        scope=who.scope(private=bool(parameters.get("includePrivate"))),
    ))  # fmt: skip
    rows = [
        {path: show(value) for path, (_target, show), value in zip(paths, shown, row, strict=True)}
        for row in found.rows
    ]
    return answers.collection(rows, found.total, start, size)


def _check(payload: Mapping[str, Any]) -> None:
    for name, kind in _SHAPES.items():
        if not isinstance(payload.get(name) or kind(), kind):
            raise answers.invalid(f"The value of {name} is not valid", "REST-1068", FIELD=name)
    parameters = payload.get("filterParameters") or {}
    for key in [*(set(payload) - _KEYS), *(set(parameters) - _PARAMETERS)]:
        message = f"Unrecognized key {key} in query payload"
        raise answers.invalid(message, "REST-1055", "IA.UNRECOGNIZED_KEY", KEY=key)


def _shown(object: Object, path: str, hidden: frozenset[str]) -> tuple[Target, _Show]:
    """Return what a path shows; ``href`` is made of the number."""
    head, _dot, leaf = path.rpartition(".")
    if leaf == "href":
        number = find_rest(object, f"{head}.key" if head else "key", hidden)
        if number is None:
            raise answers.no_field(path)
        other = OBJECTS[number.ways[-1].object] if number.ways else object
        return number, lambda value: value and shapes.href(other, value)
    target = find_rest(object, path, hidden)
    if target is None:
        raise answers.no_field(path)
    field = target.field
    return target, lambda value: values.to_rest(field, value)


def _order(object: Object, order: list[Any], hidden: frozenset[str]) -> list[tuple[Target, bool]]:
    found = []
    for each in order:
        if not isinstance(each, Mapping) or len(each) != 1:
            raise answers.invalid("An order holds one field", "REST-1067")
        [(path, direction)] = each.items()
        target = find_rest(object, path, hidden)
        if target is None:
            raise answers.no_field(path)
        if direction not in ("asc", "desc"):
            raise answers.invalid("A direction is asc or desc", "REST-1067", FIELD=path)
        found.append((target, direction == "desc"))
    return found


def _number(payload: Mapping[str, Any], name: str, usual: int, least: int, most: int | None) -> int:
    value = payload.get(name, usual)
    if type(value) is not int or value < least or (most is not None and value > most):
        limits = f"between {least} and {most}" if most else f"at least {least}"
        raise answers.invalid(f"The value of {name} must be {limits}", "REST-1068", FIELD=name)
    return value
