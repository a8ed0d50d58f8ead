"""What an account bought, from every database that knows it."""

from datetime import date
from decimal import Decimal

import pytest

from crmapp.models import ExternalIdentity
from crmapp.services import account_sales, grids
from tests.factories import _kept
from tests.support.snapshots import lay_out_sales


@pytest.fixture(autouse=True)
def _sales(settings):
    lay_out_sales(settings)


def figures(account, by):
    (found,), problems = account_sales.of(account.id, by=by)
    assert problems == []
    return found


def test_an_account_shows_its_own_figures(make):
    account = make.account(owner_id=make.bob.id)
    make.customer(account, "C034")

    found = figures(account, make.bob)

    assert found.totals["value.total"] == Decimal("567255.97")
    assert found.totals["value.m12"] == Decimal("119242.98")
    assert found.totals["orders.current"] > 0
    assert [column.name for column in found.columns][:4] == [
        "value.current", "value.previous", "value.variance", "value.percent"
    ]  # fmt: skip


def test_several_customers_of_one_account_count_together(make):
    account = make.account()
    for key in ("C034", "C045"):
        make.customer(account, key)
    every = grids.answer(
        grids.ask("sales", "customers", {"size": "200"}, by=make.mona), by=make.mona
    )
    alone = {row.key: row.values["value.total"] for row in every.rows}

    found = figures(account, make.mona)

    assert found.keys == ("C034", "C045")
    assert found.totals["value.total"] == alone["C034"] + alone["C045"]


def test_the_last_order_and_the_rhythm_are_those_of_the_facts(make):
    account = make.account()
    make.customer(account, "C034")

    rhythm = figures(account, make.mona).rhythm

    assert rhythm.last == date(2026, 10, 31)
    assert rhythm.gap > 0
    assert rhythm.overdue == 0


def test_an_account_that_no_database_knows_has_no_figures(make):
    account = make.account(number="C034")

    assert account_sales.of(account.id, by=make.alice) == ([], [])


def test_the_figures_of_an_account_one_may_not_see_are_none(make):
    account = make.account(owner_id=make.mallory.id)
    make.customer(account, "C034")

    assert account_sales.of(account.id, by=make.bob) == ([], [])


def test_a_database_that_cannot_answer_does_not_hide_the_others(make, settings):
    account = make.account()
    make.customer(account, "C034")
    gone = {"system": "dataset:gone", "object": "customers", "external_id": "X"}
    _kept(ExternalIdentity(**gone, account_id=account.id))

    found, problems = account_sales.of(account.id, by=make.mona)

    assert [each.dataset.name for each in found] == ["sales"]
    assert len(problems) == 1
