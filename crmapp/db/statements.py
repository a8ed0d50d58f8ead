"""Statements that are made once: to make one often takes longer than to carry it out."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from sqlalchemy import CompoundSelect, Select

Query = Select[*tuple[Any, ...]]
Statement = Query | CompoundSelect[*tuple[Any, ...]]


class Statements:
    """Keeps the ``most`` statements that were asked for last, each under all that decides it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: OrderedDict[Hashable, Statement] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, key: Hashable, make: Callable[[], Statement]) -> Statement:
        """Return what was made for ``key`` before, else what ``make`` returns."""
        query = self._made.get(key)
        if query is None:
            query = make()
            with self._lock:
                self._made[key] = query
                while len(self._made) > self._most:
                    self._made.popitem(last=False)
        return query
