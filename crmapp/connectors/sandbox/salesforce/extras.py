"""Smaller resources: search, the pick lists of the user interface, the columns of a query."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from crmapp.connectors.sandbox.salesforce import soql
from crmapp.connectors.sandbox.salesforce.call import Call, Reply, allowed
from crmapp.connectors.sandbox.salesforce.compile import Compiler, Output, Plan
from crmapp.connectors.sandbox.salesforce.errors import ApiError, not_found
from crmapp.connectors.sandbox.salesforce.schema import NUMBERS, Field, SObject

Row = dict[str, Any]
_SOSL = re.compile(
    r"\s*FIND\s*\{(?P<words>(?:[^{}\\]|\\.)+)\}(?:\s+IN\s+\w+\s+FIELDS)?"
    r"(?:\s+RETURNING\s+(?P<objects>.+?))?(?:\s+LIMIT\s+(?P<limit>\d+))?\s*",
    re.IGNORECASE | re.DOTALL,
)
_OBJECT = re.compile(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*(?:,|$)")
_SEARCHED = ("string", "textarea", "phone", "email", "url", "picklist")
_MOST_FOUND = 200


def search(call: Call) -> Reply:
    """Answer SOSL: records with words that begin so, in the text of any field.

    Raises:
        ApiError: it is not well.
    """
    allowed(call, "GET")
    asked = _SOSL.fullmatch(call.args.get("q", ""))
    if asked is None:
        raise ApiError("MALFORMED_SEARCH", "No search term found. The search term must be enclosed")
    words = [word.strip("*\"'?") for word in re.sub(r"\\(.)", r"\1", asked["words"]).split()]
    most = int(asked["limit"] or _MOST_FOUND)
    found: list[Row] = []
    for name, fields in _OBJECT.findall(asked["objects"] or "Account, Contact, Lead"):
        found += _found(call, call.object(name), fields or "Id", words)
    return Reply(200, {"searchRecords": found[:most]})


def _found(call: Call, object: SObject, fields: str, words: list[str]) -> list[Row]:
    searched = [each for each in object.stored if each.type in _SEARCHED]
    text = " || ' ' || ".join(f"ifnull({each.column}, '')" for each in searched)
    like = " AND ".join(["w LIKE ? ESCAPE '\\'"] * len(words))
    alive = " WHERE IsDeleted = 0" if "isdeleted" in object.fields else ""
    with call.database.store.reading() as connection:
        rows = connection.execute(
            f"SELECT Id FROM (SELECT Id, ' ' || {text} AS w FROM {object.table}{alive})"
            f" WHERE {like} LIMIT {_MOST_FOUND}",
            [f"% {_literally(word)}%" for word in words],
        ).fetchall()
    names = [each.strip() for each in re.split(r"\bWHERE\b|\bLIMIT\b", fields)[0].split(",")]
    records = call.reader.record(object, [row["Id"] for row in rows], names)
    return [each for each in records if each is not None]


def _literally(word: str) -> str:
    """Return a word as a pattern of LIKE that means itself."""
    return re.sub(r"([%_\\])", r"\\\1", word)


def user_interface(call: Call) -> Reply:
    """Answer ``/ui-api/object-info/OBJECT/picklist-values/RECORD_TYPE[/FIELD]``."""
    allowed(call, "GET")
    match call.parts[1:]:
        case ("object-info", name, "picklist-values", _):
            object = call.object(name)
            lists = {
                each.name: _pick_list(call, object, each)
                for each in object.fields.values()
                if each.type in ("picklist", "multipicklist")
            }
            return Reply(200, {"eTag": "sandbox", "picklistFieldValues": lists})
        case ("object-info", name, "picklist-values", _, field):
            object = call.object(name)
            found = object.fields.get(field.lower())
            if found is not None:
                return Reply(200, _pick_list(call, object, found))
    raise not_found()


def _pick_list(call: Call, object: SObject, field: Field) -> Row:
    path = f"{call.base}/ui-api/object-info/{object.name}/picklist-values/012000000000000AAA"
    shown = [
        {"attributes": None, "label": each["label"], "validFor": [], "value": each["value"]}
        for each in field.raw["picklistValues"]
        if each["active"]
    ]
    default = next((v for v in field.raw["picklistValues"] if v["defaultValue"]), None)
    return {
        "controllerValues": {},
        "defaultValue": default,
        "eTag": "sandbox",
        "url": f"{path}/{field.name}",
        "values": shown,
    }


def counts(call: Call) -> Reply:
    """Answer ``/limits/recordCount``: how many records there are of each object, or of some."""
    allowed(call, "GET")
    asked = [each for each in call.args.get("sObjects", "").lower().split(",") if each]
    told = []
    with call.database.store.reading() as connection:
        for name, object in sorted(call.database.objects.items()):
            if not asked or name in asked:
                alive = " WHERE IsDeleted = 0" if "isdeleted" in object.fields else ""
                sql = f"SELECT COUNT(*) FROM {object.table}{alive}"  # from the describe
                told.append({"count": connection.execute(sql).fetchone()[0], "name": object.name})
    return Reply(200, {"sObjects": told})


def columns(call: Call, text: str) -> Row:
    """Return what ``columns=true`` tells of a query, which command lines lay out tables by."""
    plan = Compiler(soql.parse(text), call.database.objects_of(call.due), call.now).compile()
    return {
        "columnMetadata": _columns(call, plan),
        "entityName": plan.object.name,
        "groupBy": bool(plan.group),
        "idSelected": any(each.path == ("Id",) for each in plan.outputs),
        "keyPrefix": plan.object.prefix,
    }


def _columns(call: Call, plan: Plan) -> list[Row]:
    """Return the columns of a plan; a parent has those that are read of it below it, a query of
    children too."""
    told: dict[tuple[str, ...], Row] = {}
    for output in plan.outputs:
        for length in range(1, len(output.path) + 1):
            path = output.path[:length]
            if path not in told:
                whole = length == len(output.path)
                told[path] = _column(plan.object if length == 1 and whole else None, output, path)
                if length > 1:
                    told[path[:-1]]["joinColumns"].append(told[path])
    top = [column for path, column in told.items() if len(path) == 1]
    for name, _, query, child in plan.children:
        asked = replace(query, object=child.name)
        within = Compiler(asked, call.database.objects_of(call.due), call.now)
        below = _column(None, Output((name,), -1), (name,))
        top.append(below | {"aggregate": True, "joinColumns": _columns(call, within.compile())})
    return top


def _column(object: SObject | None, output: Output, path: tuple[str, ...]) -> Row:
    found = object.fields.get(path[-1].lower()) if object is not None else None
    type = found.type if found is not None else output.type or "string"
    return {
        "aggregate": found is None and object is not None and not output.type,
        "apexType": {"id": "Id", "reference": "Id", "boolean": "Boolean"}.get(type, "String"),
        "booleanType": type == "boolean",
        "columnName": path[-1],
        "custom": bool(found and found.raw["custom"]),
        "displayName": path[-1],
        "foreignKeyName": None,
        "insertable": bool(found and found.raw["createable"]),
        "joinColumns": [],
        "numberType": type in NUMBERS or type == "int",
        "textType": type in ("string", "textarea"),
        "updatable": bool(found and found.raw["updateable"]),
    }
