"""Writing to Salesforce by external id, in requests of up to 200 rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crmapp.connectors.answers import not_whole
from crmapp.connectors.batches import Batch, Numbered
from crmapp.connectors.errors import RowRejected
from crmapp.connectors.port import RowResult
from crmapp.connectors.salesforce.refusals import (
    Refusal,
    may_pass_later,
    refusal,
    refused_field,
    row_rejected,
)
from crmapp.connectors.salesforce.session import Call, Session
from crmapp.connectors.salesforce.values import named, to_json

COLLECTION = 200
"""Rows in one request: the most that Salesforce takes."""
DUPLICATE = "DUPLICATES_DETECTED"
_PAST_ALERTS = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
"""A duplicate rule that only alerts asks who is at a screen; rules that block go on blocking."""


def key_of(value: Any) -> str:
    """Return an external id as Salesforce compares it: without regard to case."""
    return "" if value is None else str(value).strip().casefold()


def upsert(session: Session, object: str, batch: Batch) -> None:
    """Write the rows that wait, request by request; those of one parent together: they lock it."""
    waiting = sorted(batch.open(), key=lambda each: str(each.row.get("ParentId") or ""))
    for start in range(0, len(waiting), COLLECTION):
        for numbered, result in _written(
            session, object, batch.match_key, waiting[start : start + COLLECTION]
        ):
            batch.settle(numbered, result)


def _written(
    session: Session, object: str, match_key: str, rows: Sequence[Numbered]
) -> Iterator[tuple[Numbered, RowResult]]:
    try:
        answer = session.send(_call(object, match_key, rows)).json()
    except RowRejected as error:
        # One row that cannot even be read makes Salesforce refuse the request as a whole.
        if len(rows) == 1:
            yield rows[0], RowResult(error=error)
            return
        half = len(rows) // 2
        yield from _written(session, object, match_key, rows[:half])
        yield from _written(session, object, match_key, rows[half:])
        return
    if not isinstance(answer, list) or len(answer) != len(rows):
        raise not_whole(str(answer))
    for numbered, told in zip(rows, answer, strict=True):
        yield numbered, result(told, object)


def _call(object: str, match_key: str, rows: Sequence[Numbered]) -> Call:
    path = f"composite/sobjects/{named(object)}/{named(match_key)}"
    records = [
        {
            "attributes": {"type": object},
            **{named(name): to_json(value) for name, value in each.row.items()},
        }
        for each in rows
    ]
    if match_key == "Id":  # an update: by this path, an id that is not there would create a record
        path = "composite/sobjects"
    body = {"allOrNone": False, "records": records}
    return Call("PATCH", path, json=body, headers=_PAST_ALERTS, object=object)


def result(told: Mapping[str, Any], object: str) -> RowResult:
    """Return what Salesforce tells of one row.

    Raises:
        ConfigBroken: a field is gone, which is wrong for all rows.
    """
    if told.get("success"):
        return RowResult(id=str(told["id"]), created=told.get("created"))
    return failed([refusal(each) for each in told.get("errors") or ()], object)


def failed(found: Sequence[Refusal], object: str) -> RowResult:
    """Return the result of a row with these errors."""
    for each in found:
        if each.code == "INVALID_FIELD":
            raise refused_field(each, object)
    return RowResult(error=row_rejected(found), retry=may_pass_later(found))
