"""Rows of a plan written in another system: sent by their key, and what it said of each."""

from __future__ import annotations

from collections.abc import Sequence

from crmapp.connectors.port import Connector, Record, RowResult
from crmapp.domain.plan import Planned, PlanRow

_AGAIN = 3
"""So often a row is sent in all that the other system had locked."""


def upserted(
    connector: Connector, object_: str, match: str, sent: Sequence[Record]
) -> list[RowResult]:
    """Send records, as many at a time as the system takes; those that were locked, once more."""
    results = _sent(connector, object_, match, sent)
    for _turn in range(_AGAIN - 1):
        again = [n for n, each in enumerate(results) if each.error and each.retry]
        if not again:
            break
        told = _sent(connector, object_, match, [sent[n] for n in again])
        for n, result in zip(again, told, strict=True):
            results[n] = result
    return results


def _sent(
    connector: Connector, object_: str, match: str, sent: Sequence[Record]
) -> list[RowResult]:
    size = connector.capabilities.max_batch
    starts = range(0, len(sent), size)
    return [
        result
        for start in starts
        for result in connector.upsert(object_, match, sent[start : start + size])
    ]


def outcome(row: PlanRow, result: RowResult) -> str:
    """Return what became of a row, as receipts count it."""
    if result.error is not None:
        return "rejected"
    created = row.action is Planned.CREATE if result.created is None else result.created
    return "created" if created else "updated"
