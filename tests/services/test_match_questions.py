"""Questions outlive what was read: rows that do not come again are decided all the same."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.models import ExternalIdentity, MatchQuestion
from crmapp.services import crm_mappings, match_inbox, match_questions
from crmapp.services.match_inbox import Box, Reply
from tests.support.feeds import MAPPING, Erp, customer, feed, mapping, numbers, source


@pytest.fixture
def acme(make):
    return make.account("Acme Boults").id


@pytest.fixture
def once(make, acme, clock):
    """A mapping over files that are read once each: what was read does not come again."""
    erp = Erp([customer(1, "Acme Bolts")], delta=True, deletions=False)
    made = mapping(make, source(make, erp))
    feed(make, made)
    erp.rows = []
    return made


def inbox(make):
    session.rollback()
    return match_inbox.listed(Box(), 1, by=make.alice, locale="en").questions


def identities(account_id):
    query = select(ExternalIdentity.external_id).where(ExternalIdentity.account_id == account_id)
    return sorted(session.scalars(query))


def test_an_answer_about_a_row_of_a_file_is_carried_out_though_the_file_is_read_once(
    make, once, acme
):
    (question,) = inbox(make)
    match_inbox.answer({question.id: Reply("same", question.version, acme)}, by=make.alice)

    feed(make, once)

    assert (identities(acme), inbox(make)) == (["K1"], [])


def test_a_row_of_a_file_is_decided_anew_each_day(make, once, clock):
    typed = make.account("Acme Bolts", number="C1").id
    feed(make, once)
    asked = [each.name for each in inbox(make)]
    clock.shift(timedelta(hours=25))

    feed(make, once)

    assert asked == ["Acme Bolts"]
    assert (identities(typed), inbox(make)) == (["K1"], [])


def test_more_customers_than_fit_into_a_part_are_all_asked_about_and_settled(
    make, monkeypatch, clock
):
    monkeypatch.setattr(match_questions, "PART", 2)
    monkeypatch.setattr(match_questions, "MANY", 2)
    for n in range(5):
        make.account(f"Acme {n}00 Boults")
    rows = [customer(n, f"Acme {n}00 Bolts") for n in range(5)]
    rule = mapping(make, source(make, Erp(rows)))

    feed(make, rule)
    questions = inbox(make)
    replies = {each.id: Reply("different", each.version) for each in questions}
    match_inbox.answer(replies, by=make.alice)
    feed(make, rule)

    assert [each.key for each in questions] == [f"K{n}" for n in range(5)]
    assert numbers() == [f"C{n}" for n in range(5)]
    assert session.scalars(select(MatchQuestion)).all() == []


def test_a_plan_that_is_made_anew_asks_the_same_once(make, acme, clock):
    rule = mapping(make, source(make, Erp([customer(1, "Acme Bolts")])))
    feed(make, rule, dry=True)
    (before,) = inbox(make)

    feed(make, rule, dry=True)

    assert inbox(make) == [before]


def test_a_source_that_left_the_mapping_asks_no_more(make, acme, clock):
    left, right = Erp([customer(1, "Acme Bolts")]), Erp([{**customer(2, "Cogs"), "id": "S2"}])
    asking, other = source(make, left), source(make, right, "Shop")
    rule = mapping(make, asking, other)
    feed(make, rule)
    asked = [each.key for each in inbox(make)]
    content = Content((FedBy(other, MAPPING),))
    crm_mappings.save(rule, "ERP", content, version=1, by=make.alice)

    feed(make, rule)

    assert (asked, inbox(make)) == (["K1"], [])


def test_an_answer_counts_for_every_mapping_that_asked(make, acme, clock):
    erp = Erp([customer(1, "Acme Bolts")], delta=True)
    read = source(make, erp)
    first, second = mapping(make, read), mapping(make, read, name="Another")
    for rule in (first, second):
        feed(make, rule)
    one, other = inbox(make)
    due = match_inbox.answer({one.id: Reply("skip", one.version)}, by=make.alice)

    assert due == [first, second]
    assert inbox(make) == []
    assert {one.mapping, other.mapping} == {"ERP", "Another"}


def test_only_what_a_run_needs_of_a_row_is_kept(make, acme, clock):
    row = customer(1, "Acme Bolts", city="Ly\0on", territory=None)
    columns = {**MAPPING.columns, "territory": "territory"}
    read = source(make, Erp([row]), company_column="zip")
    rule = mapping(make, content=Content((FedBy(read, FieldMapping(columns)),)))

    feed(make, rule)

    (question,) = session.scalars(select(MatchQuestion))
    assert question.cells == {
        "name": "Acme Bolts",
        "code": "C1",
        "phone": "555 123",
        "territory": None,
    }
