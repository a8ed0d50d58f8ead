"""Give up a database that does not answer: a thread looks at the clock while another one waits."""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import inf
from typing import Any, Self

import psycopg

_TICK = 1.0  # seconds between two looks


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Patience:
    """How long to wait: seconds without a row, seconds in all, and what else says to stop.

    ``stop`` is called about every second, in a thread that has no session.
    """

    silence: float = 20.0
    whole: float = 60.0
    stop: Callable[[], bool] = _never


LONG = Patience(1800.0, inf)
"""For what nobody looks at a page for."""


class Watch:
    """Interrupts the connection that it was given once patience is over; ``late`` says that it is.

    Another thread's wait ends with an error of the driver then.
    """

    def __init__(self, patience: Patience) -> None:
        self.late = False
        self._patience = patience
        self._connection: Any = None
        self._began = self._heard = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    @property
    def seconds(self) -> int:
        """How long it has waited."""
        return round(time.monotonic() - self._began)

    def over(self, connection: Any) -> None:
        """Watch over this connection of a driver."""
        self._connection = connection

    def heard(self) -> None:
        """Something has come."""
        self._heard = time.monotonic()

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Wait for nothing: whoever asked is busy with what came."""
        waited = time.monotonic() - self._began
        self._heard = self._began = inf
        try:
            yield
        finally:
            self._heard = time.monotonic()
            self._began = self._heard - waited

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        times = 0
        while not self._over.wait(min(_TICK, self._patience.silence)):
            now = time.monotonic()
            self.late = self.late or (
                now - self._heard > self._patience.silence
                or now - self._began > self._patience.whole
            )
            if self._connection is not None and (self.late or self._patience.stop()):
                with suppress(OSError, sqlite3.Error, psycopg.Error):
                    _interrupt(self._connection, times)
                times += 1


def _interrupt(connection: Any, times: int) -> None:
    """End what the connection waits for; of other drivers their own time-outs must do."""
    if isinstance(connection, sqlite3.Connection):
        connection.interrupt()
    elif isinstance(connection, psycopg.Connection):
        if not times:
            connection.cancel_safe(timeout=3)
            return
        with socket.socket(fileno=os.dup(connection.fileno())) as line:  # it does not even hear
            line.shutdown(socket.SHUT_RDWR)
