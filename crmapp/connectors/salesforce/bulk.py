"""Writing many rows to Salesforce through a job of Bulk API 2.0."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from crmapp.connectors.answers import not_whole
from crmapp.connectors.batches import Batch, Numbered, names_of
from crmapp.connectors.errors import (
    ConfigBroken,
    ConnectorError,
    Retryable,
    RowRejected,
    WrongInstance,
)
from crmapp.connectors.port import RowResult
from crmapp.connectors.salesforce.refusals import Refusal
from crmapp.connectors.salesforce.session import Call, Session
from crmapp.connectors.salesforce.values import named, to_csv
from crmapp.connectors.salesforce.writing import DUPLICATE, failed, key_of
from crmapp.i18n import N_, Text

FROM = 2000
"""Rows above which a job costs fewer requests; Salesforce recommends the same."""
LARGEST = 90 * 2**20
"""Bytes of a file: 150 MB in base64, in which Salesforce keeps it."""
SOONEST = 0.00005
"""Seconds for each row before a job can be done, so that nobody asks after it sooner."""
PATIENCE = 45.0
"""Seconds that one call waits for a job; the next call goes on waiting for the same job."""
_LESS = 0.9
"""So much of the time of a job that was done when it was first asked after is waited for next."""
Pause = Callable[[float], None]
_ERROR = re.compile(r"(?s)\A([A-Z][A-Z0-9_]+):(.*?):?([^:]*?)\s*--\s*\Z")


class Jobs(Protocol):
    """Remembers the job of a batch, so that a caller that was restarted asks after it.

    ``batch`` is the object, a colon, and a fingerprint of the rows. What is kept must survive the
    caller. ``keep`` without a job says that the batch is over.
    """

    def find(self, batch: str) -> str | None: ...

    def keep(self, batch: str, job: str | None) -> None: ...


class Forgetful:
    """Remembers jobs as long as it lives."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def find(self, batch: str) -> str | None:
        return self._kept.get(batch)

    def keep(self, batch: str, job: str | None) -> None:
        if job is None:
            self._kept.pop(batch, None)
        else:
            self._kept[batch] = job


@dataclass
class Pace:
    """How many seconds Salesforce takes for a row, as far as the last job has shown.

    A job that is first asked after when it is done costs one question, which counts as a request.
    """

    each: float = SOONEST

    def before(self, rows: int) -> float:
        """Return after how many seconds a job of so many rows is asked after first."""
        return min(self.each * rows, PATIENCE / 2)

    def learn(self, rows: int, waited: float) -> None:
        """Heed that a job was done after so many seconds, or perhaps earlier."""
        share = _LESS if waited == self.before(rows) else 1
        self.each = max(waited * share / rows, SOONEST)


def upsert(
    session: Session, object: str, batch: Batch, jobs: Jobs, pause: Pause, pace: Pace
) -> None:
    """Write the rows that wait by a job.

    Those that a duplicate rule finds stay open: a job cannot say that it is to be let past alerts.

    Raises:
        Retryable: the job is not done yet; the same rows given again go on waiting for it.
    """
    waiting = batch.open()
    table = _table(waiting)
    rows = hashlib.sha256(f"{batch.match_key}\n".encode() + table).hexdigest()
    mark = f"{object}:{rows}"
    job, soon = jobs.find(mark), 0.0
    state = _kept(session, job) if job else None
    if job is None or state is None:
        job, state = _opened(session, object, batch.match_key), "Open"
        jobs.keep(mark, job)
    if state == "Open":  # also if a caller died before all was uploaded
        _upload(session, job, table)
        soon = pace.before(len(waiting))
        pause(soon)
    waited = _wait(session, job, pause, lambda: jobs.keep(mark, None), soon)
    if soon:
        pace.learn(len(waiting), waited)
    try:
        _settle(session, object, job, batch, waiting)
    except ConfigBroken:  # once that is mended, the same rows are to be sent anew
        jobs.keep(mark, None)
        raise
    jobs.keep(mark, None)


def _table(rows: list[Numbered]) -> bytes:
    names = list(map(named, names_of(rows)))
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    for each in rows:
        writer.writerow([to_csv(each.row[name]) if name in each.row else "" for name in names])
    table = file.getvalue().encode()
    if len(table) > LARGEST:
        raise ConnectorError(N_("These rows are too large for one job. Send fewer at a time."))
    return table


