"""Several customers of one account: all are its names elsewhere, one of them says what it holds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from crmapp.db import session
from crmapp.models import Account, Change, ExternalIdentity, MatchQuestion
from crmapp.services import crm_mappings, match_inbox
from crmapp.services.match_inbox import Box, Reply
from tests.support.feeds import Erp, customer, feed, living, mapping, numbers, source


@pytest.fixture(params=[False, True], ids=["everything", "changes"])
def erp(request, clock):
    """Two customers of a near name, read in whole each time, or what changed of them."""
    return Erp([customer(1, "Acme Bolts"), customer(2, "Acme Bults")], delta=request.param)


@pytest.fixture
def acme(make):
    return make.account("Acme Boults").id


@pytest.fixture
def rule(make, erp, acme):
    made = mapping(make, source(make, erp))
    crm_mappings.schedule(made, kind="never", guard_percent=100, by=make.alice)
    return made


@pytest.fixture
def both(make, rule, acme):
    """Both customers were said to be the same account, in one go."""
    feed(make, rule)
    say(make, "K1", "same", acme)
    say(make, "K2", "same", acme)
    feed(make, rule)
    return acme


def say(make, key, what, account=0):
    session.rollback()
    questions = match_inbox.listed(Box(), 1, by=make.alice, locale="en").questions
    (question,) = (each for each in questions if each.key == key)
    match_inbox.answer({question.id: Reply(what, question.version, account)}, by=make.alice)


def change(erp, number, name):
    """Change a customer there; one that says what changed says it at the end."""
    row = customer(number, name)
    if erp.delta:
        erp.rows = [*erp.rows, row]
    else:
        erp.rows = [row if each["id"] == row["id"] else each for each in erp.rows]


def keys(account_id):
    session.rollback()
    query = select(ExternalIdentity.external_id).where(ExternalIdentity.account_id == account_id)
    return sorted(session.scalars(query))


def holds(account_id):
    session.rollback()
    account = session.get_one(Account, account_id)
    return account.number, account.name


def changes():
    session.rollback()
    return session.scalar(select(func.count()).select_from(Change))


def test_several_customers_roll_up_to_one_account_and_then_nothing_changes(make, rule, both):
    done, before = (keys(both), holds(both), numbers()), changes()

    feed(make, rule)
    feed(make, rule, whole=True)

    assert done == (["K1", "K2"], ("C1", "Acme Bolts"), ["C1"])
    assert (changes(), holds(both)) == (before, ("C1", "Acme Bolts"))
    assert session.scalar(select(func.count()).select_from(MatchQuestion)) == 0


def test_the_customer_that_was_linked_first_says_what_the_account_holds(make, rule, both, erp):
    change(erp, 2, "Acme Plant")
    feed(make, rule)
    second = holds(both)
    change(erp, 1, "Acme Works")

    feed(make, rule)

    assert second == ("C1", "Acme Bolts")
    assert holds(both) == ("C1", "Acme Works")


def test_one_of_two_that_is_not_said_to_be_the_same_gets_an_account_of_its_own(
    make, rule, acme, erp
):
    feed(make, rule)
    say(make, "K2", "same", acme)
    feed(make, rule)
    feed(make, rule, whole=True)
    before = changes()

    feed(make, rule, whole=True)

    assert (keys(acme), holds(acme)) == (["K2"], ("C2", "Acme Bults"))
    assert numbers() == ["C1", "C2"]
    assert changes() == before


def test_another_leads_once_the_first_is_gone_from_a_source_that_was_read_in_whole(
    make, rule, both, erp
):
    erp.rows = [customer(2, "Acme Bults")]

    feed(make, rule, whole=True)

    assert holds(both) == ("C2", "Acme Bults")


def test_a_customer_that_got_another_key_in_files_is_asked_about_within_a_day(make, clock):
    erp = Erp([customer(1, "Acme")], delta=True, deletions=False)
    rule = mapping(make, source(make, erp))
    feed(make, rule)
    (acme,) = living()
    erp.rows = [{**customer(1, "Acme Works"), "id": "N1"}]
    clock.shift(timedelta(hours=25))

    feed(make, rule)

    asked = session.execute(select(MatchQuestion.external_id, MatchQuestion.name)).all()
    assert (keys(acme.id), holds(acme.id)) == (["K1"], ("C1", "Acme"))
    assert asked == [("N1", "Acme Works")]


def test_what_changed_in_a_source_further_right_takes_nothing_over(make, acme, clock):
    erp = Erp([customer(3, "Cogs")], delta=True)
    shop = Erp([{**customer(3, "Shop name"), "id": "S3"}], delta=True)
    rule = mapping(make, source(make, erp), source(make, shop, "Shop"))
    feed(make, rule)
    shop.rows = [*shop.rows, {**customer(3, "Shop again"), "id": "S3"}]

    feed(make, rule)

    assert [account.name for account in living(number="C3")] == ["Cogs"]


def test_the_same_number_in_two_companies_is_two_accounts_and_stays_two(make, clock):
    france = Erp([customer(1, "Acme", zip="1")], delta=True)
    britain = Erp([{**customer(1, "Acme", zip="2"), "id": "L1"}], delta=True)
    left = source(make, france, "France", company="FR")
    rule = mapping(make, left, source(make, britain, "Britain", company="UK"))
    feed(make, rule)
    before = changes()
    clock.shift(timedelta(hours=25))

    feed(make, rule)

    assert [(a.erp_company, a.number) for a in living()] == [("FR", "C1"), ("UK", "C1")]
    assert changes() == before


def test_customers_of_two_companies_with_one_number_can_be_one_account(make, clock):
    mine = make.account("Acme Boults").id
    france, britain = (
        Erp([customer(1, "Acme Bolts")]),
        Erp([{**customer(1, "Acme Bolts"), "id": "L1"}]),
    )
    left = source(make, france, "France", company="FR")
    rule = mapping(make, left, source(make, britain, "Britain", company="UK"))
    feed(make, rule)
    say(make, "K1", "same", mine)
    say(make, "L1", "same", mine)

    feed(make, rule)
    done, before = keys(mine), changes()
    feed(make, rule)

    assert (done, numbers()) == (["K1", "L1"], ["C1"])
    assert changes() == before
    assert session.get_one(Account, mine).erp_company == "FR"
