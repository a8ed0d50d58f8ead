"""The datasets of this installation: their files, their snapshots and who answers questions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from crmapp.analytics import dataset as files
from crmapp.analytics import snapshots
from crmapp.analytics.dataset import Dataset
from crmapp.analytics.engine import Engine
from crmapp.analytics.engines.duckdb import DuckDBEngine
from crmapp.analytics.snapshots import Snapshot
from crmapp.config import settings
from crmapp.db import session, utcnow
from crmapp.domain.runs import ENDED
from crmapp.errors import DatasetError, NotFound
from crmapp.i18n import N_, Text
from crmapp.models import Run

_OPEN_AT_MOST = 4
_open: OrderedDict[Path, Engine] = OrderedDict()
_opening = threading.Lock()


@dataclass(frozen=True)
class Listed:
    """A dataset file: what it says, or why it cannot be used; and its current snapshot."""

    name: str
    dataset: Dataset | None
    problem: DatasetError | None
    snapshot: str | None


def listed() -> list[Listed]:
    """Every dataset file of the installation, also those that cannot be used."""
    found = []
    for path in sorted(settings().datasets_dir.glob("*.yml")):
        dataset = problem = None
        try:
            dataset = files.load(path)
        except DatasetError as error:
            problem = error
        found.append(Listed(path.stem, dataset, problem, snapshots.current(_directory(path.stem))))
    return found


def get(name: str) -> Dataset:
    """Read a dataset's file as it is now; questions go by the one that was refreshed last.

    Raises:
        NotFound: there is no such dataset.
        DatasetError: its file cannot be used; the message names file and line.
    """
    return files.load(_file(name))


def check(path: Path) -> Dataset:
    """Read a dataset file and compare it with its tables.

    Raises:
        DatasetError: the message names file and line.
    """
    dataset = files.load(path)
    snapshots.check(dataset, path.parent)
    return dataset


def refresh(name: str, clock: Callable[[], datetime] = utcnow) -> Snapshot:
    """Build the next snapshot of a dataset; readers see it from their next question on.

    Snapshots that unfinished runs read stay.

    Raises:
        NotFound: there is no such dataset.
        DatasetError: file or tables cannot be used; the current snapshot stays.
    """
    path = _file(name)
    snapshot = snapshots.refresh(files.load(path), path.parent, _directory(name), clock())
    snapshots.prune(_directory(name), keep=_pinned())
    return snapshot


def engine_for(name: str, snapshot: str | None = None) -> Engine:
    """Whoever answers questions about a dataset: its newest snapshot, or the one that is named.

    Raises:
        NotFound: there is no such dataset or snapshot.
        DatasetError: it has not been loaded yet.
    """
    if snapshot is not None:
        return _opened(_snapshot(name, snapshot))
    with suppress(NotFound):  # pruned between the two steps; the pointer has moved on
        return _opened(_newest(name))
    return _opened(_newest(name))


def _newest(name: str) -> Path:
    current = snapshots.current(_directory(name))
    if current is None:
        _file(name)
        raise DatasetError(
            Text(
                N_("%(name)s has not been loaded yet. An operator loads it: %(command)s."),
                {"name": name, "command": f"crmapp datasets refresh {name}"},
            )
        )
    return _snapshot(name, current)


def _snapshot(name: str, snapshot: str) -> Path:
    return snapshots.path_of(_directory(name), snapshot)


def _opened(path: Path) -> Engine:
    """Open a snapshot once per process; the few that were used last stay open."""
    with _opening:
        if path not in _open:
            _open[path] = DuckDBEngine(path)
        _open.move_to_end(path)
        while len(_open) > _OPEN_AT_MOST:
            _open.popitem(last=False)
        return _open[path]


def _file(name: str) -> Path:
    path = settings().datasets_dir / f"{name}.yml"
    if not files.NAME.fullmatch(name) or not path.is_file():
        raise NotFound(Text(N_("There is no database %(name)s."), {"name": name}))
    return path


def _directory(name: str) -> Path:
    if not files.NAME.fullmatch(name):
        raise NotFound(Text(N_("There is no database %(name)s."), {"name": name}))
    return settings().snapshots_dir / name


def _pinned() -> set[str]:
    query = select(Run.source).where(Run.status.not_in(ENDED))
    return {source["snapshot"] for source in session.scalars(query) if source.get("snapshot")}
