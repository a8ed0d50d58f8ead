"""``/services/async``: the older Bulk API, which many programs still load by."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape

import orjson
from defusedxml.ElementTree import fromstring

from crmapp.connectors.sandbox.faults import Kind
from crmapp.connectors.sandbox.salesforce import ids
from crmapp.connectors.sandbox.salesforce.call import Call, Reply
from crmapp.connectors.sandbox.salesforce.errors import ApiError, locked
from crmapp.connectors.sandbox.salesforce.jobs import csv_line, row_given, written
from crmapp.connectors.sandbox.salesforce.sobjects import key_of
from crmapp.connectors.sandbox.salesforce.values import in_csv, stamp
from crmapp.connectors.sandbox.store import Store

_SPACE = "http://www.force.com/2009/06/asyncapi/dataload"
_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete", "query", "queryAll")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS sf_job1 (
    id TEXT PRIMARY KEY, object TEXT NOT NULL, operation TEXT NOT NULL, key TEXT NOT NULL,
    content_type TEXT NOT NULL, concurrency TEXT NOT NULL, state TEXT NOT NULL, made TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS sf_batch1 (
    id TEXT PRIMARY KEY, job TEXT NOT NULL, state TEXT NOT NULL, message TEXT, made TEXT NOT NULL,
    done INTEGER NOT NULL, failed INTEGER NOT NULL, query TEXT NOT NULL, results TEXT NOT NULL
);
"""
Info = dict[str, Any]


def prepare(store: Store) -> None:
    """Make the tables that jobs need."""
    store.create(_SCHEMA)


def answer(call: Call) -> Reply:
    """Answer a call; what is refused is said in the words of this API."""
    try:
        return _answered(call)
    except ApiError as error:
        code = {"INVALID_SESSION_ID": "InvalidSessionId", "NOT_FOUND": "InvalidJob"}
        said = {
            "exceptionCode": code.get(error.code, error.code),
            "exceptionMessage": error.message,
        }
        return _said(call, "error", said, 400)


def _answered(call: Call) -> Reply:
    match call.method, call.parts:
        case "POST", ("job",):
            return _create(call)
        case "GET", ("job", job):
            return _said(call, "jobInfo", _job_info(call, _job(call, job)))
        case "POST", ("job", job):
            return _change(call, _job(call, job))
        case "POST", ("job", job, "batch"):
            return _batch(call, _job(call, job))
        case "GET", ("job", job, "batch"):
            found = [_batch_info(each) for each in _batches(call, _job(call, job)["id"])]
            return _said(call, "batchInfoList", {"batchInfo": found})
        case "GET", ("job", job, "batch", batch):
            return _said(call, "batchInfo", _batch_info(_one(call, _job(call, job), batch)))
        case "GET", ("job", job, "batch", batch, "result"):
            found_job = _job(call, job)
            return _results(call, found_job, _one(call, found_job, batch))
        case "GET", ("job", job, "batch", batch, "result", _):
            found_job = _job(call, job)
            return _records(call, found_job, _one(call, found_job, batch))
    raise ApiError("InvalidUrl", "Destination URL not reset. The URL is not known.")


def _create(call: Call) -> Reply:
    given = _given(call)
    operation = str(given.get("operation"))
    if operation not in _OPERATIONS:
        raise ApiError("InvalidJob", f"Operation {operation} is not supported")
    object = call.object(str(given.get("object") or ""))
    key = (
        key_of(object, str(given.get("externalIdFieldName"))).name if operation == "upsert" else ""
    )
    with call.database.store.writing() as connection:
        id = ids.made("750", _next(connection, "job"))
        connection.execute(
            "INSERT INTO sf_job1 VALUES (?, ?, ?, ?, ?, ?, 'Open', ?)",
            [id, object.name, operation, key, given.get("contentType") or "XML",
             given.get("concurrencyMode") or "Parallel", stamp(call.now)],
        )  # fmt: skip
    return _said(call, "jobInfo", _job_info(call, _job(call, id)), 201)


def _change(call: Call, job: sqlite3.Row) -> Reply:
    state = _given(call).get("state")
    if state not in ("Closed", "Aborted"):
        raise ApiError("InvalidJobState", f"The job cannot be {state}")
    with call.database.store.writing() as connection:
        connection.execute("UPDATE sf_job1 SET state = ? WHERE id = ?", [state, job["id"]])
    return _said(call, "jobInfo", _job_info(call, _job(call, job["id"])))


