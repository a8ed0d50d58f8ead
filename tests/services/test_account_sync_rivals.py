"""What people do to an account while a sync of it is at work is neither lost nor written over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crmapp.services import account_sync, accounts, runs
from tests.support.parties import Parties, opened_parties

NUMBER, NAME = "C005", "Atelier graphique"
OURS, THEIRS = "+33 40 11 22 33", "+33 40 99 88 77"


@pytest.fixture
def parties(make, tmp_path: Path) -> Iterator[Parties]:
    with opened_parties(make, tmp_path) as parties:
        parties.enable()
        yield parties


def test_an_edit_while_the_sides_are_read_is_carried_over_by_the_next_run(make, parties):
    account = make.account(NAME, number=NUMBER)
    parties.sync()
    parties.edit(account, phone=OURS)

    with parties.meanwhile("salesforce", lambda: parties.edit(account, phone=THEIRS)):
        parties.sync()

    assert parties.state(account).pending is not None
    parties.sync()
    assert parties.here(account)["phone"] == THEIRS
    assert parties.there(NUMBER)["phone"] == THEIRS
    assert parties.customer(NUMBER)["phone"] == THEIRS


def test_a_number_given_while_the_sides_are_read_is_looked_at_by_the_next_run(make, parties):
    account, other = make.account("No Number"), make.account(NAME, number=NUMBER)
    parties.touch(account, other)

    with parties.meanwhile("intacct", lambda: parties.edit(account, number="C006"), before=2):
        parties.sync()

    assert parties.state(account).pending is not None


def test_what_was_changed_there_since_the_plan_was_shown_is_not_written_over(make, parties):
    account = make.account(NAME, number=NUMBER)
    parties.sync()
    parties.change_customer(NUMBER, phone=OURS)
    run = parties.plan()

    parties.change_there(NUMBER, phone=THEIRS)
    account_sync.begin(run.id, run.plan_hash, by=make.alice)
    run = parties.work(run.id)

    assert run.status == "done_with_errors"
    assert parties.there(NUMBER)["phone"] == THEIRS
    assert parties.state(account).pending is not None


def test_a_plan_makes_no_record_of_an_account_that_was_deleted_since(make, parties):
    parties.enable(create=frozenset({"intacct", "salesforce"}))
    account = make.account("Brand New", number="N-100")
    run = parties.plan()

    accounts.delete(account.id, by=make.mona)
    account_sync.begin(run.id, run.plan_hash, by=make.alice)
    run = parties.work(run.id)

    assert parties.customer("N-100") is None
    assert parties.there("N-100") is None
    parties.sync()
    assert parties.state(account).pending is None


def test_a_record_that_was_made_there_since_the_plan_was_shown_is_not_written_over(make, parties):
    account = make.account("Brand New", number="N-100", phone=OURS)
    run = parties.plan()

    parties.change_there("N-100", name="Made There", phone=THEIRS)
    account_sync.begin(run.id, run.plan_hash, by=make.alice)
    run = parties.work(run.id)

    assert parties.there("N-100") == {"name": "Made There", "phone": THEIRS}
    assert parties.state(account).pending is not None


def test_what_was_begun_and_cancelled_is_not_called_synchronised(make, parties):
    account = make.account(NAME, number=NUMBER)
    parties.sync()
    parties.change_customer(NUMBER, phone=OURS)
    run = parties.plan()
    account_sync.begin(run.id, run.plan_hash, by=make.alice)

    with parties.meanwhile("salesforce", lambda: runs.cancel(run.id, by=make.alice)):
        run = parties.work(run.id)

    assert run.status == "cancelled"
    assert parties.state(account).pending is not None
