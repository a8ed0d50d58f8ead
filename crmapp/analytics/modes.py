"""The ways a grid lays out its measures: which columns each has, and the days that they cover."""

from __future__ import annotations

from crmapp.analytics.ranges import Calendar, most_months
from crmapp.domain.periods import MONTHS, Period, months_in, rolling_year

MODES = ("months", "moving", "summary", "total", "variance", "share", "matrix")
"""``months``: a column per month and their total. ``moving``: per month, the twelve that end with
it, the latest first. ``summary``: the period against the year before. ``total``: one column.
``variance``: against any other period. ``share``: of the total, and added up from the largest on.
``matrix``: by the entities of another dimension, the largest first.
"""
OF_ONE_MEASURE = ("months", "moving", "share", "matrix")
MOST_MONTHS = 36
COMPARED = ("current", "previous", "variance", "percent")
SHARES = ("total", "share", "cumulative", "class")
_OF_ALL_TIME = ("total", "share", "matrix")


def usual(period: str) -> str:
    """The mode that a period has where none is asked for."""
    return {"months": "months", "total": "total"}.get(period, "summary")


def fits(mode: str, period: str) -> bool:
    """Whether a period can be shown in a mode: all time has no year before, nor months."""
    months = most_months(period)
    if months is None:
        return mode in _OF_ALL_TIME
    return mode not in ("months", "moving") or months <= MOST_MONTHS


def keys(mode: str, period: str, across: int) -> tuple[str, ...]:
    """The columns that one measure can have: ``m1`` … ``m12`` and ``total``; and so on.

    The year to date may have fewer months, and a matrix fewer entities; in a matrix, ``across`` is
    their number.
    """
    months = most_months(period) or MONTHS
    if mode == "months":
        return (*(f"m{n}" for n in range(1, months + 1)), "total")
    if mode == "moving":
        return tuple(f"r{n}" for n in range(1, months + 1))
    if mode == "matrix":
        return (*(f"c{n}" for n in range(1, across + 1)), "other", "total")
    return {"share": SHARES, "total": ("total",)}.get(mode, COMPARED)


def main(mode: str) -> str:
    """The column that a grid is sorted by where no other is asked for."""
    own = {"moving": "r1", "summary": "current", "variance": "variance"}
    return own.get(mode, "total")


def spans(mode: str, period: str, against: str, calendar: Calendar) -> dict[str, Period | None]:
    """The days of every column that facts are added up for; None is all time."""
    whole = calendar.span(period)
    if mode in ("summary", "variance"):
        return {"current": whole, "previous": calendar.compared(period, against)}
    if whole is None or mode not in ("months", "moving"):
        return {"total": whole}
    months = months_in(whole)
    if mode == "months":
        return {**{f"m{n}": month for n, month in enumerate(months, start=1)}, "total": whole}
    return {f"r{n}": rolling_year(month) for n, month in enumerate(reversed(months), start=1)}
