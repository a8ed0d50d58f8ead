"""Records as REST shows them, and as it is given them: objects inside of objects."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from crmapp.connectors.sandbox.intacct import errors, records, values
from crmapp.connectors.sandbox.intacct.catalogue import Object, Relationship
from crmapp.connectors.sandbox.intacct.customer import DISPLAY
from crmapp.connectors.sandbox.intacct.errors import Refused
from crmapp.connectors.sandbox.intacct.objects import (
    OBJECTS,
    Target,
    find,
    find_rest,
    writable_rest,
)
from crmapp.connectors.sandbox.intacct.rest.answers import invalid

_UNSAID = ("key", "href", "name")  # of what a record refers to: said by us only


def whole(object: Object) -> list[tuple[str, Target]]:
    """Return every path of a record with what it shows: its fields and its references."""
    found = {each.rest: find(object, each.id) for each in object.fields if each.rest}
    for way in object.relationships:
        found |= _reference(object, way)
    return [(path, target) for path, target in found.items() if target is not None]


def _reference(object: Object, way: Relationship) -> dict[str, Target | None]:
    other = OBJECTS[way.object]
    found = {
        f"{way.rest}.key": find(object, f"{way.path}.RECORDNO"),
        f"{way.rest}.id": find(object, f"{way.path}.{other.key}"),
    }
    if other.title != other.key and way.path != DISPLAY:
        found[f"{way.rest}.name"] = find(object, f"{way.path}.{other.title}")
    if way.path == DISPLAY:  # of this one REST shows everything
        found |= {
            f"{way.rest}.{each.rest}": find(object, f"{way.path}.{each.id}")
            for each in other.fields
            if each.rest and not each.rest.startswith(("audit.", "entity.", "status"))
        }
    return found


def nested(object: Object, shown: list[tuple[str, Target]], row: tuple[Any, ...]) -> dict[str, Any]:
    """Return one record as an object with the links to itself and to what it refers to."""
    made: dict[str, Any] = {}
    for (path, target), value in zip(shown, row, strict=True):
        _put(made, path, values.to_rest(target.field, value))
    for way in object.relationships:
        place = _at(made, way.rest)
        if place is not None and place.get("key") is not None:
            place["href"] = href(OBJECTS[way.object], place["key"])
    return made | {"href": href(object, made["key"])}


def _put(made: dict[str, Any], path: str, value: Any) -> None:
    *folders, leaf = path.split(".")
    for folder in folders:
        made = made.setdefault(folder, {})
    made[leaf] = value


def _at(made: dict[str, Any], path: str) -> dict[str, Any] | None:
    for folder in path.split("."):
        inner = made.get(folder)
        if not isinstance(inner, dict):
            return None
        made = inner
    return made


def href(object: Object, number: Any) -> str:
    return f"/objects/{object.rest}/{number}"


def reference(object: Object, number: int, key: str) -> dict[str, Any]:
    return {"key": str(number), "id": key, "href": href(object, number)}


def given(
    connection: sqlite3.Connection, object: Object, payload: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values of a payload by field id; null empties a field.

    Raises:
        Failed: a field is not there, or cannot be written.
        Refused: a value does not fit.
    """
    found: dict[str, Any] = {}
    for path, value in _leaves(object, payload, ""):
        way = _way(object, path)
        if way is not None:
            found |= _refer(connection, object, way, path, value)
            continue
        field = writable_rest(object, path)
        if field is None:
            raise _unknown(object, path)
        found[field[0]] = values.from_rest(field[1], value)
    return found


def _leaves(object: Object, payload: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in payload.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict):
            yield from _leaves(object, value, f"{path}.")
        else:
            yield path, value


def _way(object: Object, path: str) -> Relationship | None:
    """Return the relationship that a path sets: by null, by key, or by what only we say."""
    for way in object.relationships:
        head, _dot, leaf = path.rpartition(".")
        if path == way.rest or (head == way.rest and leaf in _UNSAID):
            return way
    return None


def _refer(
    connection: sqlite3.Connection, object: Object, way: Relationship, path: str, value: Any
) -> dict[str, Any]:
    by = object.field(way.by)
    if by is None or by.readonly or (path != way.rest and not path.endswith(".key")):
        return {}
    if value is None:
        return {way.by: None}
    other = OBJECTS[way.object]
    key = records.key_of(connection, other, int(value)) if str(value).isdigit() else None
    if key is None:
        raise Refused(errors.unknown_reference(other.label, str(value), path))
    return {way.by: key}


def _unknown(object: Object, path: str) -> Exception:
    if find_rest(object, path) is not None or path in ("href", "key"):
        return invalid(f"The field {path} is read-only", "REST-1080", FIELD=path)
    return invalid(f"Unrecognized key {path} in payload", "REST-1055", KEY=path)
