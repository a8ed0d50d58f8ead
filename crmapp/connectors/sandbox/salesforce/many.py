"""``/composite``: many rows at once, and calls within a call."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from crmapp.connectors.sandbox.faults import Kind
from crmapp.connectors.sandbox.salesforce import ids
from crmapp.connectors.sandbox.salesforce.call import Call, Reply, allowed
from crmapp.connectors.sandbox.salesforce.errors import ApiError, locked, no_such_column, not_found
from crmapp.connectors.sandbox.salesforce.records import Ambiguous
from crmapp.connectors.sandbox.salesforce.schema import SObject
from crmapp.connectors.sandbox.salesforce.sobjects import key_of

Row = dict[str, Any]
Dispatch = Callable[[Call], Reply]
_MOST_ROWS, _MOST_IDS, _MOST_CALLS, _MOST_QUESTIONS = 200, 2000, 25, 5
_REFERENCE = re.compile(
    r"(?:@|%40)(?:\{|%7B)([A-Za-z]\w*)((?:\.\w+|(?:\[|%5B)\d+(?:\]|%5D))*)(?:\}|%7D)", re.IGNORECASE
)
_QUESTION = re.compile(r"/services/data/v[\d.]+/(query|queryAll|composite/sobjects)\b")
_WHOLE = {"JSON_PARSER_ERROR"}  # what makes the whole request fail


def answer(call: Call, dispatch: Dispatch) -> Reply:
    match call.parts[1:]:
        case ():
            return _composite(call, dispatch)
        case ("batch",):
            return _batch(call, dispatch)
        case ("tree", name):
            return _tree(call, call.object(name))
        case ("sobjects",):
            return _sobjects(call)
        case ("sobjects", name):
            return _retrieve(call, call.object(name))
        case ("sobjects", name, key):
            return _upsert(call, call.object(name), key)
    raise not_found()


def _sobjects(call: Call) -> Reply:
    allowed(call, "POST", "PATCH", "DELETE")
    if call.method == "DELETE":
        wanted = [each for each in call.args.get("ids", "").split(",") if each]
        rows: list[Row] = [{"id": id} for id in wanted]
        return _each(call, rows, call.args.get("allOrNone", "false").lower() == "true", _delete)
    rows, all_or_none = _given(call)
    return _each(call, rows, all_or_none, _insert if call.method == "POST" else _update)


def _insert(call: Call, connection: sqlite3.Connection, row: Row) -> Row:
    object = _typed(call, row)
    return _well(call.writer(connection, object).insert(row))


def _update(call: Call, connection: sqlite3.Connection, row: Row) -> Row:
    object = _typed(call, row)
    id = next((value for name, value in row.items() if name.lower() == "id"), None)
    if not id:
        raise ApiError("MISSING_ARGUMENT", "Id not specified in an update call", fields=["Id"])
    whole = ids.whole(str(id))
    if whole is None or whole[:3] != object.prefix:
        raise _bad_id(object.label, str(id))
    call.writer(connection, object).update(whole, row)
    return _well(whole)


def _delete(call: Call, connection: sqlite3.Connection, row: Row) -> Row:
    whole = ids.whole(row["id"])
    object = call.database.of_id(whole) if whole else None
    if whole is None or object is None:
        raise ApiError("MALFORMED_ID", f"bad id {row['id']}", fields=[])
    call.writer(connection, object).delete(whole)
    return _well(whole)


def _upsert(call: Call, object: SObject, key: str) -> Reply:
    allowed(call, "PATCH")
    field = key_of(object, key)
    met: set[str] = set()

    def upsert(call: Call, connection: sqlite3.Connection, row: Row) -> Row:
        if _typed(call, row).name != object.name:
            raise ApiError("INVALID_TYPE", f"The rows must be of type {object.name}", fields=[])
        writer = call.writer(connection, object)
        value = next((v for name, v in row.items() if name.lower() == field.name.lower()), None)
        if value and str(value).lower() in met:
            raise ApiError(
                "DUPLICATE_VALUE",
                f"Duplicate external id specified: {value}",
                fields=[field.name],
            )
        met.add(str(value).lower())
        try:
            id, created = writer.upsert(field, value, row)
        except Ambiguous as error:
            raise ApiError(
                "DUPLICATE_EXTERNAL_ID",
                f"{field.name}: more than one record found for external id field: {error.ids}",
                fields=[field.name],
            ) from error
        return {**_well(id), "created": created}

    rows, all_or_none = _given(call)
    return _each(call, rows, all_or_none, upsert)


def _each(
    call: Call,
    rows: Sequence[Row],
    all_or_none: bool,
    do: Callable[[Call, sqlite3.Connection, Row], Row],
) -> Reply:
    """Do something with each row; all of it is undone if one fails and none shall then."""
    if len(rows) > _MOST_ROWS:
        raise ApiError(
            "EXCEEDED_MAX_SIZE_REQUEST",
            f"record limit reached. cannot submit more than {_MOST_ROWS} records in this call",
        )
    results: list[Row] = []
    lock = call.due.first([Kind.LOCK_ROW]) is not None
    try:
        with call.database.store.writing() as connection:
            for row in rows:
                try:
                    if lock:
                        raise locked([str(row.get("Id") or row.get("id") or "001000000000000")])
                    results.append(do(call, connection, row))
                except ApiError as error:
                    if error.code in _WHOLE:
                        raise
                    results.append(_ill(error, row))
            if all_or_none and not all(each["success"] for each in results):
                raise _Undone
    except _Undone:
        results = [_rolled_back() if each["success"] else each for each in results]
    return Reply(200, results)


class _Undone(Exception):
    """A row failed, so that none is kept."""


def _given(call: Call) -> tuple[list[Row], bool]:
    body = call.mapping()
    rows = body.get("records")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ApiError("JSON_PARSER_ERROR", "The records must be a list of objects")
    return rows, bool(body.get("allOrNone", False))


def _typed(call: Call, row: Row) -> SObject:
    type = _attribute(row, "type")
    object = call.database.objects.get(str(type).lower())
    if object is None:
        raise ApiError("INVALID_TYPE", f"sObject type '{type}' is not supported.", fields=[])
    return call.database.seen(object, call.due)


def _headers(asked: Row) -> dict[str, str]:
    given = asked.get("httpHeaders")
    return {name: str(each) for name, each in given.items()} if isinstance(given, dict) else {}


def _attribute(row: Row, name: str) -> Any:
    attributes = row.get("attributes")
    return attributes.get(name) if isinstance(attributes, dict) else None


def _retrieve(call: Call, object: SObject) -> Reply:
    """Answer records in the order of their ids: null for each that is not there, or deleted."""
    allowed(call, "GET", "POST")
    if call.method == "POST":
        body = call.mapping()
        wanted, fields = body.get("ids", []), body.get("fields", [])
    else:
        wanted = [each for each in call.args.get("ids", "").split(",") if each]
        fields = [each for each in call.args.get("fields", "").split(",") if each]
    if not wanted or not fields or not isinstance(wanted, list) or not isinstance(fields, list):
        raise ApiError("MISSING_ARGUMENT", "The ids and fields parameters are required")
    if len(wanted) > _MOST_IDS:
        raise ApiError(
            "EXCEEDED_MAX_SIZE_REQUEST",
            f"record limit reached. cannot retrieve more than {_MOST_IDS} records in this call",
        )
    beyond = next((str(each) for each in fields if "." in str(each)), None)
    if beyond is not None:  # only a question of SOQL reaches beyond the object
        raise no_such_column(beyond, object.name)
    whole = [ids.whole(str(each)) for each in wanted]
    if None in whole:
        raise _bad_id(object.label, wanted[whole.index(None)])
    return Reply(200, call.reader.record(object, [str(id) for id in whole], list(map(str, fields))))


def _tree(call: Call, object: SObject) -> Reply:
    """Make records with the records below them: all, or none."""
    allowed(call, "POST")
    rows, _ = _given(call)
    results: list[Row] = []
    errors: list[Row] = []
    try:
        with call.database.store.writing() as connection:
            for row in rows:
                _plant(call, connection, object, row, None, results, errors)
            if errors:
                raise _Undone
    except _Undone:
        return Reply(400, {"hasErrors": True, "results": errors})
    return Reply(201, {"hasErrors": False, "results": results})


def _plant(
    call: Call,
    connection: sqlite3.Connection,
    object: SObject,
    row: Row,
    above: tuple[str, str] | None,
    results: list[Row],
    errors: list[Row],
) -> None:
    reference = _attribute(row, "referenceId")
    below = {name: v["records"] for name, v in row.items() if _has_records(v)}
    given = {name: value for name, value in row.items() if name not in below}
    if above is not None:
        given[above[0]] = above[1]
    try:
        id = call.writer(connection, object).insert(given)
    except ApiError as error:
        errors.append({"referenceId": reference, "errors": [error.of_row()]})
        return
    results.append({"referenceId": reference, "id": id})
    for name, rows in below.items():
        relation = next(
            (
                each
                for each in object.raw["childRelationships"]
                if (each["relationshipName"] or "").lower() == name.lower()
            ),
            None,
        )
        if relation is None:
            raise ApiError("INVALID_FIELD", f"No such relationship '{name}' on {object.name}")
        child = call.object(relation["childSObject"])
        for each in rows:
            _plant(call, connection, child, each, (relation["field"], id), results, errors)


def _has_records(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("records"), list)


def _composite(call: Call, dispatch: Dispatch) -> Reply:
    """Answer calls one after the other; later ones may refer to the answers of earlier ones."""
    allowed(call, "POST")
    body = call.mapping()
    asked = _asked(body, "compositeRequest", ("method", "url", "referenceId"))
    if len(asked) > _MOST_CALLS:
        raise ApiError("LIMIT_EXCEEDED", f"Only {_MOST_CALLS} operations are allowed")
    if sum(_QUESTION.match(each["url"]) is not None for each in asked) > _MOST_QUESTIONS:
        raise ApiError(
            "LIMIT_EXCEEDED", f"Only {_MOST_QUESTIONS} query or collection operations are allowed"
        )
    if not body.get("allOrNone"):
        return Reply(200, {"compositeResponse": _parts(call, dispatch, asked)})
    try:
        with call.database.store.writing():
            answers = _parts(call, dispatch, asked)
            failed = [each for each in answers if each["httpStatusCode"] >= 400]
            if failed:
                raise _Undone
    except _Undone:
        # The first one that failed says why; the others say that they are undone because of it.
        answers = [
            each if each is failed[0] else each | {"body": _halted(), "httpStatusCode": 400}
            for each in answers
        ]
    return Reply(200, {"compositeResponse": answers})


def _parts(call: Call, dispatch: Dispatch, asked: Sequence[Row]) -> list[Row]:
    bodies: dict[str, Any] = {}
    answers: list[Row] = []
    for each in asked:
        reply = _part(call, dispatch, each, bodies)
        bodies[each["referenceId"]] = reply.value
        answers.append(
            {
                "body": reply.value,
                "httpHeaders": dict(reply.headers),
                "httpStatusCode": reply.status,
                "referenceId": each["referenceId"],
            }
        )
    return answers


def _part(call: Call, dispatch: Dispatch, asked: Row, bodies: Mapping[str, Any]) -> Reply:
    try:
        url = _filled(asked["url"], bodies)
        within = call.within(
            asked["method"], url, _filled(asked.get("body"), bodies), _headers(asked)
        )
        reply = dispatch(within)
        if isinstance(reply.value, bytes) and reply.value:
            return replace(reply, value=orjson.loads(reply.value))
        return reply
    except ApiError as error:
        return Reply(error.status, error.body())


def _asked(body: Mapping[str, Any], name: str, needed: Sequence[str]) -> list[Row]:
    """Return the calls within a call.

    Raises:
        ApiError: one of them lacks what each must have.
    """
    asked = body.get(name)
    if isinstance(asked, list) and all(
        isinstance(each, dict) and all(isinstance(each.get(key), str) for key in needed)
        for each in asked
    ):
        return asked
    raise ApiError("JSON_PARSER_ERROR", f"{name} must be a list of calls with {', '.join(needed)}")


def _filled(value: Any, bodies: Mapping[str, Any]) -> Any:
    """Put the answers of earlier calls where a later one refers to them."""
    if isinstance(value, dict):
        return {name: _filled(each, bodies) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, bodies) for each in value]
    if not isinstance(value, str):
        return value
    return _REFERENCE.sub(lambda found: str(_referred(found, bodies)), value)


def _referred(found: re.Match[str], bodies: Mapping[str, Any]) -> Any:
    value: Any = bodies.get(found[1])
    for name, place in re.findall(r"\.(\w+)|(?:\[|%5B)(\d+)", found[2], re.IGNORECASE):
        try:
            value = value[name] if name else value[int(place)]
        except (KeyError, IndexError, TypeError) as error:
            raise ApiError(
                "PROCESSING_HALTED", f"Invalid reference specified. No value for {found[0]} found"
            ) from error
    return value


def _batch(call: Call, dispatch: Dispatch) -> Reply:
    """Answer independent calls."""
    allowed(call, "POST")
    body = call.mapping()
    results: list[Row] = []
    failed = False
    for each in _asked(body, "batchRequests", ("method", "url"))[:_MOST_CALLS]:
        if failed and body.get("haltOnError"):
            halted = [{"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch halted"}]
            results.append({"statusCode": 412, "result": halted})
            continue
        url = str(each["url"])
        url = url if url.startswith("/services") else f"/services/data/{url}"
        asked = {"method": each["method"], "url": url, "body": each.get("richInput")}
        reply = _part(call, dispatch, asked, {})
        failed = failed or reply.status >= 400
        results.append({"statusCode": reply.status, "result": reply.value})
    return Reply(200, {"hasErrors": failed, "results": results})


def _halted() -> list[Row]:
    said = "The transaction was rolled back since another operation in it failed."
    return [{"errorCode": "PROCESSING_HALTED", "message": said}]


def _well(id: str) -> Row:
    return {"id": id, "success": True, "errors": []}


def _ill(error: ApiError, row: Row) -> Row:
    result: Row = {"success": False, "errors": [error.of_row()]}
    id = row.get("Id") or row.get("id")
    return {"id": id, **result} if id else result


def _rolled_back() -> Row:
    said = (
        "Record rolled back because not all records were valid and the request was using AllOrNone"
    )
    error = {"statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK", "message": said, "fields": []}
    return {"success": False, "errors": [error]}


def _bad_id(label: str, id: str) -> ApiError:
    return ApiError("MALFORMED_ID", f"{label} ID: id value of incorrect type: {id}", fields=["Id"])
