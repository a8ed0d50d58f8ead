"""The records: one table for all objects, written under Intacct's rules.

Traps of the real one are kept. Deleting an AR term that customers use empties their term without
moving their ``WHENMODIFIED`` (intacct-sdk-net#223), nothing tells of deletions, and a contact that
is changed does not move the customers that it belongs to.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from crmapp.connectors.sandbox.intacct import errors
from crmapp.connectors.sandbox.intacct.catalogue import Field, Object
from crmapp.connectors.sandbox.intacct.customer import CONTACT, CUSTOMER, DISPLAY
from crmapp.connectors.sandbox.intacct.errors import Problem, Refused
from crmapp.connectors.sandbox.intacct.objects import OBJECTS

SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    id INTEGER PRIMARY KEY,
    object TEXT NOT NULL,
    recordno INTEGER NOT NULL,
    key TEXT NOT NULL,
    entity TEXT,
    created TEXT NOT NULL,
    modified TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS record_by_number ON record (object, recordno, entity);
CREATE UNIQUE INDEX IF NOT EXISTS record_by_key ON record (object, key);
CREATE INDEX IF NOT EXISTS record_by_change ON record (object, modified, recordno, entity);
CREATE TABLE IF NOT EXISTS numbering (object TEXT PRIMARY KEY, last INTEGER NOT NULL);
"""
_USER = 1  # the number of the user who does it
_SPLIT = "."
# Lists that may lose a value which records still name: their field is emptied instead.
_EMPTIED = frozenset({"ARTERM"})


@dataclass(frozen=True)
class Key:
    """What a record is called by the company, and its number."""

    number: int
    id: str


def create(
    connection: sqlite3.Connection, object: Object, values: Mapping[str, Any], *, at: str,
    entity: str = "",
) -> Key:  # fmt: skip
    """Create a record of ``values`` by field id; those of the display contact are prefixed.

    Raises:
        Refused: all that is wrong with it.
    """
    own, contact = _divide(object, values)
    number = _next(connection, object.name)
    own = _with_key(object, own, number)
    problems = _problems(connection, object, own, contact)
    if problems:
        raise Refused(*problems, errors.failed("create", object.label))
    if object.name == CUSTOMER.name:
        own |= _display(connection, own, contact or {}, at=at, entity=entity)
    own |= {"CREATEDBY": _USER, "MODIFIEDBY": _USER}
    key = str(own[object.key])
    _insert(connection, object, number, key, own, at=at, entity=entity)
    return Key(number, key)


def update(
    connection: sqlite3.Connection, object: Object, number: int, values: Mapping[str, Any], *,
    at: str,
) -> Key:  # fmt: skip
    """Change the given fields of a record; None empties one.

    Raises:
        Refused: all that is wrong with it.
    """
    body = _body(connection, object, number)
    own, contact = _divide(object, values)
    own.pop(object.key, None)  # what a record is called by stays
    problems = _problems(connection, object, {**body, **own}, contact, changed=own)
    if problems:
        raise Refused(*problems, errors.failed("update", object.label))
    if contact:
        _update_display(connection, body, contact, at=at)
    kept = {id: value for id, value in (body | own).items() if value is not None}
    connection.execute(
        "UPDATE record SET body = ?, modified = ? WHERE object = ? AND recordno = ?",
        [_dump(kept | {"MODIFIEDBY": _USER}), at, object.name, number],
    )
    return Key(number, str(body[object.key]))


def delete(connection: sqlite3.Connection, object: Object, number: int) -> None:
    """Delete a record.

    Raises:
        Refused: there is none, or others name it.
    """
    key = str(_body(connection, object, number)[object.key])
    for other in OBJECTS.values():
        for field in other.fields:
            if field.refers == object.name and _named_in(connection, other, field, key):
                if object.name not in _EMPTIED:
                    raise Refused(errors.in_use(object.label, key))
                _empty(connection, other, field, key)
    connection.execute(
        "DELETE FROM record WHERE object = ? AND recordno = ?", [object.name, number]
    )


def number_of(connection: sqlite3.Connection, object: Object, key: str) -> int | None:
    row = connection.execute(
        "SELECT recordno FROM record WHERE object = ? AND key = ?", [object.name, key]
    ).fetchone()
    return row and int(row["recordno"])


def exists(connection: sqlite3.Connection, object: Object, number: int) -> bool:
    sql = "SELECT 1 FROM record WHERE object = ? AND recordno = ?"
    return connection.execute(sql, [object.name, number]).fetchone() is not None


def key_of(connection: sqlite3.Connection, object: Object, number: int) -> str | None:
    sql = "SELECT key FROM record WHERE object = ? AND recordno = ?"
    row = connection.execute(sql, [object.name, number]).fetchone()
    return row and str(row["key"])


def insert_many(
    connection: sqlite3.Connection, object: Object, rows: list[dict[str, Any]], *, at: str
) -> None:
    """Insert rows that are known to be right, as a seed or a test has them."""
    first = _next(connection, object.name, len(rows))
    stamped = [
        _with_key(object, row, first + place) | {"CREATEDBY": _USER, "MODIFIEDBY": _USER}
        for place, row in enumerate(rows)
    ]
    connection.executemany(
        "INSERT INTO record (object, recordno, key, entity, created, modified, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (object.name, first + place, str(row[object.key]), row.pop("entity", None), at, at,
             _dump(row))
            for place, row in enumerate(stamped)
        ],
    )  # fmt: skip


