"""Numbers that customers pass on to each other, and accounts that are not theirs."""

from __future__ import annotations

import pytest

from crmapp.domain.plan import Planned
from crmapp.services import accounts, plans
from tests.support.feeds import Erp, customer, feed, living, mapping, numbers, source, take_back


@pytest.fixture
def erp():
    return Erp([customer(n) for n in range(1, 8)])


@pytest.fixture
def rule(make, erp):
    return mapping(make, source(make, erp))


def test_numbers_that_customers_passed_on_are_passed_on_in_one_run(make, rule, erp):
    feed(make, rule)
    before = {account.name: account.id for account in living()}
    codes = {1: "C2", 2: "C3", 3: "C9", 4: "C5", 5: "C4"}
    erp.rows[:5] = [{**customer(n), "code": code} for n, code in codes.items()]
    erp.rows.append({**customer(10), "code": "C1"})

    run = feed(make, rule)

    assert run.done == {"created": 1, "unchanged": 2, "updated": 5}
    held = {account.name: account for account in living()}
    assert {n: held[f"Customer {n}"].number for n in codes} == codes
    assert {name: held[name].id for name in before} == before
    assert feed(make, rule) is None
    take_back(make, run)
    assert numbers() == [f"C{n}" for n in range(1, 8)]


def test_a_number_that_nobody_gives_up_is_for_a_person_to_settle(make, rule, erp):
    feed(make, rule)
    erp.rows = [{**customer(1), "code": "C2"}, *erp.rows[2:]]

    run = feed(make, rule)

    (row,) = plans.rows(run, Planned.REJECTED, 1, by=make.alice, locale="en").rows
    assert str(row.reason) == "Another account has the number C2."
    assert feed(make, rule) is None
    (other,) = living(number="C2")
    accounts.delete(other.id, by=make.alice)
    assert feed(make, rule).done == {"unchanged": 5, "updated": 1}


def test_a_number_that_another_customer_has_now_does_not_make_the_two_one(make, rule, erp):
    feed(make, rule)
    erp.rows[0] = {**customer(50), "code": "C1"}

    run = feed(make, rule)

    (row,) = plans.rows(run, Planned.AMBIGUOUS, 1, by=make.alice, locale="en").rows
    assert [each.number for each in row.candidates] == ["C1"]
    assert living(number="C1")[0].name == "Customer 1"


def test_an_account_of_another_name_is_not_taken_for_its_number_alone(make, rule):
    make.account("Quite different", number="C4")

    run = feed(make, rule)

    assert run.done == {"created": 6, "skipped": 1}
    assert living(number="C4")[0].name == "Quite different"
