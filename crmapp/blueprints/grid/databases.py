"""The databases of the start page: what opens, and why something does not."""

from __future__ import annotations

from dataclasses import dataclass

from crmapp.analytics.dataset import Dataset
from crmapp.errors import CRMError
from crmapp.services import datasets, grids
from crmapp.web.access import current_user
from crmapp.web.texts import translated


@dataclass(frozen=True)
class Database:
    """A database as it answers now, or None with the reason; ``warning``: a mistake in its file."""

    name: str
    dataset: Dataset | None
    reason: str = ""
    warning: str = ""


def databases() -> list[Database]:
    """Every database of the installation, as the reader may open it."""
    return [_database(found) for found in datasets.listed()]


def _database(found: datasets.Listed) -> Database:
    problem = translated(found.problem.message) if found.problem else ""
    try:
        return Database(found.name, grids.dataset(found.name, by=current_user), warning=problem)
    except CRMError as error:
        return Database(found.name, None, problem or translated(error.message))
