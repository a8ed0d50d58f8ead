"""The words that a question has for its days, and the days that they mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from crmapp.domain.periods import (
    Period,
    just_before,
    last_months,
    month_number,
    year_before,
    year_to_date,
)

LAST_MONTHS = {"months": 12, "quarter": 3, "month": 1}
RANGES = ("months", "ytd", "total", "month", "quarter", "year")
"""Periods that move with the calendar: the last twelve months, the year to date, all time, the last
month, the last three, the last calendar year. Any two days are one too: ``2026-01-05..2026-03-31``.
"""
COMPARABLE = tuple(name for name in RANGES if name != "total")
AGAINST = ("year_before", "just_before")
"""What a period stands against: itself a year earlier, the same length before it; or any period."""

_DAYS = re.compile(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)")
_FIRST_YEAR, _LAST_YEAR = 1900, 2199


@dataclass(frozen=True)
class Calendar:
    """The days a snapshot's periods are counted from: when it was built, where its facts end."""

    today: date
    through: date

    def span(self, words: str) -> Period | None:
        """The days that a period's words mean; None is all time."""
        if words == "total":
            return None
        if words == "ytd":
            return year_to_date(self.through)[0]
        if words == "year":
            return Period("", date(self.today.year - 1, 1, 1), date(self.today.year - 1, 12, 31))
        if words in LAST_MONTHS:
            return last_months(self.today, LAST_MONTHS[words])
        return days_of(words)

    def compared(self, words: str, against: str) -> Period | None:
        """The days that a period stands against."""
        if against not in AGAINST:
            return self.span(against)
        if words == "ytd" and against == "year_before":
            return year_to_date(self.through)[1]
        span = self.span(words)
        if span is None:
            return None
        return year_before(span) if against == "year_before" else just_before(span)


def days_of(words: str) -> Period | None:
    """The days that are written out: ``2026-01-05..2026-03-31``; None if they are not."""
    found = _DAYS.fullmatch(words)
    if found is None:
        return None
    try:
        start, end = map(date.fromisoformat, found.groups())
    except ValueError:
        return None
    known = start.year >= _FIRST_YEAR and end.year <= _LAST_YEAR
    return Period("", start, end) if known and start <= end else None


def most_months(words: str) -> int | None:
    """How many calendar months a period touches at most; None for all time."""
    span = days_of(words)
    if span is not None:
        return month_number(span.end) - month_number(span.start) + 1
    return None if words == "total" else LAST_MONTHS.get(words, 12)
