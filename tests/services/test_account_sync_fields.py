"""What becomes of accounts while a field of the map is gone, or none is known yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crmapp.db import session
from crmapp.domain.standard_rows import ACCOUNT, INTACCT_ID
from crmapp.models import Account
from crmapp.services import (
    account_sync_health,
    account_sync_problems,
    connections,
    field_maps,
    remotes,
    sync_health,
    sync_options,
)
from crmapp.services.sync_health import Headline
from crmapp.services.sync_options import SyncOptions
from tests.support.parties import Parties, opened_parties
from tests.support.sandbox_pair import connect_both

NUMBER, NAME, OURS = "C005", "Atelier graphique", "+33 40 11 22 33"


@pytest.fixture
def parties(make, tmp_path: Path) -> Iterator[Parties]:
    with opened_parties(make, tmp_path) as parties:
        yield parties


@pytest.fixture
def account(make, parties) -> Account:
    """An account that is the same everywhere."""
    parties.enable()
    account = make.account(NAME, number=NUMBER)
    parties.sync()
    parties.touch(account)
    parties.sync()
    assert parties.state(account).state == "synced"
    return account


def lose_fax(parties: Parties) -> None:
    """Hide the field in Salesforce, and have it noticed."""
    parties.fault("salesforce", "field_vanished", object=ACCOUNT, field="Fax", times=None)
    field_maps.read_anew(by=parties.make.alice)
    parties.due()
    parties.sync()


def fax_there() -> Any:
    session.rollback()
    with remotes.opened("salesforce") as connector:
        (found,) = connector.find(ACCOUNT, ["Fax"], INTACCT_ID, NUMBER)
    return found["Fax"]


def test_a_row_that_worked_and_rests_is_no_good(make, parties, account):
    lose_fax(parties)

    found = sync_health.overview(by=make.alice)

    assert found.headline is Headline.ATTENTION
    assert [str(each) for each in found.reasons] == [
        "Rows of the field map that worked rest, because a field is gone: Fax."
        " Read the fields anew, or set the rows inactive."
    ]


def test_an_account_without_a_change_by_a_row_that_rests_stays_the_same(parties, account):
    lose_fax(parties)

    found = account_sync_health.standing(account.id)

    assert (found.state, found.waits, found.resting) == ("synced", False, ("Fax",))


def test_what_is_changed_while_its_row_rests_is_not_called_synchronized(parties, account):
    lose_fax(parties)

    parties.edit(account, fax=OURS)
    parties.sync()

    found = account_sync_health.standing(account.id)
    (problem,) = found.problems
    assert (found.state, problem.label) == ("held", "Fax")
    assert "Salesforce has no field Fax any more" in str(problem.text)


def test_what_was_changed_meanwhile_is_carried_over_when_the_field_is_back(make, parties, account):
    lose_fax(parties)
    parties.edit(account, fax=OURS)
    parties.sync()

    parties.well("salesforce")
    parties.due()
    run = parties.sync()

    assert run.status == "done", run.error
    assert fax_there() == OURS
    assert parties.state(account).state == "synced"
    assert account_sync_health.health(by=make.alice).resting == ()


def test_fields_are_not_read_for_one_account_while_a_row_rests(make, parties, account):
    lose_fax(parties)
    parties.well("salesforce")

    parties.edit(account, phone=OURS)
    parties.sync()

    assert parties.there(NUMBER)["phone"] == OURS
    assert account_sync_health.health(by=make.alice).resting == ("Fax",)


def test_fields_that_were_never_read_are_read_before_accounts_are_compared(make, parties):
    options = SyncOptions(enabled=True)
    sync_options.save(options, seen=sync_options.version(), by=make.alice)
    account = make.account(NAME, number=NUMBER, phone=OURS)
    assert not field_maps.is_described()
    parties.touch(account)

    run = parties.sync()

    assert run.status == "done", run.error
    assert field_maps.is_described()
    assert parties.state(account).state == "synced"


def test_a_system_that_was_removed_and_connected_again_is_described_by_the_sync(
    make, parties, account
):
    version = connections.of("intacct").version
    connections.remove("intacct", version=version, by=make.alice)
    version = connections.of("salesforce").version
    connections.remove("salesforce", version=version, by=make.alice)
    connect_both(parties.salesforce, parties.intacct, by=make.alice)
    parties.edit(account, phone=OURS)

    run = parties.sync()

    assert run.status == "done", run.error
    assert parties.state(account).state == "synced"
    assert parties.there(NUMBER)["phone"] == parties.customer(NUMBER)["phone"] == OURS


def test_rows_are_called_by_their_labels_whatever_intacct_was_spoken_to_by(parties, account):
    names = account_sync_problems.labels()

    assert names["name~Name"] == names["NAME~Name"]
    assert "~" not in names["name~Name"]
