"""Waiting for another system while somebody looks at a page: few at a time, none for a slow one.

A request that waits holds a thread of the web, of which there are few: were they all to wait for
one slow system, nobody could work at all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from crmapp.connectors.errors import Retryable, Unreachable
from crmapp.i18n import N_

AT_ONCE = 2
"""So many requests of a web process wait for other systems at a time."""
REST = 30.0
"""Seconds for which a system that did not answer is left alone."""


class Busy(Retryable):
    """The same is asked for already, or too much else; nothing was sent."""

    default = N_("Salesforce is being asked already. Press Refresh again in a moment.")


class Turns:
    """Who may wait in this process; ``turn`` is entered around what may take long."""

    def __init__(self, at_once: int = AT_ONCE, rest: float = REST) -> None:
        self._at_once, self._rest = at_once, rest
        self._lock = threading.Lock()
        self._waiting: set[Hashable] = set()
        self._slow: tuple[float, Unreachable] | None = None

    @contextmanager
    def turn(self, key: Hashable) -> Iterator[None]:
        """Wait for what ``key`` names.

        Raises:
            Busy: somebody waits for the same, or all turns are taken.
            Unreachable: the system did not answer a moment ago.
        """
        self._take(key)
        try:
            yield
        except Unreachable as error:
            with self._lock:
                self._slow = time.monotonic() + self._rest, error
            raise
        finally:
            with self._lock:
                self._waiting.discard(key)

    def forget(self) -> None:
        """Ask again also what did not answer a moment ago."""
        with self._lock:
            self._slow = None

    def _take(self, key: Hashable) -> None:
        with self._lock:
            if self._slow is not None and time.monotonic() < self._slow[0]:
                error = self._slow[1]
                raise type(error)(error.message, remote=error.remote)
            if key in self._waiting or len(self._waiting) >= self._at_once:
                raise Busy
            self._waiting.add(key)