def _batch(call: Call, job: sqlite3.Row) -> Reply:
    """Take a batch and work on it: it says that it waits, and is done when it is asked for."""
    if job["state"] != "Open":
        raise ApiError("InvalidJobState", f"The job is {job['state']}")
    query, message = "", None
    results: list[Info] = []
    done = 0
    with call.database.store.writing() as connection:
        id = ids.made("751", _next(connection, "batch"))
        try:
            if job["operation"].startswith("query"):
                query = call.raw.decode()
                _, found = call.reader.rows(query, deleted=job["operation"] == "queryAll")
                done = len(found)
            else:
                results = _work(call, job, connection)
                done = len(results)
        except ApiError as error:
            message = f"InvalidBatch : {error.message}"
        failed = sum(not each["success"] for each in results)
        connection.execute(
            "INSERT INTO sf_batch1 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [id, job["id"], "Failed" if message else "Completed", message, stamp(call.now),
             done, failed, query, orjson.dumps(results).decode()],
        )  # fmt: skip
    queued = {"state": "Queued", "numberRecordsProcessed": 0, "numberRecordsFailed": 0}
    return _said(call, "batchInfo", _batch_info(_one(call, job, id)) | queued, 201)


def _work(call: Call, job: sqlite3.Row, connection: sqlite3.Connection) -> list[Info]:
    object = call.object(job["object"])
    lock = call.due.first([Kind.LOCK_ROW]) is not None
    writer = call.writer(connection, object)
    results = []
    for row in _rows(call, job):
        try:
            if lock:
                raise locked(["001000000000000"])
            id, created = written(writer, job["operation"], job["key"], row)
            results.append({"success": True, "created": created, "id": id, "errors": []})
        except ApiError as error:
            said = error.of_row() | {"extendedErrorDetails": None}
            results.append({"success": False, "created": False, "id": None, "errors": [said]})
    return results


def _rows(call: Call, job: sqlite3.Row) -> list[Info]:
    if job["content_type"] == "JSON":
        rows = call.json()
        if not isinstance(rows, list):
            raise ApiError("InvalidBatch", "The batch must be a list of records")
        return [{"Id" if n.lower() == "id" else n: v for n, v in row.items()} for row in rows]
    if job["content_type"] == "CSV":
        head, *lines = list(csv.reader(io.StringIO(call.raw.decode("utf-8-sig"), newline="")))
        return [row_given(head, line) for line in lines if line]
    return [
        {each.tag.rpartition("}")[2]: each.text for each in row} for row in fromstring(call.raw)
    ]


def _results(call: Call, job: sqlite3.Row, batch: sqlite3.Row) -> Reply:
    if job["operation"].startswith("query"):
        found = [batch["id"].replace("751", "752", 1)]
        if job["content_type"] == "JSON":
            return Reply(200, found)
        return _xml("result-list", {"result": found})
    results = orjson.loads(batch["results"])
    if job["content_type"] == "JSON":
        return Reply(200, results)
    if job["content_type"] == "XML":
        return _xml("results", {"result": results})
    lines = [csv_line(["Id", "Success", "Created", "Error"], "COMMA", "LF")]
    for each in results:
        error = "".join(
            f"{e['statusCode']}:{e['message']}:{' '.join(e['fields'])} --" for e in each["errors"]
        )
        cells = [each["id"] or "", in_csv(each["success"]), in_csv(each["created"]), error]
        lines.append(csv_line(cells, "COMMA", "LF"))
    return _csv("".join(lines))


def _records(call: Call, job: sqlite3.Row, batch: sqlite3.Row) -> Reply:
    deleted = job["operation"] == "queryAll"
    _, found = call.reader.rows(batch["query"], deleted=deleted)
    if job["content_type"] == "JSON":
        return Reply(200, call.reader.records(batch["query"], found, deleted=deleted))
    if job["content_type"] == "XML":
        records = call.reader.records(batch["query"], found, deleted=deleted)
        return _xml("queryResult", {"records": [_in_xml(each) for each in records]})
    head, rows = call.reader.table(batch["query"], found, deleted=deleted)
    cells = [head, *[[in_csv(value) for value in row] for row in rows]]
    return _csv("".join(csv_line(line, "COMMA", "LF") for line in cells))