def _divide(
    object: Object, values: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Divide a customer's own fields from those of its display contact."""
    prefix = f"{DISPLAY}{_SPLIT}"
    if object.name != CUSTOMER.name:
        return dict(values), None
    own = {id: value for id, value in values.items() if not id.startswith(prefix)}
    contact = {
        id.removeprefix(prefix): value for id, value in values.items() if id.startswith(prefix)
    }
    return own, contact or None


def _with_key(object: Object, values: Mapping[str, Any], number: int) -> dict[str, Any]:
    own = {id: value for id, value in values.items() if value is not None}
    if object.custom:
        own[object.key] = number  # the key and the id of a custom object are the same
    if object.field("STATUS") is not None:
        own.setdefault("STATUS", "active")
    return own


def _problems(
    connection: sqlite3.Connection, object: Object, values: Mapping[str, Any],
    contact: Mapping[str, Any] | None, changed: Mapping[str, Any] | None = None,
) -> list[Problem]:  # fmt: skip
    """Return what is wrong; of an update only what is ``changed`` is looked at."""
    looked_at = values if changed is None else changed
    found = [
        errors.missing(id)
        for id in _required(object)
        if values.get(id) in (None, "") and (changed is None or id in changed)
    ]
    for field in object.fields:
        value = looked_at.get(field.id)
        if field.refers and value is not None:
            other = OBJECTS[field.refers]
            if number_of(connection, other, str(value)) is None:
                found.append(errors.unknown_reference(other.label, str(value), field.id))
    key = values.get(object.key)
    if changed is None and key and number_of(connection, object, str(key)) is not None:
        found.append(errors.duplicate(object.label, str(key), object.key))
    if contact is not None and contact.get("PRINTAS", "-") in (None, ""):
        found.append(errors.missing(f"{DISPLAY}.PRINTAS"))
    return found


def _required(object: Object) -> list[str]:
    wanted = [each.id for each in object.fields if each.required]
    return wanted if object.custom or object.key in wanted else [object.key, *wanted]


def _display(
    connection: sqlite3.Connection, customer: Mapping[str, Any], given: Mapping[str, Any], *,
    at: str, entity: str,
) -> dict[str, Any]:  # fmt: skip
    """Create a new customer's display contact, named as Intacct names it."""
    name, id = customer["NAME"], customer["CUSTOMERID"]
    contact = {
        "CONTACTNAME": f"{name}(C{id})",
        "PRINTAS": name,
        "COMPANYNAME": name,
        "TAXABLE": True,
        "VISIBLE": True,
    } | {key: value for key, value in given.items() if value is not None}
    made = create(connection, CONTACT, contact, at=at, entity=entity)
    return {"ENTITY": f"C{id}", "DISPLAYCONTACTKEY": made.number}


def _update_display(
    connection: sqlite3.Connection, customer: Mapping[str, Any], given: Mapping[str, Any], *,
    at: str,
) -> None:  # fmt: skip
    number = customer.get("DISPLAYCONTACTKEY")
    if number is not None:
        update(connection, CONTACT, int(number), given, at=at)


def _insert(
    connection: sqlite3.Connection, object: Object, number: int, key: str, body: dict[str, Any], *,
    at: str, entity: str,
) -> None:  # fmt: skip
    connection.execute(
        "INSERT INTO record (object, recordno, key, entity, created, modified, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [object.name, number, key, entity or None, at, at, _dump(body)],
    )


def _body(connection: sqlite3.Connection, object: Object, number: int) -> dict[str, Any]:
    row = connection.execute(
        "SELECT body FROM record WHERE object = ? AND recordno = ?", [object.name, number]
    ).fetchone()
    if row is None:
        raise Refused(errors.not_found(object.label, str(number)))
    body: dict[str, Any] = orjson.loads(row["body"])
    return body


def _next(connection: sqlite3.Connection, object: str, count: int = 1) -> int:
    """Take ``count`` numbers; one that was used never comes back."""
    row = connection.execute(
        "INSERT INTO numbering (object, last) VALUES (?, ?)"
        " ON CONFLICT (object) DO UPDATE SET last = last + excluded.last RETURNING last",
        [object, count],
    ).fetchone()
    return int(row["last"]) - count + 1


def _named_in(
    connection: sqlite3.Connection, other: Object, field: Field, key: str
) -> bool:  # fmt: skip
    sql = "SELECT 1 FROM record WHERE object = ? AND json_extract(body, ?) = ? LIMIT 1"
    return connection.execute(sql, [other.name, _path(field), key]).fetchone() is not None


def _empty(connection: sqlite3.Connection, other: Object, field: Field, key: str) -> None:
    connection.execute(
        "UPDATE record SET body = json_remove(body, ?)"
        " WHERE object = ? AND json_extract(body, ?) = ?",
        [_path(field), other.name, _path(field), key],
    )


def _path(field: Field) -> str:
    return f'$."{field.id}"'


def _dump(body: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(body)).decode()
