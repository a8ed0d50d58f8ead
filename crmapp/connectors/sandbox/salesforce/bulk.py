"""``/jobs``: Bulk 2.0, rows in by CSV and query results out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

from crmapp.connectors.sandbox.salesforce import ids
from crmapp.connectors.sandbox.salesforce.call import Call, Reply, allowed
from crmapp.connectors.sandbox.salesforce.errors import ApiError, not_found
from crmapp.connectors.sandbox.salesforce.jobs import (
    DELIMITERS,
    LINE_ENDINGS,
    Job,
    Jobs,
    csv_line,
    read_csv,
)
from crmapp.connectors.sandbox.salesforce.sobjects import key_of
from crmapp.connectors.sandbox.salesforce.values import in_csv, stamp

_CSV = {"Content-Type": "text/csv;charset=UTF-8"}
_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
_QUERIES = ("query", "queryAll")
_MOST_BYTES = 150_000_000
_MOST_RECORDS = 50_000


def answer(call: Call, jobs: Jobs) -> Reply:
    match call.parts[1:]:
        case ("ingest" | "query" as type,):
            return _create(call, jobs, type) if call.method == "POST" else _listed(call, type)
        case ("ingest" | "query" as type, id):
            return _job(call, jobs, _found(jobs, type, id))
        case ("ingest", id, "batches"):
            return _upload(call, _found(jobs, "ingest", id))
        case ("ingest", id, "successfulResults" | "failedResults" | "unprocessedrecords" as which):
            allowed(call, "GET")
            return _results(call, _found(jobs, "ingest", id), which)
        case ("query", id, "results"):
            allowed(call, "GET")
            return _query_results(call, _found(jobs, "query", id))
    raise not_found()


def _found(jobs: Jobs, type: str, id: str) -> Job:
    whole = ids.whole(id)
    job = jobs.get(whole) if whole else None
    if job is None or job["type"] != type:
        raise not_found()
    return job


def _create(call: Call, jobs: Jobs, type: str) -> Reply:
    given = call.mapping()
    operation = str(given.get("operation"))
    if operation not in (_OPERATIONS if type == "ingest" else _QUERIES):
        raise ApiError("INVALIDJOB", f"InvalidJob : Operation {operation} is not supported")
    delimiter = given.get("columnDelimiter") or "COMMA"
    ending = given.get("lineEnding") or "LF"
    if delimiter not in DELIMITERS or ending not in LINE_ENDINGS:
        raise ApiError("INVALIDJOB", f"InvalidJob : {delimiter} {ending} is not supported")
    object, key, query = "", "", ""
    if type == "ingest":
        found = call.object(str(given.get("object") or ""))
        object = found.name
        if operation == "upsert":
            key = key_of(found, str(given.get("externalIdFieldName") or "")).name
    else:
        query = str(given.get("query") or "")
        object = call.reader.rows(query, deleted=operation == "queryAll")[0].object.name
    now = stamp(call.now)
    with call.database.store.writing() as connection:
        number = connection.execute(
            "INSERT INTO sf_sequence VALUES ('job', 1) ON CONFLICT (object)"
            " DO UPDATE SET last = last + 1 RETURNING last"
        ).fetchone()["last"]
        id = ids.made("750", number)
        connection.execute(
            "INSERT INTO sf_job (id, type, object, operation, key, query, delimiter, line_ending,"
            " state, made, changed, version, user) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [id, type, object, operation, key, query, delimiter, ending,
             "Open" if type == "ingest" else "UploadComplete", now, now, call.version, call.user],
        )  # fmt: skip
    job = _found(jobs, type, id)
    if type == "query":
        jobs.begin(id)
    return Reply(200, _shown(job))


def _listed(call: Call, type: str) -> Reply:
    allowed(call, "GET", "POST")
    with call.database.store.reading() as connection:
        rows = connection.execute(
            "SELECT * FROM sf_job WHERE type = ? ORDER BY id DESC", [type]
        ).fetchall()
    return Reply(200, {"done": True, "nextRecordsUrl": None, "records": list(map(_shown, rows))})


def _job(call: Call, jobs: Jobs, job: Job) -> Reply:
    allowed(call, "GET", "PATCH", "DELETE")
    if call.method == "GET":
        return Reply(200, _shown(job) | _progress(job))
    if call.method == "DELETE":
        if job["state"] in ("UploadComplete", "InProgress"):
            raise _wrong_state(job)
        with call.database.store.writing() as connection:
            connection.execute("DELETE FROM sf_job_row WHERE job = ?", [job["id"]])
            connection.execute("DELETE FROM sf_job WHERE id = ?", [job["id"]])
        return Reply(204)
    state = call.mapping().get("state")
    before = {"UploadComplete": ("Open",), "Aborted": ("Open", "UploadComplete", "InProgress")}
    if job["state"] not in before.get(str(state), ()):
        raise _wrong_state(job)
    with call.database.store.writing() as connection:
        connection.execute(
            "UPDATE sf_job SET state = ?, changed = ? WHERE id = ?",
            [state, stamp(call.now), job["id"]],
        )
    # What is answered is the state that was asked for: the work may be done before it arrives.
    changed = _shown(_found(jobs, job["type"], job["id"])) | {"state": state}
    if state == "UploadComplete":
        jobs.begin(job["id"])
    return Reply(200, changed)


def _upload(call: Call, job: Job) -> Reply:
    allowed(call, "PUT")
    if job["state"] != "Open" or job["content"] is not None:
        raise _wrong_state(job)
    if len(call.raw) > _MOST_BYTES:
        raise ApiError("EXCEEDED_MAX_SIZE_REQUEST", "The upload is larger than 150 MB", status=413)
    with call.database.store.writing() as connection:
        connection.execute("UPDATE sf_job SET content = ? WHERE id = ?", [call.raw, job["id"]])
    return Reply(201, b"")


def _results(call: Call, job: Job, which: str) -> Reply:
    if job["state"] in ("Open", "UploadComplete", "InProgress"):
        raise _wrong_state(job)
    try:
        head, rows = read_csv(job)
    except (ApiError, UnicodeDecodeError):
        head, rows = [], iter(())
    if which == "unprocessedrecords":
        rest = list(rows)[job["done"] :]
        return _csv(
            job, head, (csv_line(row, job["delimiter"], job["line_ending"]) for row in rest)
        )
    wanted = "IS NULL" if which == "successfulResults" else "IS NOT NULL"
    with call.database.store.reading() as connection:
        found = connection.execute(
            f"SELECT * FROM sf_job_row WHERE job = ? AND error {wanted} ORDER BY place", [job["id"]]
        ).fetchall()
    extra, cell = _EXTRAS[which]
    lines = (_with(job, [row["id"] or "", cell(row)], row["line"]) for row in found)
    return _csv(job, ["sf__Id", extra, *head], lines)


_EXTRAS: dict[str, tuple[str, Callable[[sqlite3.Row], str]]] = {
    "successfulResults": ("sf__Created", lambda row: "true" if row["created"] else "false"),
    "failedResults": ("sf__Error", lambda row: str(row["error"])),
}


def _with(job: Job, cells: list[str], line: str) -> str:
    mark = DELIMITERS[job["delimiter"]]
    return csv_line(cells, job["delimiter"], "LF").rstrip("\n") + mark + line


def _csv(job: Job, head: list[str], lines: Iterable[str]) -> Reply:
    first = csv_line(head, job["delimiter"], job["line_ending"])
    return Reply(200, (first + "".join(lines)).encode(), _CSV)


def _query_results(call: Call, job: Job) -> Reply:
    """Answer with a portion; the header names the next one, or says ``null``."""
    if job["state"] != "JobComplete":
        raise _wrong_state(job)
    every = (job["ids"] or "").split()
    most = min(int(call.args.get("maxRecords") or _MOST_RECORDS), _MOST_RECORDS)
    start = ids.number(call.args["locator"]) if call.args.get("locator") else 0
    if start is None or start > len(every):
        raise ApiError("INVALID_LOCATOR", "The locator is not valid", status=400)
    wanted = every[start : start + most]
    head, rows = call.reader.table(job["query"], wanted, deleted=job["operation"] == "queryAll")
    end = start + len(wanted)
    headers = {
        **_CSV,
        "Sforce-Locator": ids.locator(end) if end < len(every) else "null",
        "Sforce-NumberOfRecords": str(len(wanted)),
    }
    lines = (
        csv_line([in_csv(cell) for cell in row], job["delimiter"], job["line_ending"])
        for row in rows
    )
    return Reply(200, _csv(job, head, lines).value, headers)


def _shown(job: Job) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": job["id"],
        "operation": job["operation"],
        "object": job["object"],
        "createdById": job["user"],
        "createdDate": job["made"],
        "systemModstamp": job["changed"],
        "state": job["state"],
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(job["version"]),
        "jobType": "V2Ingest" if job["type"] == "ingest" else "V2Query",
        "lineEnding": job["line_ending"],
        "columnDelimiter": job["delimiter"],
    }
    if job["type"] == "ingest":
        place = f"services/data/v{job['version']}/jobs/ingest/{job['id']}/batches"
        shown["contentUrl"] = place
    if job["key"]:
        shown["externalIdFieldName"] = job["key"]
    if job["error"]:
        shown["errorMessage"] = job["error"]
    return shown


def _progress(job: Job) -> dict[str, Any]:
    shown = {"numberRecordsProcessed": job["done"], "retries": 0, "totalProcessingTime": 0}
    if job["type"] == "query":
        return shown
    return shown | {
        "numberRecordsFailed": job["failed"],
        "apiActiveProcessingTime": 0,
        "apexProcessingTime": 0,
    }


def _wrong_state(job: Job) -> ApiError:
    return ApiError(
        "INVALIDJOBSTATE", f"InvalidJobState : The job is {job['state']}, which does not allow it"
    )
