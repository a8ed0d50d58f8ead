"""What people do to an account while a sync of it is at work is neither lost nor written over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crmapp.errors import Forbidden, NotFound
from crmapp.services import account_sync, accounts, runs
from crmapp.services.account_sync import Chosen
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


def test_what_was_changed_here_while_the_sync_was_off_is_carried_over_once_it_is_on(make, parties):
    account = make.account(NAME, number=NUMBER)
    parties.sync()
    parties.enable(enabled=False)
    parties.edit(account, phone=OURS)
    assert parties.sync() is None

    parties.enable()
    parties.sync()

    assert parties.there(NUMBER)["phone"] == OURS


def test_a_run_ends_when_the_sync_is_switched_off(make, parties):
    account = make.account(NAME, number=NUMBER)
    parties.sync()
    parties.edit(account, phone=OURS)

    with parties.meanwhile("intacct", lambda: parties.enable(enabled=False)):
        run = parties.sync()

    assert run.status == "cancelled"
    assert parties.there(NUMBER)["phone"] != OURS
    assert parties.state(account).pending is not None


def test_a_run_that_was_cancelled_does_not_begin_anew_by_itself_at_once(make, parties):
    account = make.account(NAME, number=NUMBER)
    parties.sync()
    parties.edit(account, phone=OURS)
    run = account_sync.start_due()
    runs.cancel(run, by=make.alice)

    assert parties.sync() is None
    account_sync.synchronize(account, by=make.mona)
    assert parties.finish().status == "done"
    assert parties.there(NUMBER)["phone"] == OURS


def test_a_plan_that_was_thrown_away_does_not_keep_the_sync_from_its_work(make, parties):
    account = make.account(NAME, number=NUMBER)
    parties.sync()
    parties.change_customer(NUMBER, phone=OURS)
    runs.cancel(parties.plan().id, by=make.alice)
    parties.edit(account, phone=OURS)

    assert parties.sync().status == "done"


def test_only_a_sync_of_accounts_is_begun_as_one(make, parties):
    run = make.run(kind="upsert", status="planned", plan_hash="abc")

    with pytest.raises(NotFound):
        account_sync.begin(run.id, "abc", by=make.alice)


def test_who_may_not_manage_integrations_begins_nothing_for_many(make, parties):
    account = make.account(NAME, number=NUMBER)

    for person in (make.bob, make.carol):
        for act in (account_sync.synchronize_many, account_sync.count):
            with pytest.raises(Forbidden):
                act(Chosen(), by=person)
        with pytest.raises(Forbidden):
            account_sync.retry(by=person)
    with pytest.raises(Forbidden):
        account_sync.synchronize(account, by=make.carol)


def test_an_edit_while_a_run_writes_is_not_settled_with_it(make, parties):
    account = make.account(NAME, number=NUMBER)
    parties.sync()
    parties.edit(account, phone=OURS)

    with parties.meanwhile("salesforce", lambda: parties.edit(account, phone=THEIRS), before=2):
        run = parties.sync()

    assert run.status == "done"
    assert parties.state(account).pending is not None
    parties.sync()
    assert parties.there(NUMBER)["phone"] == parties.customer(NUMBER)["phone"] == THEIRS
    assert parties.here(account)["phone"] == THEIRS
    assert parties.state(account).pending is None
