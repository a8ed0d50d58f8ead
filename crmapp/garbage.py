"""Python's search for garbage, where it would look through many rows and find nothing."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Spare a chunk the search for garbage in its many rows, which all live until its end.

    They hold no cycles, so memory is given back all the same when the chunk is done.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
