"""``/sobjects``: descriptions, single records, and what was changed or deleted."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

import orjson

from crmapp.connectors.sandbox.faults import Kind
from crmapp.connectors.sandbox.salesforce import ids
from crmapp.connectors.sandbox.salesforce.call import Call, Reply, allowed
from crmapp.connectors.sandbox.salesforce.errors import ApiError, locked, not_found
from crmapp.connectors.sandbox.salesforce.records import Ambiguous
from crmapp.connectors.sandbox.salesforce.schema import Field, SObject, placed
from crmapp.connectors.sandbox.salesforce.values import moment, stamp

_UPDATED_REACH, _DELETED_REACH = timedelta(days=30), timedelta(days=15)
_ID_LIMIT = 600_000


def answer(call: Call) -> Reply:
    match call.parts[1:]:
        case ():
            return _global(call)
        case (name,):
            return _basic(call, call.object(name))
        case (name, "describe"):
            return _describe(call, call.object(name))
        case (name, "updated" | "deleted" as what):
            return _since(call, call.object(name), what)
        case (name, id):
            return _record(call, call.object(name), id)
        case (name, key, value):
            return _by_key(call, call.object(name), key, value)
    raise not_found()


def _global(call: Call) -> Reply:
    allowed(call, "GET", "HEAD")
    objects = sorted(call.database.objects.values(), key=lambda each: each.name)
    listed = {
        "encoding": "UTF-8",
        "maxBatchSize": 200,
        "sobjects": [each.summary() for each in objects],
    }
    text = placed(orjson.dumps(listed).decode(), call.version, call.host)
    return _unless_unchanged(call, text.encode())


def _describe(call: Call, object: SObject) -> Reply:
    allowed(call, "GET", "HEAD")
    return _unless_unchanged(call, object.described(call.version, call.host))


def _unless_unchanged(call: Call, body: bytes) -> Reply:
    """Answer 304 if the client has what it asks for, to the second."""
    changed = moment(call.database.described_at)
    if call.due.first([Kind.FIELD_VANISHED]) is None:
        try:
            known = parsedate_to_datetime(call.headers.get("if-modified-since", ""))
        except ValueError:
            known = None
        if known is not None and known >= changed:
            return Reply(304)
    headers = {"Last-Modified": format_datetime(changed, usegmt=True)}
    return Reply(200, body, headers | {"Content-Type": "application/json;charset=UTF-8"})


def _basic(call: Call, object: SObject) -> Reply:
    allowed(call, "GET", "POST", "HEAD")
    if call.method == "POST":
        given = call.mapping()
        check_lock(call, [])
        with call.database.store.writing() as connection:
            writer = call.writer(connection, object)
            id = writer.insert(given)
        location = {"Location": f"{call.base}/sobjects/{object.name}/{id}"}
        return Reply(201, {"id": id, "success": True, "errors": []}, location)
    text = placed(orjson.dumps(object.summary()).decode(), call.version, call.host)
    return Reply(200, {"objectDescribe": orjson.loads(text), "recentItems": []})


def _record(call: Call, object: SObject, id: str) -> Reply:
    allowed(call, "GET", "HEAD", "PATCH", "DELETE")
    whole = ids.whole(id)
    if whole is None or whole[:3] != object.prefix:
        raise _no_record(id)
    if call.method in ("GET", "HEAD"):
        return Reply(200, _read(call, object, whole))
    given = call.mapping() if call.method == "PATCH" else {}
    check_lock(call, [whole])
    with call.database.store.writing() as connection:
        writer = call.writer(connection, object)
        try:
            if call.method == "PATCH":
                writer.update(whole, given)
            else:
                writer.delete(whole)
        except ApiError as error:
            if error.code == "INVALID_CROSS_REFERENCE_KEY" and not error.fields:
                raise _no_record(id) from error
            raise
    return Reply(204)


def _read(call: Call, object: SObject, id: str) -> dict[str, Any]:
    """Read one record.

    Raises:
        ApiError: it is not there, it was deleted, or a field is not.
    """
    named = call.args.get("fields")
    fields = [each.strip() for each in named.split(",") if each.strip()] if named else None
    record = call.reader.record(object, [id], fields)[0]
    if record is not None:
        return record
    with call.database.store.reading() as connection:
        there = connection.execute(f"SELECT 1 FROM {object.table} WHERE Id = ?", [id]).fetchone()
    if there:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted", status=404, fields=[])
    raise _no_record(id)


def _by_key(call: Call, object: SObject, key: str, value: str) -> Reply:
    """Read, upsert or delete the record with an external id."""
    field = key_of(object, key)
    allowed(call, "GET", "HEAD", "PATCH", "POST", "DELETE")
    if call.method in ("PATCH", "POST"):
        return _upsert(call, object, field, None if field.type == "id" and not value else value)
    with call.database.store.writing() as connection:
        writer = call.writer(connection, object)
        found = writer.find(field, value)
        if len(found) > 1:
            return _choices(call, object, found)
        if not found:
            raise not_found()
        if call.method == "DELETE":
            check_lock(call, found)
            writer.delete(found[0])
            return Reply(204)
    return Reply(200, _read(call, object, found[0]))


def _upsert(call: Call, object: SObject, field: Field, value: str | None) -> Reply:
    given = call.mapping()
    if field.name.lower() in {name.lower() for name in given}:
        raise ApiError(
            "INVALID_FIELD", f"The {field.name} field should not be specified in the sobject data."
        )
    check_lock(call, [])
    with call.database.store.writing() as connection:
        writer = call.writer(connection, object)
        try:
            id, created = writer.upsert(field, value, given)
        except Ambiguous as error:
            return _choices(call, object, error.ids)
    body = {"id": id, "success": True, "errors": [], "created": created}
    if int(call.version.partition(".")[0]) < 46 and not created:
        return Reply(204)  # older versions say nothing of an update
    return Reply(201 if created else 200, body)


def _choices(call: Call, object: SObject, found: list[str]) -> Reply:
    return Reply(300, [f"{call.base}/sobjects/{object.name}/{id}" for id in found])


def key_of(object: SObject, name: str) -> Field:
    """Return the field that records may be found by.

    Raises:
        ApiError: there is none of this name, or it is no external id.
    """
    field = object.fields.get(name.lower())
    if field is None or not field.is_key:
        raise not_found(f"Provided external ID field does not exist or is not accessible: {name}")
    return field


def _since(call: Call, object: SObject, what: str) -> Reply:
    """Answer ``updated`` or ``deleted``: what became of records between two moments."""
    allowed(call, "GET", "HEAD")
    if not object.raw["replicateable"] or "isdeleted" not in object.fields:
        raise ApiError("INVALID_TYPE", f"{object.name} is not replicable")
    start, end = _moments(call, what)
    deleted = int(what == "deleted")
    with call.database.store.reading() as connection:
        rows = connection.execute(
            f"SELECT Id, SystemModstamp FROM {object.table} WHERE SystemModstamp >= ? AND"
            f" SystemModstamp < ? AND IsDeleted = ? ORDER BY SystemModstamp, Id",
            [stamp(start), stamp(end), deleted],
        ).fetchall()
        first = connection.execute(
            f"SELECT min(SystemModstamp) FROM {object.table} WHERE IsDeleted = 1"
        ).fetchone()[0]
    if len(rows) > _ID_LIMIT:
        raise ApiError("EXCEEDED_ID_LIMIT", "Too many records; ask for a shorter span of time")
    covered = {"latestDateCovered": stamp(min(end, call.now))}
    if not deleted:
        return Reply(200, {"ids": [row["Id"] for row in rows], **covered})
    records = [{"deletedDate": row["SystemModstamp"], "id": row["Id"]} for row in rows]
    earliest = {"earliestDateAvailable": first or stamp(call.now - _DELETED_REACH)}
    return Reply(200, {"deletedRecords": records, **earliest, **covered})


def _moments(call: Call, what: str) -> tuple[datetime, datetime]:
    found = []
    for name in ("start", "end"):
        try:
            found.append(moment(call.args[name]).replace(second=0, microsecond=0))
        except (KeyError, ValueError) as error:
            shown = call.args.get(name, "")
            raise ApiError("MALFORMED_ID", f"{name}: {shown} is not a valid date") from error
    start, end = found
    reach = _DELETED_REACH if what == "deleted" else _UPDATED_REACH
    if start >= end:
        raise ApiError(
            "INVALID_REPLICATION_DATE", f"startDate: {call.args['start']} must be before endDate"
        )
    if start < call.now - reach - timedelta(minutes=1):
        raise ApiError(
            "INVALID_REPLICATION_DATE",
            f"startDate cannot be more than {reach.days} days ago",
        )
    return start, end


def check_lock(call: Call, ids: list[str]) -> None:
    """Raise if another transaction holds the rows."""
    if call.due.first([Kind.LOCK_ROW]):
        raise locked(ids or ["001000000000000"])


def _no_record(id: str) -> ApiError:
    return not_found(f"Provided external ID field does not exist or is not accessible: {id}")
