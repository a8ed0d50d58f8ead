"""What was found before, by all that decides it: the last of it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Found = TypeVar("Found")


class Memory(Generic[Found]):
    """Holds what was asked for last, ``most`` things; safe to share between threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[Hashable, Found] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Found | None:
        found = self._found.get(key)
        if found is not None and len(self._found) > self._most // 2:  # else none will soon go
            with self._lock:
                if key in self._found:
                    self._found.move_to_end(key)
        return found

    def keep(self, key: Hashable, found: Found) -> None:
        with self._lock:
            self._found[key] = found
            while len(self._found) > self._most:
                self._found.popitem(last=False)

    def of(self, key: Hashable, find: Callable[[], Found]) -> Found:
        """Return what is kept under ``key``, else what ``find`` returns, and keep that."""
        found = self.get(key)
        if found is None:
            found = find()
            self.keep(key, found)
        return found
