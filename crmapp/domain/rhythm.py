"""The order rhythm of a customer: how many days lie between orders, and when one is missed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from statistics import median

FEWEST = 3
"""So many days with orders make a rhythm; two have one gap, which may be chance."""
QUIET, A_YEAR = 90, 365
"""After so many days without an order something may be lost: with a rhythm, and without one."""


@dataclass(frozen=True)
class Rhythm:
    """When a customer orders: ``last`` and, if there were enough orders, the usual gap in days.

    ``overdue`` is by how many days the next order is late; 0 if it is not.
    """

    last: date | None = None
    gap: int | None = None
    overdue: int = 0


def rhythm(days: Iterable[date], today: date) -> Rhythm:
    """Read the rhythm off the days on which there were orders, as of ``today``."""
    ordered = sorted(set(days))
    if len(ordered) < FEWEST:
        return Rhythm(ordered[-1] if ordered else None)
    gap = round(median((after - before).days for before, after in pairwise(ordered)))
    return Rhythm(ordered[-1], gap, max(0, (today - ordered[-1]).days - gap))


def is_lost(habit: Rhythm, today: date) -> bool:
    """Whether what was ordered in this rhythm is no longer: two usual gaps went by, or a year."""
    if habit.last is None:
        return False
    patience = A_YEAR if habit.gap is None else max(QUIET, 2 * habit.gap)
    return (today - habit.last).days > patience
