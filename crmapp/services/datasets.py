"""The datasets of this installation: their files, their snapshots and who answers questions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
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
from crmapp.models import Run, StoredDataset

_OPEN_AT_MOST = 4
_open: OrderedDict[Path, Engine] = OrderedDict()
_opening = threading.Lock()


@dataclass(frozen=True)
class Listed:
    """A dataset: what it says, or why it cannot be used; and its current snapshot.

    ``stored`` is the id of one that was made in the browser; the others are files.
    """

    name: str
    dataset: Dataset | None
    problem: DatasetError | None
    snapshot: str | None
    stored: int | None = None


def listed() -> list[Listed]:
    """Every dataset of the installation, also those that cannot be used."""
    found = []
    for path in sorted(settings().datasets_dir.glob("*.yml")):
        dataset = problem = None
        try:
            dataset = files.load(path)
        except DatasetError as error:
            problem = error
        found.append(
            Listed(path.stem, dataset, problem, snapshots.current(directory_of(path.stem)))
        )
    return [*found, *map(_listed, _stored())]


def _listed(stored: StoredDataset) -> Listed:
    name = str(stored.name)
    dataset = problem = None
    try:
        dataset = files.parse(stored.text, f"{name}.yml")
    except DatasetError as error:
        problem = error
    return Listed(name, dataset, problem, snapshots.current(directory_of(name)), stored.id)


def _stored(name: str | None = None) -> Sequence[StoredDataset]:
    """The datasets that were made in the browser and are in use: all, or the one of a name."""
    query = select(StoredDataset).where(StoredDataset.state == StoredDataset.LIVE)
    if name is not None:
        query = query.where(StoredDataset.name == name)
    return session.scalars(query.order_by(StoredDataset.name)).all()


def is_taken(name: str) -> bool:
    """Whether a dataset has this name, in use or retired."""
    query = select(StoredDataset.id).where(StoredDataset.name == name)
    return _path(name).is_file() or session.scalar(query) is not None


def get(name: str) -> Dataset:
    """Read a dataset's file as it is now; questions go by the one that was refreshed last.

    Raises:
        NotFound: there is no such dataset.
        DatasetError: its file cannot be used; the message names file and line.
    """
    if (path := _path(name)).is_file():
        return files.load(path)
    if stored := _stored(name):
        return files.parse(stored[0].text, f"{name}.yml")
    raise _none(name)


def check(path: Path) -> Dataset:
    """Read a dataset file and compare it with its tables.

    Raises:
        DatasetError: the message names file and line.
    """
    dataset = files.load(path)
    snapshots.check(dataset, path.parent)
    return dataset


def refresh(name: str, clock: Callable[[], datetime] = utcnow) -> Snapshot:
    """Build the next snapshot of a dataset file; readers see it from their next question on.

    Snapshots that unfinished runs read stay. One that was made in the browser is refreshed by a
    run: :mod:`crmapp.services.dataset_refresh`.

    Raises:
        NotFound: there is no such dataset.
        DatasetError: file or tables cannot be used; the current snapshot stays.
    """
    path = _file(name)
    snapshot = snapshots.refresh(files.load(path), path.parent, directory_of(name), clock())
    prune(name)
    return snapshot


def prune(name: str) -> None:
    """Remove the old snapshots of a dataset that no unfinished run reads."""
    snapshots.prune(directory_of(name), keep=_pinned())


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
    current = snapshots.current(directory_of(name))
    if current is None:
        if _stored(name) and not _path(name).is_file():
            raise DatasetError(
                Text(N_("%(name)s is being loaded. Try again in a moment."), {"name": name})
            )
        _file(name)
        raise DatasetError(
            Text(
                N_("%(name)s has not been loaded yet. An operator loads it: %(command)s."),
                {"name": name, "command": f"crmapp datasets refresh {name}"},
            )
        )
    return _snapshot(name, current)


def _snapshot(name: str, snapshot: str) -> Path:
    return snapshots.path_of(directory_of(name), snapshot)


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
    path = _path(name)
    if not path.is_file():
        raise _none(name)
    return path


def _path(name: str) -> Path:
    if not files.NAME.fullmatch(name):
        raise _none(name)
    return settings().datasets_dir / f"{name}.yml"


def _none(name: str) -> NotFound:
    return NotFound(Text(N_("There is no database %(name)s."), {"name": name}))


def directory_of(name: str) -> Path:
    """Where the snapshots of a dataset lie.

    Raises:
        NotFound: that is no name.
    """
    if not files.NAME.fullmatch(name):
        raise _none(name)
    return settings().snapshots_dir / name


def _pinned() -> set[str]:
    query = select(Run.source).where(Run.status.not_in(ENDED))
    return {source["snapshot"] for source in session.scalars(query) if source.get("snapshot")}
