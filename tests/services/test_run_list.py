"""The list of runs: its filters and counts, the last runs of each job, and how it is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import event, text

from crmapp.db import db, session
from crmapp.domain.runs import Status
from crmapp.services import run_list
from crmapp.services.run_list import LAST, Asked

EARLY, LATE = (datetime(2026, 6, day, 12, tzinfo=UTC) for day in (10, 11))


def test_a_run_is_found_by_when_it_was_asked_for(make):
    make.run(created_at=EARLY)
    make.run(created_at=LATE)

    found = [
        [run.id for run in run_list.recent(asked, by=make.mona)]
        for asked in (Asked(since=LATE), Asked(until=LATE), Asked(since=EARLY, until=LATE))
    ]

    assert found == [[2], [1], [1]]


def test_runs_of_the_same_job_are_found_by_one_of_them(make):
    for kind, lock in (("upsert", "a"), ("upsert", "b"), ("undo", "a"), ("upsert", "a")):
        make.run(kind=kind, lock_key=lock)

    assert [run.id for run in run_list.recent(Asked(like=1), by=make.mona)] == [4, 1]
    assert run_list.recent(Asked(like=99), by=make.mona) == []


def test_the_runs_of_each_status_are_counted_within_the_other_filters(make):
    for status, kind in (("done", "upsert"), ("done", "upsert"), ("failed", "undo")):
        make.run(status=status, kind=kind)

    assert run_list.counts(Asked(), by=make.mona) == {"done": (2, False), "failed": (1, False)}
    assert run_list.counts(Asked(kind="upsert"), by=make.mona) == {"done": (2, False)}


def test_very_many_are_not_counted_to_the_end(make, monkeypatch):
    monkeypatch.setattr(run_list, "COUNT_UP_TO", 2)
    for _ in range(4):
        make.run()

    assert run_list.count(by=make.mona) == (2, True)


def test_nobody_counts_runs_that_she_does_not_see(make):
    make.run(by_id=make.mona.id)
    make.run(by_id=make.bob.id)

    assert run_list.count(by=make.bob) == (1, False)


def test_the_last_runs_of_a_job_come_oldest_first_and_no_more_than_are_drawn(make):
    for number in range(LAST + 2):
        make.run(lock_key="a", status="failed" if number == 5 else "done", total=number)
    make.run(lock_key="b", total=None)
    shown = run_list.recent(by=make.mona, limit=2)

    pasts = run_list.pasts(shown)

    assert [past.rows for past in pasts["upsert", "a"]] == list(range(2, LAST + 2))
    assert pasts["upsert", "a"][3].status is Status.FAILED
    assert [past.rows for past in pasts["upsert", "b"]] == [0]


@contextmanager
def plans() -> Iterator[list[str]]:
    """Collect the plan of every statement that reads runs."""
    found: list[str] = []

    def explain(connection, cursor, statement, parameters, *_rest):
        if statement.startswith("SELECT") and "run" in statement:
            how = "QUERY PLAN " if connection.dialect.name == "sqlite" else ""
            other = connection.connection.cursor()
            other.execute(f"EXPLAIN {how}{statement}", parameters)
            found.append(" | ".join(str(row[-1]) for row in other.fetchall()))
            other.close()

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)


def reads_the_table(plan: str) -> bool:
    return "SCAN run |" in plan or plan.endswith("SCAN run") or "Seq Scan on run" in plan


ASKED = [
    Asked(status="failed"),
    Asked(kind="upsert"),
    Asked(person=7),
    Asked(nobody=True),
    Asked(kind="upsert", status="failed"),
    Asked(like=1),
]


@pytest.fixture
def mona(make):
    """Mona, loaded before statements are looked at; the database uses indexes where it has some."""
    for _ in range(3):
        make.run(created_at=EARLY)
    mona = make.mona
    run_list.starters(by=mona)
    if db.engine.dialect.name == "postgresql":
        session.execute(text("SET LOCAL enable_seqscan = off"))
    return mona


@pytest.mark.parametrize("asked", ASKED, ids=repr)
def test_each_filter_is_answered_and_counted_from_an_index(mona, asked):
    with plans() as found:
        run_list.recent(asked, by=mona)
        run_list.count(asked, by=mona)

    assert len(found) >= 2
    assert [plan for plan in found if reads_the_table(plan)] == []


@pytest.mark.parametrize("asked", [Asked(since=EARLY), Asked(until=EARLY)], ids=repr)
def test_runs_of_some_days_are_counted_from_an_index(mona, asked):
    with plans() as found:
        run_list.count(asked, by=mona)

    assert [plan for plan in found if reads_the_table(plan)] == []


def test_the_whole_list_is_read_in_the_order_of_its_ids(mona):
    with plans() as found:
        run_list.recent(by=mona)

    assert [plan for plan in found if "TEMP B-TREE" in plan or "Sort" in plan] == []


def test_people_and_the_last_runs_are_found_by_index(mona):
    with plans() as found:
        run_list.starters(by=mona)
        run_list.pasts(run_list.recent(Asked(status="draft"), by=mona))

    assert len(found) == 3
    assert [plan for plan in found if reads_the_table(plan)] == []
