"""Bad cells of a plan are fixed or dropped, and the plan that runs has it so."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from crmapp import artefacts
from crmapp.db import session
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.steps import Step, StepKind
from crmapp.errors import Conflict, Forbidden, Invalid, NotFound
from crmapp.models import Account, PlanDecision, Run
from crmapp.services import decisions, fixes, fixing, plans, runs, upserts
from crmapp.services.bad_cells import BadCells
from crmapp.services.fixes import Cell, Fix
from crmapp.services.fixing import Answer
from tests.factories import Make
from tests.support.upserts import MAPPING, carry_out, plan, plan_again, queue, rows_of, take_back

LIMITS = FieldMapping({**MAPPING.columns, "credit_limit": "limit"})


def bad(*cells: str, **more: Any) -> dict[str, dict[str, Any]]:
    """Make one row per cell of the column *limit*."""
    rows = rows_of(*(f"Name {n}" for n, _ in enumerate(cells)), **more)
    return {k: {**row, "limit": cell} for (k, row), cell in zip(rows.items(), cells, strict=True)}


def fix(make: Make, run: Run, *answers: Answer) -> Run:
    fixing.fix(run.id, answers, plan_hash=run.plan_hash or "", by=make.mona)
    session.rollback()
    return runs.get(run.id, by=make.mona)


def value(row_no: int, typed: str, field: str = "credit_limit") -> Answer:
    return Answer(f"fix-{row_no}-{field}", Fix.VALUE, field, typed, row_no=row_no)


def group(choice: Fix, typed: str = "", found: str = "N/A", field: str = "credit_limit") -> Answer:
    return Answer("value", choice, field, typed, found=found)


def drop(row_no: int, field: str = "credit_limit") -> Answer:
    return Answer(f"fix-{row_no}-{field}", Fix.DROP_CELL, field, row_no=row_no)


def planned_rows(run: Run) -> dict[int, dict[str, Any]]:
    with artefacts.read([part["name"] for part in run.artefacts]) as file:
        return {row["row_no"]: row for row in file.rows("true", [], 1000)}


def written(name: str) -> Account | None:
    session.rollback()
    return session.scalar(select(Account).where(Account.name == name))


@pytest.mark.parametrize("mark", ["\u202a", "\u202e", "\u2066", "\u2069"])
def test_a_name_that_turns_the_text_beside_it_is_a_bad_cell(make: Make, mark: str) -> None:
    run = plan(make, rows_of(f"Acme{mark}"))

    (row,) = planned_rows(run).values()
    assert (row["action"], row["reason"]) == ("rejected", "bad_value")


def test_a_fixed_cell_makes_its_row_part_of_the_plan(make: Make) -> None:
    planned = plan(make, bad("100", "N/A"), LIMITS)
    assert planned.counts == {"create": 1, "rejected": 1}
    fixed = fix(make, planned, value(2, "250.50"))
    assert fixed.counts == {"create": 2}
    assert fixed.control == {"credit_limit": {"planned": "350.50"}}
    assert plans.written(fixed) == 2


def test_the_run_writes_what_was_fixed_and_balances(make: Make) -> None:
    done = carry_out(make, fix(make, plan(make, bad("100", "N/A"), LIMITS), value(2, "250.50")))
    account = written("Name 1")
    assert account is not None
    assert str(account.credit_limit) == "250.50"
    assert runs.receipt_of(done).clean
    (final,) = done.artefacts
    assert done.plan_hash == final["sha256"]


def test_a_fix_updates_an_account_with_its_old_value_noted(make: Make) -> None:
    make.account("Name 0", number="C1", phone="555 123", credit_limit=5)
    fixed = fix(make, plan(make, bad("N/A"), LIMITS), value(1, "7"))
    assert fixed.counts == {"update": 1}
    assert planned_rows(fixed)[1]["fields"] == {"credit_limit": ["5.00", "7.00"]}


def test_a_dropped_cell_leaves_the_field_alone(make: Make) -> None:
    clearing = FieldMapping(LIMITS.columns, clear_empty=True)
    make.account("Old", number="C1", credit_limit=5)
    carry_out(make, fix(make, plan(make, bad("N/A"), clearing), drop(1)))
    account = written("Name 0")
    assert account is not None
    assert account.credit_limit == 5


def test_a_dropped_row_is_skipped_and_listed(make: Make) -> None:
    planned = plan(make, bad("100", "N/A"), LIMITS)
    fixed = fix(make, planned, Answer("row-2", Fix.DROP_ROW, "", row_no=2))
    done = carry_out(make, fixed)
    assert fixed.counts == {"create": 1, "kept": 1}
    assert runs.receipt_of(done).outcomes["skipped"] == 1
    assert runs.receipt_of(done).balances


def test_cells_with_the_same_bad_value_are_fixed_together(make: Make) -> None:
    planned = plan(make, bad("N/A", "N/A", "soon", "n/a"), LIMITS)
    fixed = fix(make, planned, group(Fix.VALUE, "9"))
    assert fixed.counts == {"create": 2, "rejected": 2}
    assert fixed.control["credit_limit"]["planned"] == "18.00"


@pytest.mark.parametrize("choice, action", [(Fix.DROP_CELL, "create"), (Fix.DROP_ROW, "kept")])
def test_cells_or_rows_of_one_bad_value_are_dropped_together(
    make: Make, choice: Fix, action: str
) -> None:
    planned = plan(make, bad("N/A", "N/A", "soon"), LIMITS)
    assert fix(make, planned, group(choice)).counts == {action: 2, "rejected": 1}


def test_a_row_with_two_bad_cells_is_fixed_cell_by_cell(make: Make) -> None:
    planned = plan(make, bad("N/A", phone="x"), LIMITS)
    half = fix(make, planned, value(1, "5"))
    assert planned_rows(half)[1]["params"]["field"] == "phone"
    whole = fix(make, half, value(1, "555 999", "phone"))
    assert whole.counts == {"create": 1}
    assert sorted(field for _row, field in fixes.of(whole.id)) == ["credit_limit", "phone"]


def test_a_fix_is_taken_as_it_was_typed_past_the_steps(make: Make) -> None:
    stepping = FieldMapping(LIMITS.columns, steps={"credit_limit": (Step(StepKind.COMMA),)})
    fixed = fix(make, plan(make, bad("N/A"), stepping), value(1, "12.50"))
    assert fixed.control["credit_limit"]["planned"] == "12.50"


@pytest.mark.parametrize("typed", ["soon", " ", "12,34,5", "\x00"])
def test_a_value_that_is_still_bad_is_refused_at_its_input(make: Make, typed: str) -> None:
    planned = plan(make, bad("N/A"), LIMITS)
    with pytest.raises(Invalid) as refused:
        fix(make, planned, value(1, typed))
    assert list(refused.value.fields) == ["fix-1-credit_limit"]
    assert session.scalars(select(PlanDecision)).all() == []


def test_one_bad_answer_keeps_none(make: Make) -> None:
    planned = plan(make, bad("N/A", "soon"), LIMITS)
    with pytest.raises(Invalid):
        fix(make, planned, value(1, "5"), value(2, "later"))
    assert fixes.of(planned.id) == {}


def test_the_name_is_fixed_but_not_dropped(make: Make) -> None:
    planned = plan(make, {"C1": {"code": "C1", "name": "", "phone": ""}})
    with pytest.raises(Invalid):
        fix(make, planned, drop(1, "name"))
    assert fix(make, planned, value(1, "Acme", "name")).counts == {"create": 1}


@pytest.mark.parametrize(
    "answer",
    [
        value(1, "5"),
        value(2, "5", "phone"),
        value(2, "5", "parent_id"),
        value(2, "5", "made_up"),
        value(99, "5"),
        group(Fix.VALUE, "5", found="something else"),
        Answer("row-1", Fix.DROP_ROW, "", row_no=1),
    ],
)
def test_what_is_not_bad_is_not_to_be_fixed(make: Make, answer: Answer) -> None:
    planned = plan(make, bad("100", "N/A"), LIMITS)
    with pytest.raises(Invalid) as refused:
        fix(make, planned, answer)
    assert list(refused.value.fields) == [answer.name]


def test_a_fixed_row_for_an_account_that_another_row_means_is_rejected(make: Make) -> None:
    rows = bad("N/A", "100")
    rows["C1"]["code"] = "C2"
    fixed = fix(make, plan(make, rows, LIMITS), value(1, "5"))
    assert planned_rows(fixed)[1]["reason"] == "already_meant"
    assert runs.receipt_of(carry_out(make, fixed)).balances


def test_two_fixed_rows_do_not_make_one_account_twice(make: Make) -> None:
    rows = bad("N/A", "N/A")
    rows["C2"]["code"] = "C1"
    fixed = fix(make, plan(make, rows, LIMITS), group(Fix.VALUE, "5"))
    assert fixed.counts == {"create": 1, "rejected": 1}


def test_a_fixed_row_may_need_a_decision_and_both_get_into_the_run(make: Make) -> None:
    prospect = make.account("Name 0", number=None)
    fixed = fix(make, plan(make, bad("N/A"), LIMITS), value(1, "5"))
    assert fixed.counts == {"ambiguous": 1}
    answer = {1: f"update:{prospect.id}"}
    decisions.decide(fixed.id, answer, plan_hash=fixed.plan_hash or "", by=make.mona)
    session.rollback()
    done = carry_out(make, runs.get(fixed.id, by=make.mona))
    account = written("Name 0")
    assert account is not None
    assert (account.number, account.credit_limit) == ("C1", 5)
    assert runs.receipt_of(done).clean


def test_a_fix_that_is_taken_back_takes_the_decision_with_it(make: Make) -> None:
    make.account("Name 0", number=None)
    fixed = fix(make, plan(make, bad("N/A"), LIMITS), value(1, "5"))
    decisions.decide(fixed.id, {1: "create"}, plan_hash=fixed.plan_hash or "", by=make.mona)
    (kept,) = fixing.kept(fixed.id)
    like = Cell(0, kept.field, kept.choice, kept.value, kept.found, "")
    fixing.take_back(fixed.id, [like], plan_hash=fixed.plan_hash or "", by=make.mona)
    session.rollback()
    again = runs.get(fixed.id, by=make.mona)
    assert again.counts == {"rejected": 1}
    assert session.scalars(select(PlanDecision)).all() == []


def test_without_its_fixes_a_plan_is_what_it_was(make: Make) -> None:
    planned = plan(make, bad("100", "N/A", "N/A", "soon"), LIMITS)
    before = (planned.plan_hash, planned.counts, planned.control, planned_rows(planned))
    fixed = fix(make, planned, group(Fix.VALUE, "5"), drop(4))
    for kept in fixing.kept(fixed.id):
        like = Cell(0, kept.field, kept.choice, kept.value, kept.found, "")
        now = runs.get(fixed.id, by=make.mona)
        fixing.take_back(now.id, [like], plan_hash=now.plan_hash or "", by=make.mona)
        session.rollback()
    after = runs.get(fixed.id, by=make.mona)
    assert (after.plan_hash, after.counts, after.control, planned_rows(after)) == before


def test_somebody_who_looked_before_the_fix_neither_fixes_nor_runs(make: Make) -> None:
    planned = plan(make, bad("100", "N/A"), LIMITS)
    old = planned.plan_hash or ""
    fix(make, planned, value(2, "5"))
    with pytest.raises(Conflict):
        fixing.fix(planned.id, [value(2, "6")], plan_hash=old, by=make.mona)
    with pytest.raises(Conflict):
        upserts.run_later(planned.id, plan_hash=old, key=None, by=make.mona)


def test_a_run_that_has_begun_takes_no_fixes(make: Make) -> None:
    planned = plan(make, bad("100", "N/A"), LIMITS)
    queue(make, planned)
    with pytest.raises(Conflict):
        fix(make, runs.get(planned.id, by=make.mona), value(2, "5"))


def test_who_may_not_add_accounts_may_not_fix(make: Make) -> None:
    planned = plan(make, bad("N/A"), LIMITS)
    plan_hash = planned.plan_hash or ""
    with pytest.raises((Forbidden, NotFound)):
        fixing.fix(planned.id, [value(1, "5")], plan_hash=plan_hash, by=make.bob)


def test_more_than_a_person_can_mean_is_refused(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fixing, "MOST", 1)
    planned = plan(make, bad("N/A", "N/A"), LIMITS)
    with pytest.raises(Invalid) as refused:
        fix(make, planned, group(Fix.VALUE, "5"))
    assert "mapping page" in str(refused.value.fields[""])


def test_fixes_outlive_a_plan_made_anew_while_their_cells_are_the_same(make: Make) -> None:
    planned = plan(make, bad("N/A", "soon", phone="x"), LIMITS)
    row = Answer("row-2", Fix.DROP_ROW, "", row_no=2)
    fixed = fix(make, planned, value(1, "5"), value(1, "555 999", "phone"), row)
    again = plan_again(make, fixed.id, FieldMapping(LIMITS.columns, clear_empty=True))
    assert again.counts == {"create": 1, "kept": 1}
    assert again.control["credit_limit"]["planned"] == "5.00"
    other = FieldMapping({**LIMITS.columns, "phone": "code", "credit_limit": "limit"})
    changed = plan_again(make, fixed.id, other)
    assert {field for _row, field in fixes.of(changed.id)} == {"credit_limit", "*"}


def test_a_fix_that_is_needed_no_more_is_forgotten(make: Make) -> None:
    fixed = fix(make, plan(make, bad("N/A"), LIMITS), value(1, "5"))
    again = plan_again(make, fixed.id, MAPPING)
    assert again.counts == {"create": 1}
    assert fixes.of(fixed.id) == {}


def test_a_run_with_fixes_is_undone_like_any_other(make: Make) -> None:
    fixed = fix(make, plan(make, bad("100", "N/A"), LIMITS), value(2, "5"))
    undone = take_back(make, carry_out(make, fixed))
    assert undone.status == "done"
    assert written("Name 1").deleted_at is not None  # type: ignore[union-attr]  # it is there


def test_bad_values_that_rows_share_are_offered_once(make: Make) -> None:
    planned = plan(make, bad("N/A", "N/A", "soon", "N/A"), LIMITS)
    (cell,) = BadCells(planned, "en").shared()
    assert (cell.field, cell.found, cell.count, cell.needed) == ("credit_limit", "N/A", 3, False)
    assert BadCells(planned, "en").shared("phone") == []


def test_of_a_field_with_few_values_those_are_offered(make: Make) -> None:
    mapping = FieldMapping({**MAPPING.columns, "terms": "limit"})
    planned = plan(make, bad("soon"), mapping)
    (row,) = planned_rows(planned).values()
    (cell,) = BadCells(planned, "en").of(plans.PlanRow.from_json(row))
    assert ("net_30", "Net 30") in cell.choices
    assert fix(make, planned, value(1, "net_30", "terms")).counts == {"create": 1}


def test_fixes_that_are_alike_are_listed_as_one(make: Make) -> None:
    planned = plan(make, bad("N/A", "N/A", "soon"), LIMITS)
    fixed = fix(make, planned, group(Fix.VALUE, "5"), drop(3))
    assert [(k.field, k.choice, k.value, k.found, k.count) for k in fixing.kept(fixed.id)] == [
        ("credit_limit", "value", "5", "N/A", 2),
        ("credit_limit", "drop_cell", None, "soon", 1),
    ]
