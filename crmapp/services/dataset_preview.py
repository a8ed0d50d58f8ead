"""A draft of a database as it would be: its grid over the first rows, before anything is kept."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from crmapp.analytics import dataset as files
from crmapp.analytics import snapshots
from crmapp.analytics.dataset import Dataset
from crmapp.analytics.engine import Answer
from crmapp.analytics.engines.duckdb import DuckDBEngine
from crmapp.analytics.intake.design import FILE, problems, to_yaml
from crmapp.analytics.intake.staging import Rejected, Stage, typed
from crmapp.analytics.query import Question
from crmapp.config import settings
from crmapp.db import utcnow
from crmapp.domain.permissions import Right
from crmapp.errors import DatasetError, Invalid, TableError
from crmapp.models import StoredDataset, User
from crmapp.services import databases, tables
from crmapp.services.dataset_refresh import ROWS
from crmapp.services.rights import need

MOST = 5_000
_SHOWN = 10
_MEASURES = 6


@dataclass(frozen=True)
class Preview:
    """What would come of a draft: of so many rows so many load, those that do not, and a grid."""

    dataset: Dataset
    answer: Answer | None
    rows: int
    loaded: int
    rejected: Sequence[Rejected]
    whole: bool


def preview(stored: StoredDataset, *, by: User) -> Preview:
    """Load the first rows of a draft's table, and ask for the grid it opens with.

    Raises:
        Forbidden
        Invalid: the table cannot be read, or the design does not fit it.
    """
    need(Right.DATASET_MANAGE, by=by)
    draft = databases.draft_of(stored)
    found = problems(draft.design)
    if found:
        raise Invalid(found)
    folder = tables.folder_of(stored.folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=settings().databases_dir, prefix="preview-") as place:
            return _preview(stored.folder, draft, stored.name or "preview", Path(place))
    except (TableError, DatasetError) as error:
        raise Invalid({"": error.message}) from error


def _preview(folder: str, draft: databases.Draft, name: str, place: Path) -> Preview:
    stage = Stage(place / ROWS)
    *_, (source, opened) = tables.opened_tables(folder, draft.source)
    try:
        with opened() as table:
            headings, rows = table.columns, table.rows()
            stage.add(islice(rows, MOST), source, lambda rows: None)
            whole = next(rows, None) is None
    finally:
        stage.close()
    with typed(place / ROWS, headings, draft.design) as found:
        loaded = found.write(place / FILE)
        rejected = list(islice(found.rejected(), _SHOWN))
    shape = files.parse(to_yaml(draft.design, name), f"{name}.yml")
    answer = _answer(shape, place) if loaded else None
    return Preview(shape, answer, stage.rows, loaded, rejected, whole)


def _answer(shape: Dataset, place: Path) -> Answer:
    built = snapshots.build(shape, place, place / "snapshots", utcnow())
    engine = DuckDBEngine(snapshots.path_of(place / "snapshots", built.name))
    first = next(iter(shape.dimensions))
    asked = {"period": "total", "measures": ",".join(islice(shape.measures, _MEASURES))}
    return engine.answer(Question.from_args(shape, first, asked))
