"""A refresh is a run: it accounts for every row, swaps last, and may die at any point."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from crmapp.analytics import snapshots
from crmapp.db import session, utcnow
from crmapp.domain.runs import Status
from crmapp.errors import AlreadyRunning, Forbidden, Invalid, NotFound
from crmapp.models import Run, StoredDataset
from crmapp.services import (
    databases,
    dataset_refresh,
    dataset_schedule,
    datasets,
    engine,
    failures,
    receipts,
    runs,
    sweeper,
    tables,
)
from tests.services.test_databases import totals
from tests.support.sales import SALES, publish, send

BROKEN = "soon;0017;Acme;Lyon;P1;1;1\n2026-05-03;;Nobody;Lyon;P1;1;1\n2026-05-03;0017\n"


def refreshed(make, stored, content):
    run_id = send(make, stored, content)
    runs.work(run_id)
    return make.again(Run, run_id)


def test_every_row_is_loaded_or_rejected_with_a_reason(make):
    stored = publish(make, SALES)

    run = refreshed(make, stored, SALES + BROKEN)

    result = runs.receipt_of(run)
    assert (result.rows, result.outcomes["loaded"], result.outcomes["rejected"]) == (7, 4, 3)
    assert result.balances
    assert run.status == Status.DONE_WITH_ERRORS
    left = receipts.left_out(run, by=make.alice)
    assert [(row.name, str(row.reason)) for row in left] == [
        ("more.csv:6", "Date: “soon” is not a date as the others are."),
        ("more.csv:7", "Customer no is empty."),
        ("more.csv:8", "Cells in this row: 2. Columns of the table: 7."),
    ]


def test_what_was_rejected_comes_back_as_a_file(make):
    run = refreshed(make, publish(make), SALES + BROKEN)

    failed = receipts.failed_rows(run, by=make.alice)

    assert [name for name, _label in failed.columns][:3] == ["Date", "Customer no", "Customer"]
    assert next(iter(failed.rows)).source["Date"] == "soon"


def test_a_clean_refresh_is_done(make):
    run = refreshed(make, publish(make), SALES)

    assert (run.status, run.error, run.done["loaded"]) == (Status.DONE, None, 4)


@pytest.mark.parametrize("rows", ["", "soon;1;2;3;4;5;6\n"])
def test_a_table_without_a_row_that_loads_leaves_the_figures(make, rows):
    stored = publish(make)

    run = refreshed(make, stored, SALES.splitlines(keepends=True)[0] + rows)

    assert run.status == Status.FAILED
    assert "stay" in str(failures.reason(run))
    assert totals("our_sales", make.alice).count == 2


def test_one_refresh_at_a_time(make):
    stored = publish(make, work=False)

    with pytest.raises(AlreadyRunning):
        dataset_refresh.start(stored.id, by=make.alice)


def test_only_those_with_the_right_refresh(make):
    stored = publish(make)

    with pytest.raises(Forbidden):
        dataset_refresh.start(stored.id, by=make.mona)


def test_a_retired_database_is_not_refreshed(make):
    stored = publish(make)
    run_id = dataset_refresh.start(stored.id, by=make.alice)
    databases.retire(stored.id, by=make.alice)

    runs.work(run_id)

    assert make.again(Run, run_id).status == Status.CANCELLED
    with pytest.raises(NotFound):
        dataset_refresh.start(stored.id, by=make.alice)
    with pytest.raises(NotFound):
        totals("our_sales", make.alice)


def test_a_cancelled_refresh_changes_nothing(make):
    stored = publish(make)
    before = snapshots.current(datasets.directory_of("our_sales"))
    run_id = send(make, stored, SALES + BROKEN)

    runs.cancel(run_id, by=make.alice)
    runs.work(run_id)

    assert make.again(Run, run_id).status == Status.CANCELLED
    assert snapshots.current(datasets.directory_of("our_sales")) == before


def test_a_worker_that_lost_its_claim_publishes_nothing(make, monkeypatch):
    stored = publish(make)
    before = snapshots.current(datasets.directory_of("our_sales"))
    run_id = send(make, stored, SALES + BROKEN)
    make_snapshot = dataset_refresh._make

    def slowly(held, run, *rest):
        made = make_snapshot(held, run, *rest)
        with databases.unit_of_work():
            session.get(Run, run_id).fence += 1
        return made

    monkeypatch.setattr(dataset_refresh, "_make", slowly)
    runs.work(run_id)

    assert make.again(Run, run_id).status == Status.RUNNING
    assert snapshots.current(datasets.directory_of("our_sales")) == before


@pytest.mark.parametrize("where", ["_stage", "_make", "_publish"])
def test_a_worker_that_dies_leaves_the_old_figures_and_the_next_one_ends_it(
    make, monkeypatch, where
):
    stored = publish(make)
    run_id = send(make, stored, SALES + BROKEN)

    def dies(*_):
        raise MemoryError

    with monkeypatch.context() as once:
        once.setattr(dataset_refresh, where, dies)
        with pytest.raises(MemoryError):
            runs.work(run_id)
    assert totals("our_sales", make.alice).count == 2
    with databases.unit_of_work():
        session.get(Run, run_id).lease_until = None
    runs.work(run_id)

    assert make.again(Run, run_id).status == Status.DONE_WITH_ERRORS
    assert [each.name for each in tables.folder_of(stored.folder).glob("work-*")] == []
    left = [n for n in os.listdir(datasets.directory_of("our_sales")) if n.startswith(".building")]
    assert left == []


def test_rows_are_read_while_the_run_keeps_its_claim(make, monkeypatch):
    monkeypatch.setattr("crmapp.analytics.intake.staging._EVERY", 2)
    beats = []
    monkeypatch.setattr(
        dataset_refresh,
        "checkpoint",
        lambda held, **values: beats.append(values) or engine.checkpoint(held, **values),
    )

    run = refreshed(make, publish(make), SALES)

    assert [each["total"] for each in beats[-3:]] == [2, 4, 4]
    assert run.total == 4


# --- the schedule -------------------------------------------------------------------------------


def scheduled(make, stored, **when):
    values = {"kind": "every", "every": 30, "daily": "", "zone": "UTC", **when}
    dataset_schedule.change(stored.id, by=make.alice, **values)
    return make.again(StoredDataset, stored.id)


def test_the_sweeper_starts_what_is_due_once(make, clock):
    stored = scheduled(make, publish(make))
    assert dataset_schedule.start_due() == []
    clock.shift(timedelta(minutes=31))

    sweeper.sweep()
    assert dataset_schedule.start_due() == []

    newest = databases.runs_of(stored)[0]
    assert (newest.status, newest.by_id) == (Status.QUEUED, None)
    assert make.again(StoredDataset, stored.id).next_at == datetime(2026, 6, 15, 10, 31, tzinfo=UTC)


def test_what_a_wrong_clock_put_off_for_years_is_not_waited_for(make, clock):
    clock.shift(timedelta(days=3650))
    stored = scheduled(make, publish(make))
    clock.shift(timedelta(days=-3650))

    assert len(dataset_schedule.start_due()) == 1
    assert make.again(StoredDataset, stored.id).next_at == utcnow() + timedelta(minutes=30)


def test_what_is_still_at_work_is_not_started_again(make, clock):
    stored = scheduled(make, publish(make, work=False))
    clock.shift(timedelta(minutes=31))

    assert dataset_schedule.start_due() == []
    assert len(databases.runs_of(stored)) == 1


def test_a_day_has_its_time_in_the_zone_of_who_set_it(make, clock):
    stored = scheduled(make, publish(make), kind="daily", daily="6:30", zone="Europe/Paris")

    assert stored.next_at == datetime(2026, 6, 16, 4, 30, tzinfo=UTC)


def test_a_schedule_is_taken_away(make):
    stored = scheduled(make, publish(make))

    assert scheduled(make, stored, kind="never").next_at is None


@pytest.mark.parametrize(
    "when, where",
    [
        ({"every": 1}, "every"),
        ({"every": None}, "every"),
        ({"every": 10**9}, "every"),
        ({"kind": "daily", "daily": "25:00"}, "daily"),
        ({"kind": "daily", "daily": ""}, "daily"),
        ({"kind": "sometimes"}, "kind"),
    ],
)
def test_a_schedule_that_cannot_be_kept_is_refused_at_its_field(make, when, where):
    with pytest.raises(Invalid) as refused:
        scheduled(make, publish(make), **when)

    assert list(refused.value.fields) == [where]
