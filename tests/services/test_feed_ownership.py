"""Whose word counts for a field of an account that a feed keeps: the source's or a person's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmapp.db import unit_of_work, utcnow
from crmapp.domain.feeds import Content, FedBy, Responsible
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.ownership import Owner
from crmapp.models import Account
from crmapp.services import records
from tests.support.feeds import (
    MAPPING,
    Erp,
    customer,
    feed,
    living,
    mapping,
    numbers,
    source,
    take_back,
)
from tests.support.upserts import edit


@pytest.fixture
def erp():
    return Erp([customer(n) for n in range(1, 8)])


@pytest.fixture
def rule(make, erp):
    return mapping(make, source(make, erp))


def owned(make, erp, owner, **more):
    """A CRM mapping in which ``owner`` says whose the phone is."""
    fed = FedBy(source(make, erp, **more), MAPPING, {"phone": owner})
    return mapping(make, content=Content((fed,)))


def test_what_the_crm_owns_is_only_said_of_a_new_account(make, erp):
    rule = owned(make, erp, Owner.CRM)
    feed(make, rule)
    erp.rows[0] = customer(1, phone="999 999")

    assert feed(make, rule) is None
    assert living(number="C1")[0].phone == "555 123"


def test_what_is_only_filled_while_blank_is_filled_then(make, erp):
    make.account("Customer 1", number="C1", phone="111 111")
    make.account("Customer 2", number="C2")
    rule = owned(make, erp, Owner.BLANK)

    feed(make, rule)

    assert [living(number=n)[0].phone for n in ("C1", "C2")] == ["111 111", "555 123"]


def test_the_source_wins_over_a_person_if_the_field_is_its_own(make, rule):
    feed(make, rule)
    edit(make, living(number="C1")[0], phone="111 111")

    feed(make, rule)

    assert living(number="C1")[0].phone == "555 123"


@pytest.mark.parametrize("hours, phone", [(-1, "111 111"), (1, "999 999")])
def test_the_newest_wins_by_the_moment_that_the_source_says(make, erp, hours, phone):
    rule = owned(make, erp, Owner.NEWEST, stamp_column="changed")
    feed(make, rule)
    edit(make, living(number="C1")[0], phone="111 111")
    stamp = utcnow() + timedelta(hours=hours)
    erp.rows[0] = customer(1, phone="999 999", changed=stamp.isoformat())

    feed(make, rule)

    assert living(number="C1")[0].phone == phone


def test_without_a_moment_a_persons_value_stays_until_the_source_says_something_new(
    make, erp, clock
):
    rule = owned(make, erp, Owner.NEWEST)
    feed(make, rule)
    clock.shift(timedelta(minutes=5))
    edit(make, living(number="C1")[0], phone="111 111")
    for _time in range(3):
        clock.shift(timedelta(minutes=5))
        feed(make, rule)
    kept = living(number="C1")[0].phone
    erp.rows[0] = customer(1, phone="999 999")

    feed(make, rule)

    assert (kept, living(number="C1")[0].phone) == ("111 111", "999 999")


def test_what_was_undone_is_left_alone_until_the_source_says_something_else(make, rule, erp):
    feed(make, rule)
    erp.rows[0] = customer(1, phone="999 999")
    take_back(make, feed(make, rule))

    again = feed(make, rule)
    held = living(number="C1")[0].phone
    erp.rows[0] = customer(1, phone="777 777")
    feed(make, rule)

    assert (again, held) == (None, "555 123")
    assert living(number="C1")[0].phone == "777 777"


def test_accounts_whose_creation_was_undone_are_not_created_again(make, rule, erp):
    take_back(make, feed(make, rule))

    again = feed(make, rule)
    nobody = numbers()
    erp.rows[0] = customer(1, "Another name")
    feed(make, rule)

    assert (again, nobody) == (None, [])
    assert numbers() == ["C1"]


def test_an_account_that_a_person_deleted_does_not_come_back(make, rule):
    feed(make, rule)
    (account,) = living(number="C1")
    with unit_of_work():
        records.delete(Account, account.id, by=make.alice)

    feed(make, rule)

    assert not living(number="C1")


def test_an_owner_and_a_team_are_given_by_the_first_rule_that_fits(make, erp):
    erp.rows = [customer(1, zip="75001"), customer(2, zip="69 002"), customer(3, zip="1000")]
    columns = {**MAPPING.columns, "billing_postal_code": "zip"}
    rules = (
        Responsible("billing_postal_code", "75", owner_id=make.bob.id),
        Responsible("billing_postal_code", "6 9", owner_id=make.mona.id),
    )
    bob, mona = make.bob.id, make.mona.id
    content = Content((FedBy(source(make, erp), FieldMapping(columns)),), rules)
    rule = mapping(make, content=content)

    feed(make, rule)

    assert [account.owner_id for account in living()] == [bob, mona, None]
    edit(make, living(number="C1")[0], owner_id=None)
    assert feed(make, rule) is None
