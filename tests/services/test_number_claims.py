"""Accounts that pass their numbers on in one batch."""

from __future__ import annotations

import pytest

from crmapp.db import unit_of_work
from crmapp.domain.changes import Action, Reason, Write
from crmapp.models import Account
from crmapp.services import records
from tests.factories import Make
from tests.support.feeds import living


def write(make: Make, *writes: Write) -> list[Reason | None]:
    alice = make.alice
    with unit_of_work():
        outcomes = records.write(Account, writes, by=alice)
    return [each.reason for each in outcomes]


def renumber(account: int, number: str | None, version: int | None = None) -> Write:
    return Write(Action.UPDATE, {"number": number}, account, version)


def held() -> dict[str, str | None]:
    return {account.name: account.number for account in living()}


@pytest.fixture
def three(make):
    return [make.account(name, number=name).id for name in "ABC"]


def test_numbers_go_round_whatever_the_order(make, three):
    a, b, c = three

    assert write(make, renumber(a, "B"), renumber(b, "C"), renumber(c, "A")) == [None] * 3
    assert held() == {"A": "B", "B": "C", "C": "A"}


def test_a_new_account_gets_the_number_of_one_that_goes(make, three):
    new = Write(Action.CREATE, {"name": "N", "number": "A"})

    assert write(make, new, Write(Action.DELETE, {}, three[0])) == [None, None]
    assert held() == {"N": "A", "B": "B", "C": "C"}
    assert make.again(Account, three[0]).number == "A"


def test_who_cannot_go_keeps_its_number_and_so_nobody_else_gets_it(make, three):
    a, b, c = three

    reasons = write(make, renumber(a, "B"), renumber(b, "C", version=7), renumber(c, "D"))

    assert reasons == [Reason.NUMBER_TAKEN, Reason.CHANGED_SINCE, None]
    assert held() == {"A": "A", "B": "B", "C": "D"}


def test_an_account_that_comes_to_a_company_does_not_take_a_number_there_twice(make, three):
    make.account("There", number="A", erp_company="FR")

    moved = Write(Action.UPDATE, {"erp_company": "FR"}, three[0])

    assert write(make, moved) == [Reason.NUMBER_TAKEN]
