"""How hard bulk work may push: on SQLite it yields to people who are using the web."""

from __future__ import annotations

import time

from crmapp.config import settings
from crmapp.db.bulk import dialect

_FULL = 2500  # more take more memory, and no less time
_GENTLE = 500
_FRESH = 3.0  # seconds since the web last served somebody
_BREATH = 0.02


def people_are_here() -> bool:
    """Say whether the web served a request in the last moments."""
    try:
        touched = settings().serving_file.stat().st_mtime
    except FileNotFoundError:
        return False
    return abs(time.time() - touched) < _FRESH


def chunk_size() -> int:
    """Return how many rows to write in one transaction now."""
    return _GENTLE if dialect() == "sqlite" and people_are_here() else _FULL


def breathe(held: float) -> None:
    """After a chunk that held SQLite's write lock for ``held`` seconds, let the web have it."""
    if dialect() == "sqlite" and people_are_here():
        time.sleep(max(held, _BREATH))
