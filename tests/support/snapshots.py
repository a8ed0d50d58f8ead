"""The demo's sales as a snapshot: built once per process, laid out for each test that asks."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from crmapp.analytics import dataset, snapshots
from crmapp.config import ROOT, Settings

REFRESHED = datetime(2026, 11, 22, 10, tzinfo=UTC)
"""The clock of the refresh: the last full month is October 2026."""


def lay_out_sales(settings: Settings) -> None:
    """Put the snapshot where the application looks for it, as if it had just been refreshed."""
    shutil.copytree(_built(), settings.snapshots_dir / "sales")


@cache
def _built() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="crmapp-sales-"))
    atexit.register(shutil.rmtree, folder)
    tables = ROOT / "datasets"
    snapshots.refresh(dataset.load(tables / "sales.yml"), tables, folder, REFRESHED)
    return folder
