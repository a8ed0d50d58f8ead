"""What feeds of customers do with accounts that were merged, and after that was undone."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from crmapp.db import session
from crmapp.models import Account, Change, Run
from crmapp.services import merges, runs, undo
from tests.factories import Make
from tests.support.change_log import present
from tests.support.feeds import Erp, customer, feed, living, mapping, numbers, source, take_back
from tests.support.past import unlike


@pytest.fixture
def erp() -> Erp:
    return Erp([customer(1, "Acme"), customer(2, "Bolts"), customer(3, "Cogs")])


@pytest.fixture
def rule(make: Make, erp: Erp) -> int:
    return mapping(make, source(make, erp))


def merge(make: Make, into: Account, gone: Account) -> int:
    """Merge an account into another one, and return the run."""
    versions = {into.id: into.version, gone.id: gone.version}
    return merges.merge(into.id, versions, {}, by=make.mona)


def merged(make: Make) -> int:
    """Merge Bolts into Acme, and return the run."""
    into, gone = living()[:2]
    return merge(make, into, gone)


def changes() -> int:
    return session.scalar(select(func.count()).select_from(Change)) or 0


def test_the_next_feeds_of_both_customers_create_nothing_and_the_survivor_stays_itself(
    make: Make, rule: int
) -> None:
    feed(make, rule)
    merged(make)
    before = changes()

    for _time in range(2):
        feed(make, rule, whole=True)

    assert numbers() == ["C1", "C3"]
    assert [account.name for account in living()] == ["Acme", "Cogs"]
    assert changes() == before


def test_what_changes_at_the_customer_that_was_merged_creates_nothing(
    make: Make, rule: int, erp: Erp
) -> None:
    feed(make, rule)
    merged(make)
    erp.rows[1] = customer(2, "Bolts & Nuts", phone="999")

    feed(make, rule, whole=True)

    assert numbers() == ["C1", "C3"]
    assert (
        session.scalar(
            select(func.count()).select_from(Account).where(Account.name == "Bolts & Nuts")
        )
        == 0
    )


def test_after_an_undo_each_customer_is_its_own_account_again(
    make: Make, rule: int, erp: Erp
) -> None:
    feed(make, rule)
    undoing = undo.undo_later(merged(make), by=make.mona, key=None)
    runs.work(undoing)
    runs.work(undoing)
    assert make.again(Run, undoing).status == "done"
    erp.rows[1] = customer(2, "Bolts", phone="999")

    feed(make, rule, whole=True)

    assert numbers() == ["C1", "C2", "C3"]
    assert [account.phone for account in living()] == ["555 123", "999", "555 123"]


def test_a_prospect_that_took_over_a_customer_gives_all_of_it_back(make: Make, rule: int) -> None:
    feed(make, rule)
    customer_ = living()[1]
    prospect = make.account("Prospect")
    before = present()
    run = merge(make, prospect, customer_)
    assert make.again(Account, prospect.id).number == "C2"

    take_back(make, session.get_one(Run, run))

    assert unlike(before, present()) == {}


def test_who_led_an_account_leads_it_again_after_an_undo(make: Make, rule: int, erp: Erp) -> None:
    erp.rows[:] = [customer(1, "Acme"), customer(9, "Zenith"), customer(2, "Bolts")]
    feed(make, rule)
    acme, bolts, zenith = living()
    merge(make, zenith, bolts)
    take_back(make, session.get_one(Run, merge(make, acme, make.again(Account, zenith.id))))

    feed(make, rule, whole=True)

    assert [account.name for account in living()] == ["Acme", "Zenith"]
