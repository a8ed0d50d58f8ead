"""The jobs of Bulk 2.0 as they are kept, and the thread that works on them."""

from __future__ import annotations

import csv
import io
import queue
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from crmapp.connectors.sandbox.faults import Due, Faults, Kind
from crmapp.connectors.sandbox.salesforce import ids
from crmapp.connectors.sandbox.salesforce.database import Database
from crmapp.connectors.sandbox.salesforce.errors import ApiError, locked
from crmapp.connectors.sandbox.salesforce.query import Reader
from crmapp.connectors.sandbox.salesforce.records import Ambiguous, Writer
from crmapp.connectors.sandbox.salesforce.schema import Field, SObject
from crmapp.connectors.sandbox.salesforce.values import stamp

DELIMITERS = {"COMMA": ",", "SEMICOLON": ";", "TAB": "\t", "PIPE": "|", "CARET": "^",
              "BACKQUOTE": "`"}  # fmt: skip
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
OPERATION = "bulk.work"
_PORTION = 1000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS sf_job (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, object TEXT NOT NULL, operation TEXT NOT NULL,
    key TEXT NOT NULL, query TEXT NOT NULL, delimiter TEXT NOT NULL, line_ending TEXT NOT NULL,
    state TEXT NOT NULL, made TEXT NOT NULL, changed TEXT NOT NULL, version TEXT NOT NULL,
    user TEXT NOT NULL, content BLOB, done INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '', ids TEXT
);
CREATE TABLE IF NOT EXISTS sf_job_row (
    job TEXT NOT NULL, place INTEGER NOT NULL, id TEXT, created INTEGER NOT NULL, error TEXT,
    line TEXT NOT NULL, PRIMARY KEY (job, place)
) WITHOUT ROWID;
"""
Job = sqlite3.Row


class Jobs:
    """Works on jobs one after the other; what a killed process left is taken up again."""

    def __init__(self, database: Database, faults: Faults) -> None:
        self._database = database
        self._faults = faults
        self._queue: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        database.store.create(_SCHEMA)
        with database.store.reading() as connection:
            left = connection.execute(
                "SELECT id FROM sf_job WHERE state IN ('UploadComplete', 'InProgress') ORDER BY id"
            ).fetchall()
        for row in left:
            self.begin(row["id"])

    def begin(self, id: str) -> None:
        """Let a job be worked on later."""
        self._queue.put(id)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True, name="bulk")
            self._thread.start()

    def _work(self) -> None:
        while True:
            self._run(self._queue.get())

    def _run(self, id: str) -> None:
        job = self.get(id)
        if job is None or job["state"] not in ("UploadComplete", "InProgress"):
            return
        self._state(id, "InProgress")
        try:
            if job["type"] == "query":
                self._query(job)
            else:
                self._ingest(job)
        except ApiError as error:
            self._state(id, "Failed", f"{error.code} : {error.message}")
        except UnicodeDecodeError:
            self._state(id, "Failed", "ClientInputError : The data must be UTF-8")

    def get(self, id: str) -> Job | None:
        with self._database.store.reading() as connection:
            row: Job | None = connection.execute(
                "SELECT * FROM sf_job WHERE id = ?", [id]
            ).fetchone()
        return row

    def _state(self, id: str, state: str, error: str = "") -> None:
        with self._database.store.writing() as connection:
            connection.execute(
                "UPDATE sf_job SET state = ?, error = ?, changed = ? WHERE id = ?"
                " AND state <> 'Aborted'",
                [state, error, stamp(datetime.now(UTC)), id],
            )

    def _due(self, job: Job) -> Due:
        """Meet the faults of a portion of a job."""
        due = self._faults.due("BULK", f"/jobs/{job['type']}/{job['id']}", OPERATION)
        slow = due.first([Kind.SLOW])
        if slow is not None:
            time.sleep(slow.seconds)
        if due.first([Kind.SERVER_ERROR, Kind.UNAVAILABLE]):
            raise ApiError("InternalServerError", "The job could not be worked on")
        return due

    def _query(self, job: Job) -> None:
        reader = Reader(self._database, self._due(job), job["version"])
        _, found = reader.rows(job["query"], deleted=job["operation"] == "queryAll")
        with self._database.store.writing() as connection:
            connection.execute(
                "UPDATE sf_job SET ids = ?, done = ? WHERE id = ?",
                ["\n".join(found), len(found), job["id"]],
            )
        self._state(job["id"], "JobComplete")

    def _ingest(self, job: Job) -> None:
        head, rows = read_csv(job)
        object = self._database.object(job["object"], Due())
        _check_head(object, head)
        for _ in range(job["done"]):
            next(rows)
        place = job["done"]
        while portion := list(islice(rows, _PORTION)):
            if not self._portion(job, object, head, portion, place):
                return  # somebody aborted it
            place += len(portion)
        self._state(job["id"], "JobComplete")

    def _portion(
        self, job: Job, object: SObject, head: list[str], rows: list[list[str]], place: int
    ) -> bool:
        """Write some rows with their results and the place reached, all at once or not at all."""
        due = self._due(job)
        lock = due.first([Kind.LOCK_ROW]) is not None
        seen = self._database.seen(object, due)
        with self._database.store.writing() as connection:
            state = connection.execute(
                "SELECT state FROM sf_job WHERE id = ?", [job["id"]]
            ).fetchone()
            if state is None or state["state"] != "InProgress":
                return False
            rule = self._database.duplicate_rule  # an alert, too, stops the row of a job
            writer = Writer(self._database, connection, seen, due.now(), job["user"], rule)
            results = [
                (job["id"], place + number, *_row(writer, job, head, row, lock), _line(job, row))
                for number, row in enumerate(rows)
            ]
            connection.executemany("INSERT INTO sf_job_row VALUES (?, ?, ?, ?, ?, ?)", results)
            failed = sum(each[4] is not None for each in results)
            connection.execute(
                "UPDATE sf_job SET done = done + ?, failed = failed + ? WHERE id = ?",
                [len(rows), failed, job["id"]],
            )
        return True


def read_csv(job: Job) -> tuple[list[str], Iterator[list[str]]]:
    """Return the head and the rows of what was uploaded.

    Raises:
        ApiError: the lines do not end as the job says.
    """
    text = bytes(job["content"] or b"").decode("utf-8-sig")
    ending = "CRLF" if "\r\n" in text[:65536] else "LF"
    if text and ending != job["line_ending"]:
        raise ApiError(
            "ClientInputError",
            f"LineEnding is invalid on user data. Current LineEnding setting is"
            f" {job['line_ending']}",
        )
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[job["delimiter"]])
    return next(rows, []), (row for row in rows if row)


def _check_head(object: SObject, head: list[str]) -> None:
    for name in head:
        first, _, rest = name.partition(".")
        known = object.relationships if rest else object.fields
        if first.lower() not in known:
            raise ApiError("InvalidBatch", f"Field name not found : {name}")


def _row(
    writer: Writer, job: Job, head: list[str], row: list[str], lock: bool
) -> tuple[str | None, int, str | None]:
    """Write one row; return its id, whether it is new, and what was wrong with it."""
    given = row_given(head, row)
    id = str(given.get("Id") or "") or None
    try:
        if lock:
            raise locked([id or "001000000000000"])
        made, created = written(writer, job["operation"], job["key"], given)
    except ApiError as error:
        return id, 0, f"{error.code}:{error.message}:{' '.join(error.fields or ())} --"
    return made, int(created), None


def written(
    writer: Writer, operation: str, key_name: str, given: dict[str, Any]
) -> tuple[str, bool]:
    """Write one row as its job says; return the record's id, and whether it is new.

    Raises:
        ApiError: it is refused.
    """
    match operation:
        case "insert":
            return writer.insert(given), True
        case "update":
            id = _id(given)
            writer.update(id, given)
            return id, False
        case "upsert":
            return _upserted(writer, writer.object.fields[key_name.lower()], given)
    id = _id(given)
    writer.delete(id)
    return id, False


def _upserted(writer: Writer, key: Field, given: dict[str, Any]) -> tuple[str, bool]:
    value = next((v for n, v in given.items() if n.lower() == key.name.lower()), None)
    if not value and key.type != "id":
        raise ApiError("MISSING_ARGUMENT", f"{key.name} not specified", fields=[])
    try:
        return writer.upsert(key, value, given)
    except Ambiguous as error:
        raise ApiError(
            "DUPLICATE_EXTERNAL_ID", f"more than one record found: {error.ids}", fields=[key.name]
        ) from error


def row_given(head: list[str], row: list[str]) -> dict[str, Any]:
    """Return a row's values: what is empty is left alone, ``#N/A`` empties."""
    given: dict[str, Any] = {}
    for name, text in zip(head, row, strict=False):
        if text == "":
            continue
        value = None if text == "#N/A" else text
        first, _, rest = name.partition(".")
        given["Id" if name.lower() == "id" else first] = {rest: value} if rest else value
    return given


def _id(given: dict[str, Any]) -> str:
    id = ids.whole(str(given.get("Id") or ""))
    if id is None:
        raise ApiError("MALFORMED_ID", f"bad id {given.get('Id') or ''}", fields=["Id"])
    return id


def _line(job: Job, row: list[str]) -> str:
    return csv_line(row, job["delimiter"], job["line_ending"])


def csv_line(row: list[str], delimiter: str, line_ending: str) -> str:
    """Return one line of a result; all is quoted, as it is there."""
    mark = DELIMITERS[delimiter]
    cells = [f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row]
    return mark.join(cells) + LINE_ENDINGS[line_ending]
