"""Accounts are the same here, in Intacct and in Salesforce, whoever changes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from crmapp.db import session
from crmapp.models import Change, RunException
from crmapp.services import account_details, account_sync, failures, runs, undo
from crmapp.services.account_sync import Chosen
from tests.support.parties import Parties, opened_parties

NUMBER, NAME = "C005", "Atelier graphique"


@pytest.fixture
def parties(make, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Parties]:
    by_rest = getattr(request, "param", "xml") == "rest"
    with opened_parties(make, tmp_path, by_rest=by_rest) as parties:
        yield parties


both = pytest.mark.parametrize("parties", ["xml", "rest"], indirect=True)


@both
def test_a_change_here_goes_to_both_systems(make, parties):
    parties.enable()
    account = make.account(NAME, number=NUMBER)
    parties.sync()
    before = parties.customer(NUMBER)

    parties.edit(account, phone="+33 40 11 22 33")
    run = parties.sync()

    assert run
    assert run.status == "done", run.error
    assert before
    assert before["phone"] != "+33 40 11 22 33"
    assert parties.customer(NUMBER)["phone"] == "+33 40 11 22 33"
    assert parties.there(NUMBER)["phone"] == "+33 40 11 22 33"
    assert parties.state(account).state == "synced"
    assert parties.state(account).pending is None


@both
def test_a_change_in_salesforce_comes_here_and_goes_to_intacct(make, parties):
    parties.enable()
    account = make.account(NAME, number=NUMBER)
    parties.sync()

    parties.change_there(NUMBER, phone="+33 40 99 88 77")
    parties.due()
    run = parties.sync()

    assert run
    assert run.status == "done"
    assert parties.here(account)["phone"] == "+33 40 99 88 77"
    assert parties.customer(NUMBER)["phone"] == "+33 40 99 88 77"


@both
def test_our_own_writing_is_no_change_when_it_is_read(make, parties):
    parties.enable()
    account = make.account(NAME, number=NUMBER)
    parties.sync()
    parties.edit(account, phone="+33 40 11 22 33")
    parties.sync()
    changes = session.scalar(select(func.count()).select_from(Change))

    parties.due()
    run = parties.sync()

    assert run is None
    assert session.scalar(select(func.count()).select_from(Change)) == changes
    assert parties.state(account).pending is None


def test_an_account_that_is_new_here_is_made_in_both_systems_once(make, parties):
    parties.enable(create=frozenset({"intacct", "salesforce"}))
    account = make.account("Brand New", number="N-100", phone="+1 555 0100")

    parties.touch(account)
    run = parties.sync()
    parties.touch(account)
    parties.sync()

    assert run
    assert run.status == "done", run.error
    assert parties.customer("N-100") == {"name": "Brand New", "phone": "+1 555 0100"}
    assert parties.there("N-100") == {"name": "Brand New", "phone": "+1 555 0100"}


def test_without_leave_to_create_nothing_is_made_and_the_state_does_not_say_it_is(make, parties):
    parties.enable(create=frozenset())
    account = make.account("Brand New", number="N-100")

    parties.touch(account)
    parties.sync()

    assert parties.customer("N-100") is None
    assert parties.there("N-100") is None
    assert parties.state(account).state == ""


def test_a_row_that_is_refused_is_kept_with_the_words_and_tried_again(make, parties):
    parties.enable()
    account = make.account(NAME, number=NUMBER)
    parties.sync()
    parties.fault("salesforce", "lock_row", times=None)
    parties.edit(account, phone="+33 40 11 22 33")

    run = parties.sync()

    state = parties.state(account)
    refused = session.scalars(select(RunException)).one()
    assert run
    assert run.status == "done_with_errors"
    assert (state.state, state.problem["system"]) == ("rejected", "salesforce")
    assert state.problem["said"]
    assert refused.record_id == account.id
    assert parties.sync() is None

    parties.well("salesforce")
    account_sync.retry(by=make.alice)
    assert parties.finish().status == "done"
    assert parties.there(NUMBER)["phone"] == "+33 40 11 22 33"
    assert parties.state(account).state == "synced"


def test_many_accounts_are_planned_and_carried_over_when_somebody_says_so(make, parties):
    parties.enable()
    account = make.account(NAME, number=NUMBER, phone="+33 40 11 22 33")
    other = make.account("No Number")

    run = parties.work(account_sync.synchronize_many(Chosen(), by=make.alice))
    assert (run.status, run.total) == ("planned", 1)
    assert account_sync.count(Chosen(), by=make.alice) == 1
    account_sync.begin(run.id, run.plan_hash, by=make.alice)
    run = parties.work(run.id)

    assert run.status == "done"
    assert parties.state(account).state == "synced"
    assert parties.state(other) is None


def test_an_undo_goes_to_the_other_systems_too(make, parties):
    parties.enable()
    account = make.account(NAME, number=NUMBER)
    parties.sync()
    known = parties.here(account)["phone"]
    parties.change_there(NUMBER, phone="+33 40 99 88 77")
    parties.due()
    run = parties.sync()

    undone = undo.undo_later(run.id, by=make.alice, key=None)
    parties.work(undone)
    parties.sync()

    assert parties.here(account)["phone"] == known
    assert parties.there(NUMBER)["phone"] == known
    assert parties.customer(NUMBER)["phone"] == known


def test_the_account_is_linked_to_its_record_by_the_sync(make, parties):
    parties.enable()
    account = make.account(NAME, number=NUMBER)
    parties.touch(account)
    parties.sync()

    assert account_details.linked(account.id)


@pytest.mark.parametrize("phone", [None, "+33 40 00 00 00"], ids=["alone", "with a value"])
def test_a_link_that_an_undo_took_away_does_not_come_back(make, parties, phone):
    parties.enable()
    account = make.account(NAME, number=NUMBER, phone=phone)
    parties.touch(account)
    run = parties.sync()
    assert account_details.linked(account.id)

    parties.work(undo.undo_later(run.id, by=make.alice, key=None))
    parties.touch(account)
    parties.sync()

    assert account_details.linked(account.id) is None
    assert parties.state(account).state == "held"


def test_two_accounts_with_one_number_are_left_to_a_person(make, parties):
    parties.enable()
    one = make.account(NAME, number=NUMBER)
    two = make.account("Twin", number=NUMBER, erp_company="2")
    parties.touch(one, two)

    parties.sync()

    assert parties.state(one).state == parties.state(two).state == "held"


def test_a_quota_that_is_used_up_rests_the_sync_and_says_so(make, parties):
    parties.enable()
    account = make.account(NAME, number=NUMBER)
    parties.touch(account)
    parties.fault("salesforce", "quota")

    run = parties.sync()

    assert run
    assert run.status == "failed"
    assert "quota" in (run.error or "")
    assert parties.sync() is None
    assert parties.state(account).pending is not None
    assert runs.get(run.id, by=make.alice).status == "failed"


def test_a_field_that_vanished_takes_its_row_only(make, parties):
    parties.enable()
    account = make.account(NAME, number=NUMBER)
    parties.touch(account)
    parties.sync()
    parties.fault("salesforce", "field_vanished", object="Account", field="Fax", times=None)
    parties.edit(account, phone="+33 40 11 22 33")

    run = parties.sync()

    assert run.status == "done", run.error
    assert parties.there(NUMBER)["phone"] == "+33 40 11 22 33"


def test_a_run_in_which_both_systems_refuse_an_account_is_one_attempt(make, parties):
    parties.enable()
    account = make.account(NAME, number=NUMBER)
    parties.sync()
    for system in ("intacct", "salesforce"):
        parties.fault(system, "lock_row", times=None)
    parties.edit(account, phone="+33 40 11 22 33")

    parties.sync()

    assert session.scalar(select(func.count()).select_from(RunException)) == 2
    assert parties.state(account).attempts == 1


@pytest.mark.parametrize("system, named", [("salesforce", "Salesforce"), ("intacct", "Sage")])
def test_a_run_that_waits_says_which_system_is_busy(make, parties, system, named):
    parties.enable()
    make.account(NAME, number=NUMBER)
    parties.fault(system, "unavailable", times=None)

    run = account_sync.start_due()
    runs.work(run)

    assert str(failures.obstacle(runs.get(run, by=make.alice))).startswith(f"{named}")
