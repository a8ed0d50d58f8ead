"""Numbers that the rows of a plan hand on to each other, wherever in the plan they stand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crmapp.domain.mapping import FieldMapping
from crmapp.services import accounts, fixing, receipts, records, runs
from crmapp.services.fixes import Fix
from crmapp.services.fixing import Answer
from tests.factories import Make
from tests.support.feeds import Erp, customer, feed, living, mapping, numbers, source
from tests.support.upserts import carry_out, plan, rows_of, take_back

pytestmark = pytest.mark.database

NAMES = ("Acme", "Bolt", "Cone", "Dart")
MAPPING = FieldMapping({"name": "name", "number": "code", "credit_limit": "limit"})


@pytest.fixture(autouse=True)
def _one_row_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crmapp.services.pace.chunk_size", lambda: 1)


@pytest.fixture(autouse=True)
def four(make: Make) -> None:
    carry_out(make, plan(make, renumbered(), MAPPING))


def renumbered(**codes: str) -> dict[str, dict[str, object]]:
    rows = rows_of(*NAMES, limit="10")
    for key, code in codes.items():
        rows[key] |= {"code": code, "limit": "25"}
    return rows


def held() -> dict[str, str | None]:
    return {account.name: account.number for account in living()}


@pytest.mark.parametrize(
    "codes",
    [
        {"C1": "C2", "C2": "C1"},
        {"C1": "C3", "C3": "C4", "C4": "C1"},
        {"C1": "C2", "C2": "C3", "C3": "C9"},
    ],
    ids=["two", "a ring", "a line"],
)
def test_they_arrive_in_one_run_and_go_back_in_one_undo(make, codes):
    before = held()
    done = carry_out(make, plan(make, renumbered(**codes), MAPPING))

    after = held()
    assert done.status == "done"
    assert done.done == {"updated": len(codes), "unchanged": 4 - len(codes)}
    assert receipts.left_out(done, by=make.mona) == []
    assert after == before | {NAMES[int(key[1]) - 1]: code for key, code in codes.items()}
    total = done.control["credit_limit"]
    assert Decimal(total["written"]) == Decimal(total["planned"])
    assert Decimal(total["left_out"]) == 0
    undone = take_back(make, done)
    assert undone.done == {"updated": len(codes)}
    assert held() == before


def test_what_another_account_keeps_is_told_in_the_preview_and_all_others_arrive(make):
    make.account("Elsewhere", number="X1")
    planned = plan(make, renumbered(C1="C2", C2="C1", C3="X1"), MAPPING)
    done = carry_out(make, planned)

    (row,) = receipts.left_out(done, by=make.mona)
    assert (row.name, str(row.reason)) == ("Cone", f"Number: {records.NUMBER_TAKEN}")
    assert done.done == {"rejected": 1, "unchanged": 1, "updated": 2}
    assert Decimal(done.control["credit_limit"]["left_out"]) == 25
    assert runs.receipt_of(done).balances


def test_a_number_that_another_account_keeps_is_mended_in_the_preview(make):
    make.account("Elsewhere", number="X1")
    planned = plan(make, renumbered(C3="X1"), MAPPING)
    run_id, answer = planned.id, Answer("fix-3-number", Fix.VALUE, "number", "C3", row_no=3)

    fixing.fix(run_id, [answer], plan_hash=planned.plan_hash or "", by=make.mona)
    done = carry_out(make, runs.get(run_id, by=make.mona))

    assert done.done == {"unchanged": 3, "updated": 1}
    assert held()["Cone"] == "C3"


def test_who_is_behind_one_that_cannot_go_cannot_go_either(make):
    make.account("Elsewhere", number="X1")

    planned = plan(make, renumbered(C1="C2", C2="X1"), MAPPING)

    assert planned.counts == {"rejected": 2, "unchanged": 2}


def test_what_somebody_takes_after_the_preview_is_left_out_and_said(make):
    planned = plan(make, renumbered(C3="X1"), MAPPING)
    make.account("Elsewhere", number="X1")

    done = carry_out(make, planned)

    (row,) = receipts.left_out(done, by=make.mona)
    assert (row.name, str(row.reason)) == ("Cone", "Another account has the number X1.")
    assert done.done == {"skipped": 1, "unchanged": 3}
    assert Decimal(done.control["credit_limit"]["left_out"]) == 25


def test_who_cannot_go_for_another_reason_says_that_one(make):
    planned = plan(make, renumbered(C1="C2", C2="C1"), MAPPING)
    (bolt,) = living(number="C2")
    accounts.update(bolt.id, {"phone": "555 999"}, bolt.version, by=make.mona)

    done = carry_out(make, planned)

    said = {row.name: str(row.reason) for row in receipts.left_out(done, by=make.mona)}
    assert said == {
        "Acme": "Another account has the number C2.",
        "Bolt": "Somebody changed this account after the plan was made.",
    }


def test_no_more_are_tried_again_than_are_written_at_once(make, monkeypatch):
    monkeypatch.setattr("crmapp.services.apply.AGAIN", 1)

    first = carry_out(make, plan(make, renumbered(C1="C2", C2="C3", C3="C9"), MAPPING))
    second = carry_out(make, plan(make, renumbered(C1="C2", C2="C3", C3="C9"), MAPPING))

    assert (first.done["skipped"], second.status) == (2, "done")
    assert runs.receipt_of(first).balances


def test_those_of_a_source_arrive_though_a_ring_is_cut_between_two_chunks(make):
    erp = Erp([customer(n, code=f"K{n}") for n in range(1, 6)])
    rule = mapping(make, source(make, erp))
    feed(make, rule)
    for n, code in {1: "K2", 2: "K3", 3: "K1"}.items():
        erp.rows[n - 1] = customer(n, code=code)

    run = feed(make, rule)

    assert run is not None
    assert run.done == {"unchanged": 2, "updated": 3}
    assert feed(make, rule) is None
    assert [each for each in numbers() if each.startswith("K")] == [f"K{n}" for n in range(1, 6)]
