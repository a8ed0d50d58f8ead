"""The rows of one upsert, whoever writes them, and what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from crmapp.connectors.errors import RowRejected
from crmapp.connectors.port import Record, RowResult
from crmapp.i18n import N_, Text


@dataclass(frozen=True)
class Numbered:
    """A row and its place among the rows that were given."""

    number: int
    row: Record


def names_of(rows: Iterable[Numbered]) -> list[str]:
    """Return the fields that occur in ``rows``, in the order of their first occurrence."""
    return list(dict.fromkeys(name for each in rows for name in each.row))


class Batch:
    """The rows of one upsert, and what became of each so far."""

    def __init__(
        self, match_key: str, rows: Sequence[Record], key_of: Callable[[Any], str]
    ) -> None:
        self.match_key = match_key
        self.key_of = key_of
        self._rows = rows
        self._results: dict[int, RowResult] = {}
        self._reject_what_cannot_be_matched()

    def open(self) -> list[Numbered]:
        """Return the rows that wait."""
        return [
            Numbered(number, row)
            for number, row in enumerate(self._rows)
            if number not in self._results
        ]

    def settle(self, numbered: Numbered, result: RowResult) -> None:
        self._results[numbered.number] = result

    def results(self) -> list[RowResult]:
        """Return the results in the order of the rows."""
        return [self._results[number] for number in range(len(self._rows))]

    def _reject_what_cannot_be_matched(self) -> None:
        keys = [self.key_of(row.get(self.match_key)) for row in self._rows]
        times = Counter(keys)
        for number, key in enumerate(keys):
            if not key:
                self._results[number] = RowResult(error=_without_key(self.match_key))
            elif times[key] > 1:
                self._results[number] = RowResult(
                    error=_several(self.match_key, str(self._rows[number][self.match_key]))
                )


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
