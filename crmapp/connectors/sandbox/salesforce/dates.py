"""The date literals of SOQL as spans of days, in the org's time zone, which is GMT."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

Span = tuple[date, date]  # the first day, and the first day after
_DAY = timedelta(days=1)


def span(literal: str, today: date) -> Span | None:
    """Return the days that ``literal`` means; None if it is no date literal."""
    word, _, count = literal.upper().partition(":")
    if not count:
        named = _NAMED.get(word)
        return named(today) if named else None
    counted = _COUNTED.get(word)
    return counted(today, int(count)) if counted else None


def _day(today: date, plus: int) -> Span:
    return today + plus * _DAY, today + (plus + 1) * _DAY


def _week(today: date, plus: int) -> Span:
    sunday = today - _DAY * (today.isoweekday() % 7)
    return sunday + plus * 7 * _DAY, sunday + (plus + 1) * 7 * _DAY


def _months(today: date, first: int, count: int) -> Span:
    """Return ``count`` months from the ``first`` of the year of ``today`` (1 is January)."""
    return _month(today.year, first), _month(today.year, first + count)


def _month(year: int, month: int) -> date:
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def _quarter_begins(today: date) -> int:
    return (today.month - 1) // 3 * 3 + 1


_NAMED: dict[str, Callable[[date], Span]] = {
    "YESTERDAY": lambda today: _day(today, -1),
    "TODAY": lambda today: _day(today, 0),
    "TOMORROW": lambda today: _day(today, 1),
    "LAST_WEEK": lambda today: _week(today, -1),
    "THIS_WEEK": lambda today: _week(today, 0),
    "NEXT_WEEK": lambda today: _week(today, 1),
    "LAST_MONTH": lambda today: _months(today, today.month - 1, 1),
    "THIS_MONTH": lambda today: _months(today, today.month, 1),
    "NEXT_MONTH": lambda today: _months(today, today.month + 1, 1),
    "LAST_90_DAYS": lambda today: (today - 90 * _DAY, today + _DAY),
    "NEXT_90_DAYS": lambda today: (today + _DAY, today + 91 * _DAY),
    "LAST_QUARTER": lambda today: _months(today, _quarter_begins(today) - 3, 3),
    "THIS_QUARTER": lambda today: _months(today, _quarter_begins(today), 3),
    "NEXT_QUARTER": lambda today: _months(today, _quarter_begins(today) + 3, 3),
    "LAST_YEAR": lambda today: _months(today, -11, 12),
    "THIS_YEAR": lambda today: _months(today, 1, 12),
    "NEXT_YEAR": lambda today: _months(today, 13, 12),
}
# The org's fiscal year is that of the calendar, as a new org's is.
_NAMED |= {
    f"{when}_FISCAL_{part}": _NAMED[f"{when}_{part}"]
    for when in ("LAST", "THIS", "NEXT")
    for part in ("QUARTER", "YEAR")
}
_COUNTED: dict[str, Callable[[date, int], Span]] = {
    "LAST_N_DAYS": lambda today, n: (today - n * _DAY, today + _DAY),
    "NEXT_N_DAYS": lambda today, n: (today + _DAY, today + (n + 1) * _DAY),
    "N_DAYS_AGO": lambda today, n: _day(today, -n),
    "LAST_N_WEEKS": lambda today, n: (_week(today, -n)[0], _week(today, -1)[1]),
    "NEXT_N_WEEKS": lambda today, n: (_week(today, 1)[0], _week(today, n)[1]),
    "N_WEEKS_AGO": lambda today, n: _week(today, -n),
    "LAST_N_MONTHS": lambda today, n: _months(today, today.month - n, n),
    "NEXT_N_MONTHS": lambda today, n: _months(today, today.month + 1, n),
    "N_MONTHS_AGO": lambda today, n: _months(today, today.month - n, 1),
    "LAST_N_QUARTERS": lambda today, n: _months(today, _quarter_begins(today) - 3 * n, 3 * n),
    "NEXT_N_QUARTERS": lambda today, n: _months(today, _quarter_begins(today) + 3, 3 * n),
    "LAST_N_YEARS": lambda today, n: _months(today, 1 - 12 * n, 12 * n),
    "NEXT_N_YEARS": lambda today, n: _months(today, 13, 12 * n),
    "N_YEARS_AGO": lambda today, n: _months(today, 1 - 12 * n, 12),
}
