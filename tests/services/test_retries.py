"""Just the rows that a run left out, planned again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from crmapp.db import session, unit_of_work
from crmapp.errors import Conflict, Forbidden, Invalid, NotFound
from crmapp.models import Account, Run
from crmapp.services import engine, receipts, retries, runs, sources
from crmapp.services.erasure import erase_people
from tests.factories import Make
from tests.support import rows as made_up
from tests.support.upserts import MAPPING, carry_out, edit, plan, queue, rows_of, take_back

MADE_GOOD = {"C3": {"code": "C3", "name": "Copper", "phone": "555 123"}}


@pytest.fixture(autouse=True)
def _renewing() -> None:
    """The made-up source has newer rows, as a dataset that was refreshed."""
    made_up.register()
    sources.register(
        "rows",
        sources._OPENERS["rows"],
        lambda kept: {**kept, "snapshot": "second", "rows": kept["newest"] or kept["rows"]},
    )


def left_out(make: Make, **newest: dict) -> Run:
    """Carry out three rows, of which the third has no name; the source has ``newest`` by now."""
    done = carry_out(make, plan(make))
    with unit_of_work():
        run = session.get_one(Run, done.id)
        run.source = {**run.source, "newest": newest}
    return runs.get(done.id, by=make.mona)


def retry(make: Make, run: Run, key: str | None = None) -> Run:
    made = retries.retry_later(run.id, key=key, by=make.mona)
    runs.work(made)
    return runs.get(made, by=make.mona)


def test_only_the_rows_that_were_left_out_are_planned_again_as_they_are_now(make: Make) -> None:
    done = left_out(make, C1={"code": "C1", "name": "Other", "phone": "1 23 45"}, **MADE_GOOD)

    again = carry_out(make, retry(make, done))

    assert again.done == {"created": 1}
    assert runs.receipt_of(again).balances
    assert set(session.scalars(select(Account.name))) >= {"Acme", "Copper"}
    assert "Other" not in set(session.scalars(select(Account.name)))


def test_a_second_row_of_an_account_does_not_overwrite_the_first_one(make: Make) -> None:
    rows = {
        "A": {"code": "C1", "name": "First", "phone": ""},
        "B": {"code": "C1", "name": "Second", "phone": ""},
        "C": {"code": "", "name": "No number", "phone": ""},
    }
    done = carry_out(make, plan(make, rows))
    with unit_of_work():
        run = session.get_one(Run, done.id)
        run.source = {**run.source, "newest": rows | {"C": {**rows["C"], "code": "C3"}}}
    run = runs.get(done.id, by=make.mona)

    assert retries.count(run) == 1
    assert carry_out(make, retry(make, run)).done == {"created": 1}
    assert set(session.scalars(select(Account.name))) >= {"First", "No number"}


def test_fields_of_the_installations_own_are_mapped_as_before(make: Make) -> None:
    zone = make.field("Zone")
    mapping = replace(MAPPING, columns={**MAPPING.columns, zone.name: "code"})
    done = carry_out(make, plan(make, mapping=mapping))

    again = runs.get(retries.retry_later(done.id, key=None, by=make.mona), by=make.mona)

    assert (again.status, again.mapping["columns"][zone.name]) == ("planning", "code")


def test_the_two_runs_know_each_other(make: Make) -> None:
    done = left_out(make, **MADE_GOOD)

    again = retry(make, done)

    assert again.retries_id == done.id
    assert retries.of(runs.get(done.id, by=make.mona)) == [again.id]


@pytest.mark.parametrize("keys", [("a", "a"), ("a", "b"), (None, None)])
def test_pressed_twice_it_is_one_run(make: Make, keys: tuple[str | None, str | None]) -> None:
    done = left_out(make, **MADE_GOOD)

    made = {retries.retry_later(done.id, key=key, by=make.mona) for key in keys}

    assert len(made) == 1
    assert session.scalar(select(func.count(Run.id)).where(Run.retries_id == done.id)) == 1


def test_what_is_still_wrong_can_be_retried_again(make: Make) -> None:
    done = left_out(make)
    again = carry_out(make, retry(make, done))
    assert again.done == {"rejected": 1}

    third = retry(make, again)

    assert third.retries_id == again.id
    assert third.counts == {"rejected": 1}


def test_skipped_rows_are_retried_and_those_that_were_left_out_on_purpose_are_not(
    make: Make,
) -> None:
    from crmapp.services import decisions

    account = make.account("Acme", number="C1")
    make.account("Bolts", number=None)
    make.account("Copper", number=None)
    planned = plan(make, rows_of("Acme", "Bolts", "Copper"))
    decisions.decide(planned.id, {2: "skip"}, plan_hash=planned.plan_hash or "", by=make.mona)
    edit(make, account, notes="Mine")
    done = carry_out(make, planned)
    assert runs.receipt_of(done).outcomes["skipped"] == 3

    again = retry(make, done)

    assert retries.count(done) == 2
    assert again.counts == {"update": 1, "ambiguous": 1}


def test_rows_that_a_cancelled_run_did_not_reach_are_retried(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crmapp.services.pace.chunk_size", lambda: 1)
    run_id = queue(make, plan(make, rows_of("Acme", "Bolts", "Copper")))
    held = engine.claim(run_id)
    assert held is not None
    held = runs.PHASES["upsert", "running"](held)
    assert held is not None
    runs.cancel(run_id, by=make.mona)
    runs.PHASES["upsert", "running"](held)

    again = carry_out(make, retry(make, runs.get(run_id, by=make.mona)))

    assert again.done == {"created": 2}


def test_rows_that_are_gone_from_the_source_are_not_counted(make: Make) -> None:
    done = left_out(make, C1={"code": "C1", "name": "Acme", "phone": "1 23 45"})

    with pytest.raises(Invalid):
        retries.retry_later(done.id, key=None, by=make.mona)


def test_a_run_that_left_nothing_out_has_nothing_to_retry(make: Make) -> None:
    done = carry_out(make, plan(make, rows_of("Acme")))

    with pytest.raises(Conflict):
        retries.retry_later(done.id, key=None, by=make.mona)


def test_a_run_that_has_not_ended_and_an_undo_are_not_retried(make: Make) -> None:
    planned = plan(make)
    undoing = take_back(make, carry_out(make, plan(make)))

    assert (retries.count(planned), retries.count(undoing)) == (0, 0)
    with pytest.raises(NotFound):
        retries.retry_later(undoing.id, key=None, by=make.mona)


def test_who_may_not_add_accounts_may_not_retry(make: Make) -> None:
    done = left_out(make)

    with pytest.raises((Forbidden, NotFound)):
        retries.retry_later(done.id, key=None, by=make.bob)


def test_the_reasons_of_a_retry_are_on_its_own_receipt(make: Make) -> None:
    again = carry_out(make, retry(make, left_out(make)))

    (row,) = receipts.left_out(again, by=make.mona)

    assert (row.row_no, row.key) == (1, "C3")


def test_a_person_is_erased_whose_idle_run_was_retried_by_somebody_else(make: Make) -> None:
    idle = make.run(status="done", by_id=make.bob.id)
    later = make.run(status="done", by_id=make.mona.id, retries_id=idle.id)

    with unit_of_work():
        erase_people([make.bob.id])

    assert make.again(Run, later.id).retries_id is None