def _kept(session: Session, job: str) -> str | None:
    """Return the state of a job that can still be waited for; Salesforce keeps it for a week."""
    try:
        state = str(_state(session, job)["state"])
    except (WrongInstance, RowRejected):
        return None
    return None if state in ("Aborted", "Failed") else state


def _opened(session: Session, object: str, match_key: str) -> str:
    wanted = {
        "object": named(object),
        "contentType": "CSV",
        "lineEnding": "LF",
        "operation": "update" if match_key == "Id" else "upsert",
    }
    if match_key != "Id":
        wanted["externalIdFieldName"] = named(match_key)
    call = Call("POST", "jobs/ingest", json=wanted, idempotent=False, object=object)
    return str(session.send(call).json()["id"])


def _upload(session: Session, job: str, table: bytes) -> None:
    """Give a job its rows and let it begin.

    A job takes both once, and refuses what an answer that was cut had done already. Should it
    have refused for another reason, the rows are missing from its results, and told as such.
    """
    csv_type = {"Content-Type": "text/csv; charset=UTF-8"}
    with suppress(RowRejected):
        session.send(Call("PUT", f"jobs/ingest/{job}/batches", content=table, headers=csv_type))
    try:
        session.send(Call("PATCH", f"jobs/ingest/{job}", json={"state": "UploadComplete"}))
    except RowRejected:
        if _state(session, job)["state"] == "Open":
            raise


def _state(session: Session, job: str) -> Mapping[str, Any]:
    state = session.get(f"jobs/ingest/{job}")
    if not isinstance(state, Mapping) or "state" not in state:
        raise not_whole(str(state))
    return state


def _wait(
    session: Session, job: str, pause: Pause, forget: Callable[[], None], waited: float
) -> float:
    """Wait for a job that was waited for already, a quarter and then half as long as until then.

    Return how many seconds it was waited for in all.
    """
    next_pause = max(waited / 4, 0.05)
    while (told := _state(session, job))["state"] not in ("JobComplete", "Failed", "Aborted"):
        if waited + next_pause > PATIENCE:
            raise Retryable(
                N_("Salesforce still works on the rows that it was sent. It is asked again."),
                after=30.0,
            )
        pause(next_pause)
        waited += next_pause
        next_pause = min(max(waited / 2, 0.1), 10.0)
    if told["state"] != "JobComplete":
        forget()
        raise Retryable(
            Text(
                N_("Salesforce gave the job up: %(words)s. The rows are sent again."),
                {"words": told.get("errorMessage") or told["state"]},
            ),
            after=60.0,
            remote=str(told.get("errorMessage") or ""),
        )
    return waited


def _settle(session: Session, object: str, job: str, batch: Batch, waiting: list[Numbered]) -> None:
    by_key = {key_of(each.row[batch.match_key]): each for each in waiting}
    for row in _results(session, job, "successfulResults"):
        numbered = by_key.pop(key_of(row.get(batch.match_key)), None)
        if numbered:
            created = row.get("sf__Created", "").lower() == "true"
            batch.settle(numbered, RowResult(id=row["sf__Id"], created=created))
    for row in _results(session, job, "failedResults") if by_key else ():
        numbered = by_key.pop(key_of(row.get(batch.match_key)), None)
        error = _refusal(row.get("sf__Error", ""))
        if numbered and error.code != DUPLICATE:
            batch.settle(numbered, failed([error], object))
    for numbered in by_key.values():  # what the job did not come to, by its own list of the rest
        batch.settle(
            numbered,
            RowResult(
                error=RowRejected(
                    N_("Salesforce did not come to this row. It is sent again."),
                    code="UNPROCESSED",
                ),
                retry=True,
            ),
        )


def _results(session: Session, job: str, kind: str) -> Iterator[dict[str, str]]:
    answer = session.send(
        Call("GET", f"jobs/ingest/{job}/{kind}/", headers={"Accept": "text/csv"}, max_bytes=2**28)
    )
    rows = csv.DictReader(io.StringIO(answer.text, newline=""))
    if "sf__Id" not in (rows.fieldnames or ()):
        raise not_whole(answer.text)
    return rows


def _refusal(error: str) -> Refusal:
    """Return an error as a file of results tells it: ``CODE:words:Field,Field --``."""
    found = _ERROR.match(error)
    if not found:
        code, _, words = error.partition(":")
        return Refusal(code if words else "", words or error)
    names = tuple(name.strip() for name in found[3].split(",") if name.strip())
    return Refusal(found[1], found[2], names)
