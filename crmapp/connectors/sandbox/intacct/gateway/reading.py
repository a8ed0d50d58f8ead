"""The functions that read: query, readByQuery and readMore, read and readByName."""

from __future__ import annotations

import csv
import io
import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from crmapp.connectors.sandbox.intacct import errors, values
from crmapp.connectors.sandbox.intacct.catalogue import Kind, Object
from crmapp.connectors.sandbox.intacct.company import Session
from crmapp.connectors.sandbox.intacct.errors import Refused
from crmapp.connectors.sandbox.intacct.gateway import legacy
from crmapp.connectors.sandbox.intacct.gateway.envelope import (
    Function,
    attributes,
    child,
    tag,
)
from crmapp.connectors.sandbox.intacct.gateway.filters import read_query
from crmapp.connectors.sandbox.intacct.objects import Target, by_name, find
from crmapp.connectors.sandbox.intacct.search import (
    Condition,
    Found,
    Operator,
    Query,
    Scope,
    run,
)

SCHEMA = """
CREATE TABLE IF NOT EXISTS reading (
    id TEXT PRIMARY KEY,
    object TEXT NOT NULL,
    fields TEXT NOT NULL,
    query TEXT NOT NULL,
    entity TEXT NOT NULL,
    size INTEGER NOT NULL,
    done INTEGER NOT NULL
);
"""
_LARGEST = 1000
_USUAL = 100
_REMEMBERED = 1000  # readings that readMore can go on with
Named = Sequence[tuple[str, Target]]


class Formatted(Exception):
    """The answer is to be CSV or JSON, which come without the envelope."""

    def __init__(self, body: str, content_type: str) -> None:
        self.body = body
        self.content_type = content_type
        super().__init__(content_type)


@dataclass(frozen=True)
class Asked:
    """A function that reads, by whom, over which connection, without which fields."""

    function: Function
    session: Session
    connection: sqlite3.Connection
    hidden: frozenset[tuple[str, str]] = frozenset()

    def object(self, name: str) -> tuple[Object, frozenset[str]]:
        """Return an object as it is now.

        Raises:
            Refused: there is none of this name.
        """
        found = by_name(name)
        if found is None:
            raise Refused(errors.no_object(name))
        gone = {field for object, field in self.hidden if object in ("", found.name.lower())}
        hidden = frozenset(each.id for each in found.fields if each.id.lower() in gone)
        return found.without(hidden), hidden


def query(asked: Asked) -> str:
    """Answer ``query``; fields are named as they were asked for.

    Raises:
        Refused: the question is wrong.
        Formatted: the answer is not to be XML.
    """
    element = asked.function.element
    name = child(element, "object")
    object, hidden = asked.object(name)
    question, names = read_query(element, object, asked.session, hidden)
    found = run(asked.connection, question)
    targets = (*question.select, *(_shown(*each) for each in question.totals))
    named = list(zip(names, targets, strict=True))
    form = child(element, "options/returnformat").lower()
    if form in ("json", "csv"):
        raise _formatted(form, named, found)
    rows = "".join(_flat(name, named, row) for row in found.rows)
    shown = attributes(
        listtype=name, totalcount=found.total, offset=question.offset, count=len(found.rows),
        numremaining=_remaining(found, question.offset),
    )  # fmt: skip
    return f"<data{shown}>{rows}</data>"


def read_by_query(asked: Asked) -> str:
    """Answer ``readByQuery``, and remember where ``readMore`` goes on.

    Raises:
        Refused: the question is wrong.
    """
    element = asked.function.element
    name = child(element, "object")
    object, _hidden = asked.object(name)
    size = child(element, "pagesize") or str(_USUAL)
    if not size.isdigit() or not 1 <= int(size) <= _LARGEST:
        raise Refused(errors.bad_query(f"The page size must be between 1 and {_LARGEST}."))
    text, ids = child(element, "query"), _ids(asked, object, child(element, "fields"))
    result = f"{secrets.token_hex(12)}web{object.name}"
    page = _page(asked, object, ids, text, int(size), 0, asked.session.scope(), result)
    asked.connection.execute(
        "INSERT INTO reading (id, object, fields, query, entity, size, done)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [result, object.name, orjson.dumps(ids).decode(), text, asked.session.entity, int(size),
         int(size)],
    )  # fmt: skip
    # Readings that nobody goes on with are forgotten one day.
    asked.connection.execute(
        "DELETE FROM reading WHERE rowid <= last_insert_rowid() - ?", [_REMEMBERED]
    )
    return page


