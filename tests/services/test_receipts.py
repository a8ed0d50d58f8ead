"""What a run did not do as planned, and why."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import session, unit_of_work
from crmapp.errors import NotFound
from crmapp.models import Account, Run
from crmapp.services import engine, receipts, runs
from tests.factories import Make
from tests.support.upserts import ROWS, carry_out, edit, plan, queue, rows_of, take_back


def left_out(make: Make, run: Run, **more: int) -> list[receipts.LeftOut]:
    return receipts.left_out(run, by=make.mona, **more)


def test_rejected_and_changed_rows_are_listed_in_their_order(make: Make) -> None:
    account = make.account("Acme", number="C1", phone="+44 20 1234")
    planned = plan(make)
    edit(make, account, notes="Mine")
    found = left_out(make, carry_out(make, planned))
    assert [(row.row_no, row.outcome) for row in found] == [(1, "skipped"), (3, "rejected")]
    assert [str(row.reason) for row in found] == [
        "Somebody changed this account after the plan was made.",
        "Name: Enter a value; this field is required.",
    ]
    assert found[0].account == account.id


def test_the_list_goes_on_after_a_row(make: Make) -> None:
    done = carry_out(make, plan(make, rows_of("", "", "", "Fine")))
    first = left_out(make, done, limit=2)
    rest = left_out(make, done, after=first[-1].row_no, limit=2)
    assert [row.row_no for row in (*first, *rest)] == [1, 2, 3]


def test_a_plan_that_has_not_run_has_left_nothing_out(make: Make) -> None:
    assert left_out(make, plan(make)) == []


def test_rows_that_a_cancelled_run_did_not_reach_are_not_called_left_out(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crmapp.services.pace.chunk_size", lambda: 1)
    planned = plan(make, rows_of("Acme", "Bolts", ""))
    run_id = queue(make, planned)
    held = engine.claim(run_id)
    assert held is not None
    held = runs.PHASES["upsert", "running"](held)
    runs.cancel(run_id, by=make.mona)
    assert held is not None
    runs.PHASES["upsert", "running"](held)
    cancelled = runs.get(run_id, by=make.mona)
    receipt = runs.receipt_of(cancelled)
    assert (cancelled.status, receipt.counted, receipt.rows) == ("cancelled", 1, 3)
    assert left_out(make, cancelled) == []


def test_an_undo_says_what_it_kept_and_why(make: Make) -> None:
    account = make.account("Old name", number="C1", phone="+44 20 1234")
    done = carry_out(make, plan(make))
    edit(make, account, phone="999 999")
    make.contact(session.scalars(select(Account).where(Account.name == "Łódź Toys")).one())
    kept = left_out(make, take_back(make, done))
    assert {row.name: (row.outcome, row.reason.text) for row in kept} == {
        "Acme": ("updated", "Kept, because these values were changed since: %(fields)s."),
        "Łódź Toys": ("skipped", "Kept, because people added to this account since."),
    }


def test_an_account_that_the_reader_may_not_see_is_no_link(make: Make) -> None:
    account = make.account("Acme", number="C1", phone="+44 20 1234")
    planned = plan(make)
    edit(make, account, owner_id=make.mallory.id)
    done = carry_out(make, planned)
    found = receipts.left_out(done, by=make.bob)
    assert [row.account for row in found] == [None, None]


def test_failed_rows_have_the_columns_of_their_source(make: Make) -> None:
    done = carry_out(make, plan(make))
    failed = receipts.failed_rows(done, by=make.mona)
    assert list(failed.columns) == [("code", "Code"), ("name", "Name"), ("phone", "Phone")]
    assert [row.source for row in failed.rows] == [ROWS["C3"]]


def test_failed_rows_outlive_their_source(make: Make) -> None:
    done = carry_out(make, plan(make))
    with unit_of_work():
        run = session.get_one(Run, done.id)
        run.source = {**run.source, "kind": "gone"}
    failed = receipts.failed_rows(runs.get(done.id, by=make.mona), by=make.mona)
    assert [name for name, _label in failed.columns] == ["code", "name", "phone"]


def test_failed_rows_of_a_source_that_is_gone_have_every_column_that_one_of_them_fills(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "_BATCH", 1)
    lacking = {"C1": {"code": "C1"}, "C2": {"code": "C2", "name": "", "phone": "1", "more": "2"}}
    done = carry_out(make, plan(make, lacking))
    with unit_of_work():
        run = session.get_one(Run, done.id)
        run.source = {**run.source, "kind": "gone"}
    failed = receipts.failed_rows(runs.get(done.id, by=make.mona), by=make.mona)
    assert {name for name, _label in failed.columns} == {"code", "name", "phone", "more"}
    assert len(list(failed.rows)) == 2


def test_failed_rows_have_a_column_that_none_of_them_fills(make: Make) -> None:
    done = carry_out(make, plan(make, {**rows_of("Fine"), "C2": {"code": "C2"}}))
    failed = receipts.failed_rows(done, by=make.mona)
    assert list(failed.columns) == [("code", "Code"), ("name", "Name"), ("phone", "Phone")]


def test_a_run_without_failed_rows_has_no_such_file(make: Make) -> None:
    done = carry_out(make, plan(make, rows_of("Acme")))
    with pytest.raises(NotFound):
        receipts.failed_rows(done, by=make.mona)


def test_an_undo_has_no_file_of_failed_rows(make: Make) -> None:
    done = carry_out(make, plan(make, rows_of("Acme")))
    make.contact(session.scalars(select(Account).where(Account.name == "Acme")).one())
    with pytest.raises(NotFound):
        receipts.failed_rows(take_back(make, done), by=make.mona)


def test_what_a_run_changed_is_counted_by_its_changes(make: Make) -> None:
    make.account("Old name", number="C1")
    done = carry_out(make, plan(make))
    assert receipts.changed(done) == {"created": 1, "updated": 1}
