"""Managed lists follow by themselves: changes every so often, the whole list each night."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmapp.db import session
from crmapp.errors import Invalid
from crmapp.models import ManagedListState, Run
from crmapp.services import managed_lists, runs
from tests.support.lists import CODE, Sides, resync, tallies, use, work


@pytest.fixture
def sides(app: object, tmp_path: Path) -> Sides:
    return use(Sides(tmp_path))


def test_single_entries_follow_on_a_schedule_without_a_resync(make, sides, clock):
    sides.source(*(f"v{n}" for n in range(6)))
    resync(make, sides)
    managed_lists.schedule(CODE, 15, by=make.ivan)
    before = managed_lists.start_due()
    sides.source(v1="One", v9="Nine")
    clock.shift(15 * 60)

    (changes,) = managed_lists.start_due()
    run = work(changes, make)

    assert before == []
    assert (run.status, run.source["mode"]) == ("done", "changes")
    assert sides.here() == sides.there()
    assert sides.here()["v1"] == ("One", True)
    assert tallies(run, "there") == {"added": 1, "changed": 1}


def test_what_a_wrong_clock_put_off_for_years_is_not_waited_for(make, sides, clock):
    sides.source("10")
    clock.shift(3650 * 24 * 3600)
    managed_lists.schedule(CODE, 15, by=make.ivan)
    clock.shift(-3650 * 24 * 3600)

    (run,) = managed_lists.start_due()

    assert work(run, make).status == "done"
    assert managed_lists.start_due() == []


def test_a_look_that_finds_nothing_leaves_no_run_behind(make, sides, clock):
    sides.source("10")
    resync(make, sides)
    managed_lists.schedule(CODE, 15, by=make.ivan)
    clock.shift(15 * 60)

    (changes,) = managed_lists.start_due()
    runs.work(changes)

    assert session.get(Run, changes) is None
    assert managed_lists.start_due() == []


def test_what_was_read_and_led_to_nothing_leaves_no_file_behind(make, sides, clock, settings):
    sides.source("10")
    resync(make, sides)
    managed_lists.schedule(CODE, 15, by=make.ivan)
    sides.source("10")  # somebody saved it as it was
    clock.shift(15 * 60)

    (changes,) = managed_lists.start_due()
    runs.work(changes)

    assert session.get(Run, changes) is None
    assert not (settings.artefacts_dir / f"run-{changes}").exists()


def test_each_night_the_whole_list_is_compared(make, sides, clock):
    sides.source(*(f"v{n}" for n in range(9)))
    resync(make, sides)
    managed_lists.schedule(CODE, 1440, by=make.ivan)
    sides.gone("v1")  # which no reading of changes shows
    clock.shift(24 * 3600)

    (night,) = managed_lists.start_due()
    run = work(night, make)

    assert (run.source["mode"], run.by_id) == ("all", None)
    assert sides.here()["v1"] == sides.there()["v1"] == ("v1", False)


def test_a_schedule_is_one_of_those_offered_and_can_be_ended(make, sides):
    with pytest.raises(Invalid):
        managed_lists.schedule(CODE, 7, by=make.ivan)
    managed_lists.schedule(CODE, 60, by=make.ivan)
    managed_lists.schedule(CODE, None, by=make.ivan)

    state = session.get(ManagedListState, CODE)
    assert (state.every, state.due_at, state.whole_at) == (None, None, None)