def read_more(asked: Asked) -> str:
    """Answer ``readMore``: the next page, as things are now.

    Raises:
        Refused: no such reading is open.
    """
    element = asked.function.element
    result = child(element, "resultId") or child(element, "resultid")
    row = asked.connection.execute("SELECT * FROM reading WHERE id = ?", [result]).fetchone()
    if row is None:
        raise Refused(errors.bad_query(f"The result {result} is not there, or has expired."))
    object, _hidden = asked.object(row["object"])
    asked.connection.execute(
        "UPDATE reading SET done = done + size WHERE id = ?", [result]
    )  # fmt: skip
    ids = [id for id in orjson.loads(row["fields"]) if find(object, id)]
    scope = Scope(row["entity"])
    return _page(asked, object, ids, row["query"], row["size"], row["done"], scope, result)


def read(asked: Asked) -> str:
    """Answer ``read`` by record numbers or ``readByName`` by keys; none at all means the first.

    Raises:
        Refused: the object or a field is not there.
    """
    element = asked.function.element
    name = child(element, "object")
    object, _hidden = asked.object(name)
    by_number = asked.function.name == "read"
    keys = [key.strip() for key in child(element, "keys").split(",") if key.strip()]
    by = find(object, "RECORDNO" if by_number else object.key)
    ids = _ids(asked, object, child(element, "fields"))
    where = None
    if by is not None and keys:
        wanted = [key for key in keys if key.isdigit()] if by_number else keys
        where = Condition(by, Operator.IN, tuple(wanted or ["-1"]))
    named = _named(object, ids)
    question = Query(
        object, tuple(target for _id, target in named), where, limit=_USUAL,
        scope=asked.session.scope(private=True),
    )  # fmt: skip
    found = run(asked.connection, question)
    rows = "".join(_nested(name, named, row) for row in found.rows)
    return f"<data{attributes(listtype=name, count=len(found.rows))}>{rows}</data>"


def _page(
    asked: Asked, object: Object, ids: list[str], text: str, size: int, offset: int,
    scope: Scope, result: str,
) -> str:  # fmt: skip
    named = _named(object, ids)
    where = legacy.parse(text, object)
    targets = tuple(target for _id, target in named)
    question = Query(object, targets, where, offset=offset, limit=size, scope=scope)
    found = run(asked.connection, question)
    name = object.name.lower()
    rows = "".join(_flat(name, named, row) for row in found.rows)
    shown = attributes(
        listtype=name, count=len(found.rows), totalcount=found.total,
        numremaining=_remaining(found, offset), resultId=result,
    )  # fmt: skip
    return f"<data{shown}>{rows}</data>"


def _ids(asked: Asked, object: Object, text: str) -> list[str]:
    """Return the fields that were asked for; none or ``*`` are all."""
    if text in ("", "*"):
        return [each.id for each in object.fields] + list(object.shown)
    ids = [id.strip() for id in text.split(",") if id.strip()]
    unknown = [id for id in ids if find(object, id) is None]
    if unknown:
        raise Refused(errors.no_fields(object.name, unknown))
    return ids


def _named(object: Object, ids: Iterable[str]) -> list[tuple[str, Target]]:
    found = ((id, find(object, id)) for id in ids)
    return [(id, target) for id, target in found if target is not None]


def _shown(function: str, target: Target) -> Target:
    """Return how a total is shown: a count is a number, whatever is counted."""
    whole = function == "COUNT"
    return Target((), replace(target.field, kind=Kind.INTEGER)) if whole else target


def _remaining(found: Found, offset: int) -> int:
    return max(found.total - offset - len(found.rows), 0)


def _flat(name: str, named: Named, row: Sequence[Any]) -> str:
    cells = "".join(
        tag(id, values.to_xml(target.field, value))
        for (id, target), value in zip(named, row, strict=True)
    )
    return f"<{name}>{cells}</{name}>"


def _nested(name: str, named: Named, row: Sequence[Any]) -> str:
    """Write a record with elements inside of elements where ids have dots."""
    tree: dict[str, Any] = {}
    for (id, target), value in zip(named, row, strict=True):
        *folders, leaf = id.split(".")
        place = tree
        for folder in folders:
            place = place.setdefault(folder, {})
        place[leaf] = values.to_xml(target.field, value)
    return _element(name, tree)


def _element(name: str, content: Any) -> str:
    if isinstance(content, str):
        return tag(name, content)
    inner = "".join(_element(key, value) for key, value in content.items())
    return f"<{name}>{inner}</{name}>"


def _formatted(form: str, named: Named, found: Found) -> Formatted:
    names = [id for id, _target in named]
    rows = [
        [
            values.to_xml(target.field, value)
            for (_id, target), value in zip(named, row, strict=True)
        ]
        for row in found.rows
    ]
    if form == "json":
        listed = [dict(zip(names, row, strict=True)) for row in rows]
        return Formatted(orjson.dumps(listed).decode(), "application/json")
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([names, *rows])
    return Formatted(file.getvalue(), "text/csv")
