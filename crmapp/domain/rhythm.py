"""The order rhythm of a customer: how many days lie between orders, and whether one is overdue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from statistics import median

FEWEST = 3
"""So many days with orders make a rhythm; two have one gap, which may be chance."""


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
