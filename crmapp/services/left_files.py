"""Delete what processes that were killed left half written in the folders of runs."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from crmapp.config import settings
from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.runs import ENDED
from crmapp.models import Run

_DAY = 24 * 3600
"""Seconds: so old has what was left to be, and so often the folders are looked through."""
_HALF_WRITTEN = ("*.tmp", "rows-*")
_LOOKED = "looked-through"
"""An empty file of which the time says when that was done."""
_BATCH = 500


def delete_old() -> int:
    """Delete what is older than a day of runs that have ended; return how much that was.

    Asked every few seconds, it looks at the clock, and once a day at the folders.
    """
    mark = settings().artefacts_dir / _LOOKED
    if _age(mark) < _DAY:
        return 0
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    left = list(_left())
    ended = _ended({run_id for run_id, _path in left})
    gone = [path for run_id, path in left if run_id in ended]
    for path in gone:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(gone)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _left() -> Iterator[tuple[int, Path]]:
    """Yield what nobody has written to for a day, with the run that it is of."""
    for folder in settings().artefacts_dir.glob("run-*"):
        number = folder.name.removeprefix("run-")
        for pattern in _HALF_WRITTEN if number.isdecimal() else ():
            for path in folder.glob(pattern):
                if _DAY < _age(path) < float("inf"):
                    yield int(number), path


def _ended(ids: set[int]) -> set[int]:
    """Return those of the runs that have ended or are gone."""
    ended = set(ids)
    asked = sorted(ids)
    for first in range(0, len(asked), _BATCH):
        some = is_one_of(Run.id, asked[first : first + _BATCH])
        ended -= set(session.scalars(select(Run.id).where(some, Run.status.not_in(ENDED))))
    session.rollback()
    return ended
