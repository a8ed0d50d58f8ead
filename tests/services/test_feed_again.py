"""What one row of a feed is certain of answers what would be asked about another."""

from __future__ import annotations

import pytest

from crmapp.artefacts import PlanFile
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.plan import Planned
from crmapp.services import planning, plans
from tests.support.feeds import MAPPING, Erp, customer, feed, living, mapping, source

WIDE = FieldMapping({**MAPPING.columns, "billing_postal_code": "zip", "tax_id": "tax"})
PLACE = {"zip": "75001"}


@pytest.fixture
def erp():
    return Erp()


@pytest.fixture
def rule(make, erp):
    return mapping(make, content=Content((FedBy(source(make, erp), WIDE),)))


def test_a_namesake_is_not_asked_about_where_another_row_has_the_account(make, erp, rule):
    mine = make.account("Acme Boults", number="C1", billing_postal_code="75001").id
    erp.rows = [customer(2, "Acme Bolts", **PLACE), customer(1, "Acme Boults", **PLACE)]

    run = feed(make, rule)

    assert run.done == {"created": 1, "updated": 1}
    assert [account.id for account in living(number="C1")] == [mine]
    assert feed(make, rule) is None


def test_rows_are_joined_as_often_for_many_accounts_in_doubt_as_for_one(
    make, erp, rule, monkeypatch
):
    monkeypatch.setattr(planning, "PART", 2)
    ask, questions = PlanFile.ask, []
    monkeypatch.setattr(
        PlanFile,
        "ask",
        lambda self, query, *more: questions.append(query) or ask(self, query, *more),
    )
    names = "Acme", "Bravo", "Cargo", "Delta", "Extra"
    for name in names:
        make.account(f"{name} Bolts", billing_postal_code="75001")
    erp.rows = [customer(n, f"{name} Boltz", **PLACE) for n, name in enumerate(names, 1)]

    run = feed(make, rule)

    assert run.counts == {"ambiguous": 5}
    assert sum("renumbered AS" in query for query in questions) == 2  # who is, who else is


def test_what_is_certain_makes_others_certain_in_turn(make, erp, rule):
    same = {"billing_postal_code": "75001", "tax_id": "FR1"}
    first = make.account("Acme Bolts", number="C1", **same).id
    second = make.account("Acme Boltz", **same).id
    erp.rows = [
        customer(3, "Acme Boltz", tax="FR1", **PLACE),
        customer(1, "Acme Bolts", tax="FR1", **PLACE),
    ]

    run = feed(make, rule)

    assert run.done == {"updated": 2}
    assert {account.number: account.id for account in living()} == {"C1": first, "C3": second}


def test_a_customer_with_a_new_key_is_asked_about_and_one_that_is_there_as_well_is_not(
    make, erp, rule
):
    erp.rows = [customer(1, "Acme", tax="FR1", **PLACE), customer(2, "Zeta", tax="FR2", **PLACE)]
    feed(make, rule)
    erp.rows[0] |= {"id": "N1", "code": "N1"}
    erp.rows.append(customer(3, "Zeta", tax="FR2", **PLACE))

    run = feed(make, rule)

    (row,) = plans.rows(run, Planned.AMBIGUOUS, 1, by=make.alice, locale="en").rows
    assert (row.planned.key, [each.number for each in row.candidates]) == ("N1", ["C1"])
    assert run.done == {"created": 1, "skipped": 1, "unchanged": 1}
    assert feed(make, rule) is None


def test_an_empty_source_is_nothing_to_ask_about(make, rule):
    assert feed(make, rule).total == 0
