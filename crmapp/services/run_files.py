"""The files that a run has left: which there are, how large, and since when others are gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crmapp.config import settings
from crmapp.domain.permissions import Right
from crmapp.errors import NotFound
from crmapp.i18n import N_
from crmapp.models import Run, User
from crmapp.services import exports, runs
from crmapp.services.rights import need

PLAN = N_("Plan")
REJECTED = N_("Rejected rows")
EXPORT = N_("File of the export")


@dataclass(frozen=True)
class RunFile:
    """A file of a run; without ``size`` it is not there any more.

    ``number`` says which of its plans it is; the file of an export has none.
    """

    label: str
    name: str
    size: int | None = None
    at: datetime | None = None
    number: int | None = None


def of(run: Run) -> list[RunFile]:
    """Return the files of a run, also those that are gone."""
    label = REJECTED if run.kind == "dataset_refresh" else PLAN
    found = [
        _file(label, settings().artefacts_dir / part["name"], part["name"].rpartition("/")[2], n)
        for n, part in enumerate(run.artefacts or [])
    ]
    if run.kind == exports.KIND and run.done:
        found.append(_file(EXPORT, exports.path_of(run), exports.name_of(run)))
    return found


def plan_file(run_id: int, number: int, *, by: User) -> Path:
    """Return where a file of a run's plan lies.

    Raises:
        NotFound: there is none, not any more, or she does not see the run.
        Forbidden: she may not see runs: it holds accounts as they are, open to her or not.
    """
    parts = runs.get(run_id, by=by).artefacts or []
    need(Right.RUN_VIEW, by=by)
    if number >= len(parts):
        raise NotFound
    path: Path = settings().artefacts_dir / parts[number]["name"]
    if not path.is_file():
        raise NotFound
    return path


def _file(label: str, path: Path, name: str, number: int | None = None) -> RunFile:
    try:
        found = path.stat()
    except FileNotFoundError:
        return RunFile(label, name, number=number)
    at = datetime.fromtimestamp(found.st_mtime, UTC)
    return RunFile(label, name, found.st_size, at, number)
