"""Writing to Salesforce by external id, in requests of up to 200 rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmapp.connectors.answers import not_whole
from crmapp.connectors.errors import RowRejected
from crmapp.connectors.port import Record, RowResult
from crmapp.connectors.salesforce.refusals import (
    Refusal,
    may_pass_later,
    refusal,
    refused_field,
    row_rejected,
)
from crmapp.connectors.salesforce.session import Call, Session
from crmapp.connectors.salesforce.values import named, to_json
from crmapp.i18n import N_, Text

COLLECTION = 200
"""Rows in one request: the most that Salesforce takes."""


@dataclass(frozen=True)
class Numbered:
    """A row and its place among the rows that were given."""

    number: int
    row: Record


class Batch:
    """The rows of one upsert, and what became of each so far."""

    def __init__(self, match_key: str, rows: Sequence[Record]) -> None:
        self.match_key = match_key
        self._rows = rows
        self._results: dict[int, RowResult] = {}
        self._reject_what_cannot_be_matched()

    def open(self) -> list[Numbered]:
        """Return the rows that wait, those of one parent together: they lock it."""
        waiting = [
            Numbered(number, row)
            for number, row in enumerate(self._rows)
            if number not in self._results
        ]
        return sorted(waiting, key=lambda each: str(each.row.get("ParentId") or ""))

    def settle(self, numbered: Numbered, result: RowResult) -> None:
        self._results[numbered.number] = result

    def results(self) -> list[RowResult]:
        """Return the results in the order of the rows."""
        return [self._results[number] for number in range(len(self._rows))]

    def _reject_what_cannot_be_matched(self) -> None:
        keys = [key_of(row.get(self.match_key)) for row in self._rows]
        times = Counter(keys)
        for number, key in enumerate(keys):
            if not key:
                self._results[number] = RowResult(error=_without_key(self.match_key))
            elif times[key] > 1:
                self._results[number] = RowResult(
                    error=_several(self.match_key, str(self._rows[number][self.match_key]))
                )


def key_of(value: Any) -> str:
    """Return an external id as Salesforce compares it: without regard to case."""
    return "" if value is None else str(value).strip().casefold()


def _without_key(match_key: str) -> RowRejected:
    return RowRejected(
        Text(
            N_("%(field)s is empty, so that the record cannot be found again. Fill it in."),
            {"field": match_key},
        ),
        code="MISSING_MATCH_KEY",
        fields=(match_key,),
    )


def _several(match_key: str, value: str) -> RowRejected:
    return RowRejected(
        Text(
            N_("Several rows have %(value)s as %(field)s. Only one of them can be right."),
            {"value": value, "field": match_key},
        ),
        code="DUPLICATE_MATCH_KEY",
        fields=(match_key,),
    )


def upsert(session: Session, object: str, batch: Batch) -> None:
    """Write the rows that wait, request by request."""
    waiting = batch.open()
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
    return Call("PATCH", path, json={"allOrNone": False, "records": records}, object=object)


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


def columns(rows: Iterable[Numbered]) -> list[str]:
    """Return the fields that occur in ``rows``, in the order of their first occurrence."""
    return list(dict.fromkeys(named(name) for each in rows for name in each.row))
