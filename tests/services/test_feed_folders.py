"""A folder of files that feeds accounts, from the file on the disk to the account."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from crmapp import config
from crmapp.config import Settings
from crmapp.db import session
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.models import FeedCursor, FeedFile, Run
from crmapp.services import crm_mappings, feed_sources, feeds, runs
from crmapp.services.feed_checks import Wanted
from tests.factories import Make
from tests.support.feeds import feed, living, work

HEAD = "no,name,phone\n"
COLUMNS = FieldMapping({"name": "name", "number": "no", "phone": "phone"})


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """A folder that the operator lets sources read."""
    folder = tmp_path / "erp"
    folder.mkdir()
    config.use(replace(settings, source_folders=(folder,)))
    yield folder
    config.use(settings)


def put(folder: Path, name: str, *rows: str, age: int = 3600) -> None:
    """Write a file that nobody has touched for ``age`` seconds."""
    (folder / name).write_text(HEAD + "".join(f"{row}\n" for row in rows))
    os.utime(folder / name, times=(time.time() - age,) * 2)


@pytest.fixture
def rule(make: Make, folder: Path) -> int:
    """A CRM mapping of the folder, in which a first file lies."""
    put(folder, "first.csv", "C1,Acme,555 121", "C2,Brown,555 122", age=9000)
    typed = {"folder": str(folder), "pattern": "*.csv", "contents": "each"}
    wanted = Wanted("Files", typed, key_column="no")
    found = feed_sources.check("folder", wanted, by=make.alice)
    source_id = feed_sources.add("folder", wanted, found, by=make.alice)
    return crm_mappings.add("ERP", Content((FedBy(source_id, COLUMNS),)), by=make.alice)


def taken() -> list[tuple[str, int | None, int]]:
    """Return the name of each file that was picked up, by which run, and its rows."""
    session.rollback()
    rows = session.scalars(select(FeedFile).order_by(FeedFile.id))
    return [(row.name, row.run_id, row.outcome["rows"]) for row in rows]


def test_each_file_is_taken_once_by_its_content_and_a_new_one_the_next_time(
    make: Make, rule: int, folder: Path
) -> None:
    first = feed(make, rule)
    put(folder, "the same.csv", "C1,Acme,555 121", "C2,Brown,555 122", age=8000)
    again = feed(make, rule)
    put(folder, "second.csv", "C3,Cole,555 123", age=7000)
    second = feed(make, rule)

    assert first is not None
    assert second is not None
    assert (first.done, again) == ({"created": 2}, None)
    assert (second.total, second.done) == (1, {"created": 1})
    assert taken() == [("first.csv", first.id, 2), ("second.csv", second.id, 1)]
    assert session.scalars(select(FeedCursor)).one().cursor == {"files": []}
    assert feed(make, rule) is None


def test_a_file_that_changes_nothing_is_taken_though_its_run_is_not_kept(
    make: Make, rule: int, folder: Path
) -> None:
    feed(make, rule)
    put(folder, "again.csv", "C2,Brown,555 122", age=60)

    assert feed(make, rule) is None
    assert taken()[1:] == [("again.csv", None, 1)]


def test_a_file_is_not_taken_as_long_as_its_plan_only_waits(make: Make, rule: int) -> None:
    planned = feed(make, rule, dry=True)
    assert planned is not None
    before = taken()

    feeds.begin(planned.id, planned.plan_hash or "", by=make.alice)
    work(planned.id)

    assert (before, taken()) == ([], [("first.csv", planned.id, 2)])


def test_a_file_of_a_run_that_was_cancelled_comes_again(make: Make, rule: int) -> None:
    runs.cancel(feeds.start(rule, by=make.alice), by=make.alice)

    run = feed(make, rule)

    assert run is not None
    assert run.done == {"created": 2}


def test_a_folder_in_which_nothing_lies_is_nothing_to_do(
    make: Make, rule: int, folder: Path
) -> None:
    feed(make, rule)
    (folder / "first.csv").unlink()

    assert feed(make, rule) is None
    assert all(account.active for account in living())


def test_a_file_that_lacks_a_column_is_named_and_comes_again_when_it_is_mended(
    make: Make, rule: int, folder: Path
) -> None:
    feed(make, rule)
    (folder / "bad.csv").write_text("no,title\nC9,Bad\n")
    os.utime(folder / "bad.csv", times=(time.time() - 60,) * 2)

    failed = feed(make, rule)
    put(folder, "bad.csv", "C9,Good,555 129", age=50)
    run = feed(make, rule)

    assert isinstance(failed, Run)
    assert (failed.status, "“Files” has no column" in (failed.error or "")) == ("failed", True)
    assert run is not None
    assert run.done == {"created": 1}


def test_a_file_of_no_bytes_is_yet_to_be_written_and_hinders_no_other(make, folder, rule):
    (folder / "empty.csv").touch()
    os.utime(folder / "empty.csv", times=(time.time() - 9999,) * 2)

    feed(make, rule)

    assert taken() == [("first.csv", 1, 2)]
    assert len(living()) == 2
