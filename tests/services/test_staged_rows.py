"""Rows that come once and in any order, written down and planned, whatever happens meanwhile."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.config import settings
from crmapp.connectors.errors import Retryable
from crmapp.db import session, unit_of_work
from crmapp.domain.changes import Reason
from crmapp.domain.plan import Planned
from crmapp.errors import TableError
from crmapp.models import Account, ExternalIdentity, Run
from crmapp.services import engine, plans, retries, runs, upsert_plan, upserts
from tests.factories import Make
from tests.support.staged import Tape, TapeSource, customers, register
from tests.support.upserts import MAPPING, carry_out, plan_again

MANY = [customers(n + 1, n + 2_000) for n in range(0, 14_000, 2_000)]
"""More rows than one part holds, in pages."""


def start(make: Make, tape: Tape) -> int:
    return upserts.start(register(tape), title="Customers", by=make.mona, key=None)


def wake(run_id: int) -> None:
    """Let the pause of a run that was put off be over."""
    with unit_of_work():
        session.get_one(Run, run_id).retry_at = None
    runs.work(run_id)


def once(number: int, problem: Exception):
    """Return what raises ``problem`` before the page ``number``, but only the first time."""
    left = [problem]

    def before(asked: int) -> None:
        if asked == number and left:
            raise left.pop()

    return before


def test_rows_are_planned_in_the_order_in_which_they_came(make: Make) -> None:
    planned = plan_again(make, start(make, Tape([customers(5, 7), customers(1, 2)])))

    shown = plans.rows(planned, Planned.CREATE, 1, by=make.mona, locale="en").rows

    assert [row.name for row in shown] == [f"Customer {n}" for n in (7, 6, 5, 2, 1)]
    assert planned.total == 5


def test_the_ledger_knows_each_row_by_the_key_of_its_source(make: Make) -> None:
    planned = plan_again(make, start(make, Tape([customers(1, 2)])))

    carry_out(make, planned)

    query = select(ExternalIdentity.external_id, Account.number).join(
        Account, Account.id == ExternalIdentity.account_id
    )
    query = query.where(ExternalIdentity.system == "test").order_by(Account.number)
    assert [tuple(row) for row in session.execute(query)] == [("K1", "C1"), ("K2", "C2")]


def test_two_rows_with_the_same_key_both_come_and_the_first_counts(make: Make) -> None:
    twice = [*customers(1, 1), *customers(1, 1, name="Again")]

    planned = plan_again(make, start(make, Tape([twice])))

    assert planned.counts == {"create": 1, "rejected": 1}
    (second,) = plans.rows(planned, Planned.REJECTED, 1, by=make.mona, locale="en").rows
    assert second.name == "Again"


def test_rows_may_have_different_columns(make: Make) -> None:
    bare = [("B1", {"name": "Bare", "code": "B1"}), ("B2", {"code": "B2", "name": "Bare too"})]

    planned = plan_again(make, start(make, Tape([[*bare, *customers(1, 2)]])))

    assert planned.counts == {"create": 4}


def test_a_reading_that_was_interrupted_goes_on_behind_what_is_written_down(make: Make) -> None:
    tape = Tape(MANY, before=once(5, Retryable()))
    run_id = start(make, tape)

    plan_again(make, run_id)
    waiting = runs.get(run_id, by=make.mona)
    wait = (waiting.status, waiting.attempts, waiting.total)
    wake(run_id)

    assert wait == ("planning", 1, 6_000)
    assert tape.read == [0, 1, 2, 3, 4, 3, 4, 5, 6]
    assert tape.closed == 2
    assert runs.get(run_id, by=make.mona).counts == {"create": 14_000}


def test_a_reading_that_cannot_go_on_begins_anew_and_no_row_comes_twice(make: Make) -> None:
    tape = Tape(MANY, winds=False, before=once(5, Retryable()))
    run_id = start(make, tape)

    plan_again(make, run_id)
    wake(run_id)

    assert tape.read == [*range(5), *range(7)]
    assert runs.get(run_id, by=make.mona).counts == {"create": 14_000}


def test_who_dies_before_the_rows_are_counted_leaves_them_to_be_numbered_from_one(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    tape = Tape([customers(1, 3)])
    run_id = start(make, tape)
    with monkeypatch.context() as dying:
        dying.setattr(TapeSource, "count", _die)
        with pytest.raises(SystemExit):
            plan_again(make, run_id)
    with unit_of_work():
        session.get_one(Run, run_id).lease_until = None

    runs.work(run_id)

    planned = runs.get(run_id, by=make.mona)
    rows = plans.rows(planned, Planned.CREATE, 1, by=make.mona, locale="en").rows
    assert [row.row_no for row in rows] == [1, 2, 3]


def _die(_source: TapeSource) -> int:
    raise SystemExit


def test_a_run_that_is_cancelled_while_it_reads_reads_no_further(make: Make) -> None:
    def cancel(number: int) -> None:
        if number == 1:
            runs.cancel(run_id, by=make.alice)

    tape = Tape(MANY, before=cancel)
    run_id = start(make, tape)

    planned = plan_again(make, run_id)

    assert planned.status == "cancelled"
    assert tape.read == [0, 1, 2]
    assert tape.closed == 1


def test_a_source_that_cannot_be_read_fails_the_run_and_says_why(make: Make) -> None:
    tape = Tape(MANY, before=once(1, TableError("The file has changed since.")))

    planned = plan_again(make, start(make, tape))

    assert (planned.status, planned.error) == ("failed", "The file has changed since.")


def test_a_source_without_rows_fails_the_run(make: Make) -> None:
    planned = plan_again(make, start(make, Tape([])))

    assert (planned.status, planned.error) == ("failed", "The source has no rows.")


def test_rows_that_cannot_be_read_are_rejected_and_stop_nobody(make: Make) -> None:
    wrong = {1: (Reason.WIDTH, {"count": 2, "width": 3})}

    planned = plan_again(make, start(make, Tape([customers(1, 3)], wrong=wrong)))

    assert planned.counts == {"create": 2, "rejected": 1}
    (row,) = plans.rows(planned, Planned.REJECTED, 1, by=make.mona, locale="en").rows
    assert row.row_no == 2
    assert str(row.reason) == "Cells in this row: 2. Columns of the table: 3."


@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_rows_that_were_lost_on_the_disk_are_read_anew(make: Make, damage: str) -> None:
    tape = Tape([customers(1, 3)])
    run_id = start(make, tape)
    upserts.plan_later(run_id, MAPPING, confirmed=None, by=make.mona)
    held = engine.claim(run_id)
    assert held is not None
    staged = upsert_plan.advance(held)
    (file,) = (settings().artefacts_dir / f"run-{run_id}").glob("*.jsonl")
    file.unlink() if damage == "gone" else file.write_bytes(file.read_bytes()[:-9])

    while staged is not None:
        staged = upsert_plan.advance(staged)

    assert tape.read == [0, 0]
    assert runs.get(run_id, by=make.mona).counts == {"create": 3}


def test_what_was_written_down_goes_once_the_plan_is_made(make: Make) -> None:
    run_id = start(make, Tape(MANY))

    plan_again(make, run_id)

    assert not list((settings().artefacts_dir / f"run-{run_id}").glob("part-*"))


def test_a_plan_that_is_made_anew_reads_its_source_anew(make: Make) -> None:
    tape = Tape([customers(1, 3)])
    run_id = start(make, tape)

    for _time in range(5):
        planned = plan_again(make, run_id)

    assert tape.read == [0] * 5
    assert planned.counts == {"create": 3}


def test_the_rows_that_a_run_left_out_are_read_anew_for_a_retry(make: Make) -> None:
    tape = Tape([[*customers(1, 2), ("K3", {"code": "C3", "name": "", "phone": "555 123"})]])
    done = carry_out(make, plan_again(make, start(make, tape)))
    tape.pages = [customers(1, 3)]

    retry = retries.retry_later(done.id, key=None, by=make.mona)
    runs.work(retry)

    assert runs.get(retry, by=make.mona).counts == {"create": 1}