def _job(call: Call, id: str) -> sqlite3.Row:
    with call.database.store.reading() as connection:
        row: sqlite3.Row | None = connection.execute(
            "SELECT * FROM sf_job1 WHERE id = ?", [ids.whole(id)]
        ).fetchone()
    if row is None:
        raise ApiError("InvalidJob", f"Invalid job id: {id}")
    return row


def _batches(call: Call, job: str) -> list[sqlite3.Row]:
    with call.database.store.reading() as connection:
        return connection.execute(
            "SELECT * FROM sf_batch1 WHERE job = ? ORDER BY id", [job]
        ).fetchall()


def _one(call: Call, job: sqlite3.Row, id: str) -> sqlite3.Row:
    found = next((each for each in _batches(call, job["id"]) if each["id"] == ids.whole(id)), None)
    if found is None:
        raise ApiError("InvalidBatch", f"Invalid batch id: {id}")
    return found


def _job_info(call: Call, job: sqlite3.Row) -> Info:
    batches = _batches(call, job["id"])
    failed = sum(each["state"] == "Failed" for each in batches)
    return {
        "id": job["id"],
        "operation": job["operation"],
        "object": job["object"],
        "createdById": call.user,
        "createdDate": job["made"],
        "systemModstamp": job["made"],
        "state": job["state"],
        "externalIdFieldName": job["key"] or None,
        "concurrencyMode": job["concurrency"],
        "contentType": job["content_type"],
        "numberBatchesQueued": 0,
        "numberBatchesInProgress": 0,
        "numberBatchesCompleted": len(batches) - failed,
        "numberBatchesFailed": failed,
        "numberBatchesTotal": len(batches),
        "numberRecordsProcessed": sum(each["done"] for each in batches),
        "numberRetries": 0,
        "apiVersion": float(call.version),
        "numberRecordsFailed": sum(each["failed"] for each in batches),
        "totalProcessingTime": 0,
        "apiActiveProcessingTime": 0,
        "apexProcessingTime": 0,
    }


def _batch_info(batch: sqlite3.Row) -> Info:
    return {
        "id": batch["id"],
        "jobId": batch["job"],
        "state": batch["state"],
        "stateMessage": batch["message"],
        "createdDate": batch["made"],
        "systemModstamp": batch["made"],
        "numberRecordsProcessed": batch["done"],
        "numberRecordsFailed": batch["failed"],
        "totalProcessingTime": 0,
        "apiActiveProcessingTime": 0,
        "apexProcessingTime": 0,
    }


def _given(call: Call) -> Mapping[str, Any]:
    """Read what is said of a job, in JSON or XML."""
    if "json" in call.headers.get("content-type", ""):
        return call.mapping()
    try:
        root = fromstring(call.raw)
    except ParseError as error:
        raise ApiError("InvalidJob", "The request is not well-formed") from error
    return {each.tag.rpartition("}")[2]: each.text for each in root}


def _said(call: Call, name: str, value: Info, status: int = 200) -> Reply:
    """Answer in JSON to who speaks it, else in XML."""
    asked = call.headers.get("content-type", "") + call.headers.get("accept", "")
    return Reply(status, value) if "json" in asked else _xml(name, value, status)


def _xml(name: str, value: Info, status: int = 200) -> Reply:
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><{name} xmlns="{_SPACE}">{_inner(value)}</{name}>'
    )
    return Reply(status, text.encode(), {"Content-Type": "application/xml"})


def _in_xml(record: Info) -> Info:
    """Return a record, and those of its parents, with the type for what JSON says of it."""
    values = {
        name: _in_xml(each) if isinstance(each, dict) else each
        for name, each in record.items()
        if name != "attributes"
    }
    return {"type": record["attributes"]["type"], **values}


def _inner(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(_element(name, each) for name, each in value.items())
    return escape(in_csv(value))


def _element(name: str, value: Any) -> str:
    if value is None:
        return ""
    many = value if isinstance(value, list) else [value]
    return "".join(f"<{name}>{_inner(each)}</{name}>" for each in many)


def _csv(text: str) -> Reply:
    return Reply(200, text.encode(), {"Content-Type": "text/csv"})


def _next(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute(
        "INSERT INTO sf_sequence VALUES (?, 1) ON CONFLICT (object)"
        " DO UPDATE SET last = last + 1 RETURNING last",
        [name],
    ).fetchone()
    return int(row["last"])
