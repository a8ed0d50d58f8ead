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


def last_months(today: date, count: int) -> Period:
    """The last ``count`` full months before the month of ``today``, as one period."""
    return span(rolling_months(today, count), "")


def months_in(period: Period) -> tuple[Period, ...]:
    """The months of a period, oldest first; the first and the last may be cut short."""
    found = (
        month(number, "")
        for number in range(month_number(period.start), month_number(period.end) + 1)
    )
    return tuple(
        Period("", max(one.start, period.start), min(one.end, period.end)) for one in found
    )


def rolling_year(period: Period) -> Period:
    """The twelve whole months that end with the month in which ``period`` ends."""
    last = month_number(period.end)
    return span((month(last - MONTHS + 1, ""), month(last, "")), "")


def is_whole_months(period: Period) -> bool:
    """Whether a period begins with the first day of a month and ends with the last of one."""
    return period.start.day == 1 and (period.end + timedelta(days=1)).day == 1


def year_before(period: Period) -> Period:
    """The same days a year earlier; whole months stay whole, 29 February becomes the 28th."""
    return _moved(period, MONTHS)


def just_before(period: Period) -> Period:
    """What ends where a period begins and is as long: in months if it is of whole months."""
    if is_whole_months(period):
        return _moved(period, month_number(period.end) - month_number(period.start) + 1)
    end = period.start - timedelta(days=1)
    return Period(period.key, end - (period.end - period.start), end)


def _moved(period: Period, months: int) -> Period:
    """A period some months earlier."""
    end = add_months(period.end, -months)
    if is_whole_months(period):
        end = month(month_number(end), "").end
    return Period(period.key, add_months(period.start, -months), end)


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
