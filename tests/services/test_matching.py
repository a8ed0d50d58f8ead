"""How the rows of a plan find their accounts, and what people say about them is kept."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select, text

from crmapp.db import session, unit_of_work
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.matching import LADDER, Rule
from crmapp.domain.plan import Planned
from crmapp.errors import Forbidden, Invalid, NotFound
from crmapp.models import Account, MatchAnswer, Run
from crmapp.services import accounts, decisions, match_answers, match_rules, plans, runs
from crmapp.services.erasure import erase_accounts, erase_people
from tests.factories import Make
from tests.support.upserts import MAPPING, carry_out, edit, plan, rows_of, take_back

WIDE = FieldMapping(
    {
        **MAPPING.columns,
        "email": "email",
        "tax_id": "tax",
        "billing_postal_code": "zip",
    }
)


def row(name: str, **more: str) -> dict[str, dict[str, Any]]:
    empty = {"email": "", "tax": "", "zip": ""}
    return {"C1": {"code": "C1", "name": name, "phone": "555 123", **empty, **more}}


@pytest.mark.parametrize(
    "held, sent, rule",
    [
        ({"tax_id": "fr-12 34"}, {"tax": "FR12.34"}, "tax_id"),
        ({"email": "a@acme.example"}, {"email": "Info@ACME.example"}, "email_name"),
        ({"billing_postal_code": "75 001"}, {"zip": "75001"}, "name_postcode"),
    ],
)
def test_a_prospect_is_found_by_more_than_its_number(
    make: Make, held: dict[str, str], sent: dict[str, str], rule: str
) -> None:
    acme = make.account("Acme Bolts Ltd", number=None, **held)

    planned = plan(make, row("Bolts & Acme", **sent), WIDE)

    (shown,) = plans.rows(planned, Planned.UPDATE, 1, by=make.mona, locale="en").rows
    assert (shown.account, shown.rule) == (acme.id, LADDER[Rule(rule)])
    carry_out(make, planned)
    assert make.again(Account, acme.id).number == "C1"


def test_a_near_name_is_for_a_person_to_decide_and_says_why(make: Make) -> None:
    make.account("Akme Bolts", number=None)
    near = make.account("Acme Boults", number=None)

    planned = plan(make, row("Acme Bolts"))

    (shown,) = plans.rows(planned, Planned.AMBIGUOUS, 1, by=make.mona, locale="en").rows
    assert [each.id for each in shown.candidates] == [near.id]
    assert shown.rule == "The name is the same or nearly so"


def test_a_customer_of_the_same_name_with_another_number_is_left_alone(make: Make) -> None:
    make.account("Acme", number="C9", email="a@acme.example", billing_postal_code="75001")

    planned = plan(make, row("Acme", email="a@acme.example", zip="75001"), WIDE)

    assert planned.counts == {"create": 1}


def test_rules_that_are_switched_off_or_moved_do_as_they_are_told(make: Make) -> None:
    by_tax = make.account("Other", number=None, tax_id="FR1").id
    by_code = make.account("Acme", number=None, billing_postal_code="75001").id
    rows = row("Acme", tax="FR1", zip="75001")
    found = []
    for order, active in [
        (list(LADDER), set(LADDER)),
        (list(LADDER)[::-1], set(LADDER)),
        (list(LADDER), {"near_name"}),
        (list(LADDER), set()),
    ]:
        match_rules.save(order, active, by=make.ivan)
        found.append(plan(make, rows, WIDE))

    assert [each.counts for each in found] == [
        {"update": 1},
        {"update": 1},
        {"ambiguous": 1},
        {"create": 1},
    ]
    accounts_ = [
        plans.rows(each, Planned.UPDATE, 1, by=make.mona, locale="en").rows[0].account
        for each in found[:2]
    ]
    assert accounts_ == [by_tax, by_code]


def test_rules_are_set_by_those_with_the_right_and_all_at_once(make: Make) -> None:
    with pytest.raises(Forbidden):
        match_rules.save(list(LADDER), set(), by=make.mona)
    for order, active in [(["number"], set()), ([*LADDER, "number"], set()), (list(LADDER), {"x"})]:
        with pytest.raises(Invalid):
            match_rules.save(order, active, by=make.ivan)
    assert match_rules.ladder() == list(LADDER)


def decided(make: Make, answer: str) -> tuple[Run, Account]:
    """Decide about a row that may be a prospect of the same name, and carry it out."""
    prospect = make.account("Acme", number=None)
    planned = plan(make, rows_of("Acme"))
    answer = answer.format(prospect.id)
    decisions.decide(planned.id, {1: answer}, plan_hash=planned.plan_hash or "", by=make.mona)
    return carry_out(make, runs.get(planned.id, by=make.mona)), prospect


@pytest.mark.parametrize(
    "answer, counts",
    [("update:{}", {"update": 1}), ("create", {"create": 1}), ("skip", {"kept": 1})],
)
def test_what_was_decided_is_not_asked_again_even_after_an_undo(
    make: Make, answer: str, counts: dict[str, int]
) -> None:
    done, _prospect = decided(make, answer)
    if answer != "skip":
        take_back(make, done)

    again = plan(make, rows_of("Acme"))

    assert again.counts == counts


def test_a_row_that_was_said_to_be_this_one_finds_it_by_that(make: Make) -> None:
    done, prospect = decided(make, "update:{}")
    take_back(make, done)
    edit(make, make.again(Account, prospect.id), name="Quite different")

    (shown,) = plans.rows(
        plan(make, rows_of("Acme")), Planned.UPDATE, 1, by=make.mona, locale="en"
    ).rows

    assert (shown.account, shown.rule) == (prospect.id, "Somebody said so before")


def test_a_new_namesake_is_asked_about_and_the_one_that_differs_is_not(make: Make) -> None:
    done, _prospect = decided(make, "create")
    take_back(make, done)
    newcomer = make.account("Acme", number=None)

    (shown,) = plans.rows(
        plan(make, rows_of("Acme")), Planned.AMBIGUOUS, 1, by=make.mona, locale="en"
    ).rows

    assert [each.id for each in shown.candidates] == [newcomer.id]


def test_an_answer_that_names_a_deleted_account_is_void(make: Make) -> None:
    done, prospect = decided(make, "update:{}")
    take_back(make, done)
    accounts.delete(prospect.id, by=make.alice)

    assert plan(make, rows_of("Acme")).counts == {"create": 1}


def test_a_withdrawn_answer_is_asked_for_again(make: Make) -> None:
    done, _prospect = decided(make, "create")
    take_back(make, done)
    answer_id = match_answers.listed(by=make.mona, locale="en")[0].answer.id

    match_answers.withdraw(answer_id, by=make.mona)

    assert plan(make, rows_of("Acme")).counts == {"ambiguous": 1}
    with pytest.raises(NotFound):
        match_answers.withdraw(answer_id, by=make.mona)


def test_decisions_of_a_plan_that_is_not_run_are_not_kept(make: Make) -> None:
    make.account("Acme", number=None)
    planned = plan(make, rows_of("Acme"))
    decisions.decide(planned.id, {1: "skip"}, plan_hash=planned.plan_hash or "", by=make.mona)

    assert session.scalar(select(func.count(MatchAnswer.id))) == 0


def test_a_later_answer_takes_the_place_of_the_one_before(make: Make) -> None:
    decided(make, "skip")
    (first,) = match_answers.listed(by=make.mona, locale="en")
    match_answers.withdraw(first.answer.id, by=make.mona)
    planned = plan(make, rows_of("Acme"))
    decisions.decide(planned.id, {1: "create"}, plan_hash=planned.plan_hash or "", by=make.mona)
    carry_out(make, runs.get(planned.id, by=make.mona))

    assert session.scalars(select(MatchAnswer.choice)).all() == ["create"]


def test_answers_are_for_those_who_may_decide(make: Make) -> None:
    decided(make, "skip")
    with pytest.raises(Forbidden):
        match_answers.listed(by=make.bob, locale="en")
    with pytest.raises(Forbidden):
        match_answers.withdraw(1, by=make.bob)


def test_an_erased_account_and_an_erased_person_leave_no_answer_behind(make: Make) -> None:
    _done, prospect = decided(make, "update:{}")
    kept = session.scalars(select(MatchAnswer)).one()
    assert kept.by_id == make.mona.id

    with unit_of_work():
        erase_people([make.mona.id])
        erase_accounts([prospect.id])

    assert session.scalar(select(func.count(MatchAnswer.id))) == 0


def test_a_row_that_names_its_account_comes_before_one_that_a_rule_led_there(make: Make) -> None:
    acme = make.account("Acme", number="C2", billing_postal_code="75001")
    rows = row("Acme", zip="75001")
    rows["C1"]["code"] = ""
    rows["C2"] = {**rows["C1"], "code": "C2", "name": "Acme & Sons"}
    edit(make, acme, email="a@acme.example")
    by_mail = FieldMapping(WIDE.columns, match="email")
    rows["C1"]["email"], rows["C2"]["email"] = "b@other.example", "a@acme.example"

    planned = plan(make, rows, by_mail)

    assert planned.counts == {"rejected": 1, "update": 1}
    (left,) = plans.rows(planned, Planned.REJECTED, 1, by=make.mona, locale="en").rows
    assert (left.key, str(left.reason)) == (
        "C1",
        "Another row of the same source is about this account.",
    )


@pytest.mark.parametrize(
    "index, condition",
    [
        ("ix_account_email", "lower(email) = 'a@b.example' AND email IS NOT NULL"),
        (
            "ix_account_tax_id",
            "upper(replace(replace(replace(tax_id, ' ', ''), '.', ''), '-', '')) = 'FR1'"
            " AND tax_id IS NOT NULL",
        ),
        ("ix_account_near", "near_key = 'acm'"),
    ],
)
def test_accounts_are_found_by_an_index(make: Make, index: str, condition: str) -> None:
    sqlite = session.get_bind().dialect.name == "sqlite"
    asked = (
        f"EXPLAIN QUERY PLAN SELECT id FROM account WHERE deleted_at IS NULL AND {condition}"  # noqa: S608  (our own text)
        if sqlite
        else "SELECT indexname FROM pg_indexes"  # its planner takes any index of so small a table
    )

    assert index in " ".join(str(step[-1]) for step in session.execute(text(asked)))
