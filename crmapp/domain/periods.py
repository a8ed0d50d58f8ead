"""Stretches of days that questions are asked about: months, rolling twelve, year to date.

Everything is counted from days that the caller passes in; nothing here reads a clock.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

MONTHS = 12


@dataclass(frozen=True)
class Period:
    """The days from ``start`` to ``end``, both included; ``key`` names it among its neighbours."""

    key: str
    start: date
    end: date


def month_number(day: date) -> int:
    """Count months from year 0, so that neighbours differ by one."""
    return day.year * 12 + day.month - 1


def month(number: int, key: str) -> Period:
    """The whole month that :func:`month_number` counts as ``number``."""
    year, index = divmod(number, 12)
    last = monthrange(year, index + 1)[1]
    return Period(key, date(year, index + 1, 1), date(year, index + 1, last))


def add_months(day: date, months: int) -> date:
    """Move a day by whole months; the 31st becomes the last day of a shorter month."""
    target = month(month_number(day) + months, "")
    return target.start.replace(day=min(day.day, target.end.day))


def rolling_months(today: date, count: int = MONTHS) -> tuple[Period, ...]:
    """The last ``count`` full months before the month of ``today``, oldest first: m1, m2, …"""
    last = month_number(today) - 1
    return tuple(month(last - count + n, f"m{n}") for n in range(1, count + 1))


def span(periods: tuple[Period, ...], key: str) -> Period:
    """From the first day of the first period to the last day of the last."""
    return Period(key, periods[0].start, periods[-1].end)


def year_to_date(through: date) -> tuple[Period, Period]:
    """The year up to ``through``, and last year up to the same date (28 February for the 29th)."""
    current = Period("current", date(through.year, 1, 1), through)
    before = add_months(through, -MONTHS)
    return current, Period("previous", date(before.year, 1, 1), before)


def last_full_month(day: date) -> int:
    """The number of the last month that is complete when ``day`` is over."""
    complete = (day + timedelta(days=1)).month != day.month
    return month_number(day) - (not complete)


def months_to_last(data_ends: date, today: date) -> int:
    """How many months to move data so that its last full month is the month before ``today``'s."""
    return month_number(today) - 1 - last_full_month(data_ends)
