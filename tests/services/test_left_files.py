"""What killed processes left half written goes once its run has ended, a day later."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from crmapp.config import Settings
from crmapp.services import left_files
from crmapp.services.sweeper import sweep
from tests.factories import Make

HOUR = 3600


def leave(
    settings: Settings, run_id: int, name: str = "tmpx1.parquet.tmp", hours: int = 25
) -> Path:
    """Leave a file, or a folder with one, as whoever was killed ``hours`` ago did."""
    path = settings.artefacts_dir / f"run-{run_id}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix:
        path.write_bytes(b"half")
    else:
        path.mkdir()
        (path / "0.json").write_bytes(b"{}")
    os.utime(path, times=(time.time() - hours * HOUR,) * 2)
    return path


def looked(settings: Settings, hours: int) -> None:
    """Have the folders been looked through so long ago."""
    mark = next(settings.artefacts_dir.glob("looked-*"))
    os.utime(mark, times=(time.time() - hours * HOUR,) * 2)


@pytest.mark.parametrize("name", ["tmpx1.parquet.tmp", "part-1-0-rows.tmp", "rows-x1"])
def test_what_an_ended_run_left_half_written_goes(
    make: Make, settings: Settings, name: str
) -> None:
    path = leave(settings, make.run(status="done").id, name)

    assert left_files.delete_old() == 1
    assert not path.exists()


def test_whole_files_stay(make: Make, settings: Settings) -> None:
    path = leave(settings, make.run(status="done").id, "plan-1-ab12.parquet")

    left_files.delete_old()

    assert path.exists()


@pytest.mark.parametrize("status", ["planning", "planned", "queued", "running"])
def test_a_run_that_has_not_ended_is_left_alone(
    make: Make, settings: Settings, status: str
) -> None:
    path = leave(settings, make.run(status=status).id)

    assert left_files.delete_old() == 0
    assert path.exists()


def test_what_is_younger_than_a_day_stays(make: Make, settings: Settings) -> None:
    path = leave(settings, make.run(status="failed").id, hours=23)

    assert left_files.delete_old() == 0
    assert path.exists()


def test_what_a_run_left_that_was_not_kept_goes(make: Make, settings: Settings) -> None:
    leave(settings, 4711)

    assert left_files.delete_old() == 1


def test_the_folders_are_looked_through_once_a_day(make: Make, settings: Settings) -> None:
    run_id = make.run(status="done").id
    left_files.delete_old()
    leave(settings, run_id)

    too_soon = left_files.delete_old()
    looked(settings, 25)

    assert (too_soon, left_files.delete_old()) == (0, 1)


def test_the_sweeper_does_it(make: Make, settings: Settings) -> None:
    path = leave(settings, make.run(status="done").id)

    sweep()

    assert not path.exists()
