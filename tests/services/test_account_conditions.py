"""What can be asked of accounts by a built filter, by whom, and what is refused."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, text

from crmapp.db import db, session, unit_of_work
from crmapp.errors import Invalid
from crmapp.models import Account
from crmapp.services import account_list, accounts, custom_fields
from crmapp.services.account_question import Question
from tests.services.test_account_list_plans import plans, plans_of
from tests.support.columns import derived


def names(by, where, **args):
    question = Question.from_args({"where": where, **args}, me=by.id)
    return [line.name for line in account_list.page(question, by=by).rows]


def test_a_filter_shows_nothing_of_another_rep(make):
    make.account("Secret", billing_city="Lyon", owner_id=make.mallory.id)
    make.account("Mine", billing_city="Lyon", owner_id=make.bob.id)

    assert names(make.bob, "billing_city~is~lyon|owner_id~filled") == ["Mine"]


def test_me_is_whoever_reads_the_filter(make):
    make.account("Bob's", owner_id=make.bob.id)

    assert names(make.bob, "owner_id~any~me") == ["Bob's"]
    assert names(make.mallory, "owner_id~any~me") == ["Elsewhere Engines"]


def test_teams_are_asked_for_by_their_number(make):
    team = make.bob.teams[0].id
    make.account("North's", team_id=team)

    assert names(make.mona, f"team_id~any~{team}") == ["North's"]
    assert "North's" not in names(make.mona, f"team_id~none~{team}")


def test_deleted_accounts_are_filtered_as_well(make):
    for name in ("Hinterland", "Heartland"):
        accounts.delete(make.account(name, billing_city="Lyon").id, by=make.mona)

    assert names(make.mona, "name~contains~hinter", deleted="yes") == ["Hinterland"]
    assert names(make.mona, "billing_city~is~LYON", deleted="yes") == ["Heartland", "Hinterland"]


def test_a_filter_holds_together_with_the_others(make):
    for name, active in (("Lyon One", True), ("Lyon Two", False)):
        make.account(name, billing_city="Lyon", active=active)

    found = names(make.mona, "billing_city~is~Lyon", q="lyon", active="yes", sort="-name")

    assert found == ["Lyon One"]


@pytest.mark.parametrize("field", ["email", "phone", "website"])
def test_a_part_of_an_address_is_looked_for_though_it_is_no_address(make, field):
    values = {"email": "ann@acme.example", "phone": "+48 42 555", "website": "https://acme.example"}
    make.account("Acme", **values)

    part = {"email": "ACME.ex", "phone": "42", "website": "acme"}[field]

    assert names(make.mona, f"{field}~contains~{part}") == ["Acme"]


def test_an_account_without_a_primary_contact_is_found(make):
    make.account("Acme")

    assert "Acme" in names(make.mona, "primary_contact_id~empty")
    assert names(make.mona, "primary_contact_id~filled") == []


@pytest.mark.parametrize(
    "where, problem",
    [
        ("owner_id~any~999", "is not in the list"),
        ("credit_limit~gt~much", "Enter an amount"),
        ("created_at~past~-1", "Enter a number of days"),
        ("name~is~\u0301", "Enter a value"),
    ],
)
def test_a_value_that_is_none_is_refused_and_its_field_is_named(make, where, problem):
    make.account("Acme")

    with pytest.raises(Invalid) as refused:
        names(make.bob, where)

    assert problem in str(refused.value.message)


def test_a_field_that_was_retired_meanwhile_is_named(make):
    make.field("zone", retired=True)

    with pytest.raises(Invalid, match="no field “c_zone” any more"):
        names(make.mona, "c_zone~is~x")


@pytest.mark.parametrize(
    "kind, asked", [("number", "is~5"), ("date", "is~2026-01-01"), ("money", "between~1~2")]
)
def test_a_field_that_has_an_index_is_read_from_it(make, kind, asked):
    typed = {"label_en": "Mine", "kind": kind, "filterable": True}
    custom_fields.create(typed, by=make.alice)
    crowd()
    question = Question.from_args({"where": f"c_mine~{asked}"}, me=make.alice.id)

    first, *_ = plans_of(question, make.alice)

    assert "ix_account_c_mine" in first


def crowd():
    """Make so many accounts that PostgreSQL does not find one index as good as another."""
    names = (f"Account {number}" for number in range(1_000))
    with unit_of_work():
        rows = [{"name": name, **derived("account", {"name": name})} for name in names]
        session.execute(insert(Account), rows)
    if db.engine.dialect.name == "postgresql":
        session.execute(text("ANALYZE account"))


def test_the_beginning_of_a_name_is_read_from_the_order_of_names(make):
    crowd()
    question = Question.from_args({"where": "name~begins~ac"}, me=make.mona.id)

    first, *_ = plans_of(question, make.mona)

    assert "ix_account_list" in first
    assert "name_key" in first


def test_whether_a_filter_can_be_asked_is_said_without_looking_for_accounts(make):
    pairs = {"where": "billing_city~is~Lyon,name~contains~Acme"}
    mona = make.mona
    question = Question.from_args(pairs, me=mona.id)
    list(mona.teams)

    with plans() as found:
        account_list.check(question, by=mona)

    assert found == []
