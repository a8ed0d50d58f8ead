"""An account is synchronised with its own records only, whatever becomes of its number and link."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crmapp.db import session
from crmapp.services import account_details, account_sync_states, connections, field_maps
from tests.support.connections import rest
from tests.support.parties import Parties, opened_parties

NUMBER, NAME = "C005", "Atelier graphique"
OTHER = "N-300"
OURS, THEIRS = "+33 40 11 22 33", "+33 40 99 88 77"
BOTH = frozenset({"intacct", "salesforce"})


@pytest.fixture
def parties(make, tmp_path: Path) -> Iterator[Parties]:
    with opened_parties(make, tmp_path) as parties:
        parties.enable(create=BOTH)
        yield parties


def test_another_number_makes_no_second_customer_of_an_account(make, parties):
    account = make.account("Brand New", number="N-100", phone=OURS)
    parties.touch(account)
    parties.sync()

    parties.edit(account, number="N-200", phone=THEIRS)
    parties.sync()

    assert parties.customer("N-200") is None
    assert parties.customer("N-100")["phone"] == OURS
    assert parties.state(account).state == "held"
    parties.edit(account, number="N-100")
    parties.sync()
    assert parties.customer("N-100")["phone"] == THEIRS
    assert parties.state(account).state == "synced"


def test_a_record_that_is_linked_to_another_account_is_not_the_one_with_its_number(make, parties):
    one = make.account("Linked", number="")
    two = make.account(NAME, number=NUMBER)
    account_details.link(one, parties.id_there(NUMBER), by=make.mona)
    parties.touch(two)

    parties.sync()

    assert parties.state(two).state == "held"
    assert parties.there(NUMBER)["name"] == "Linked"


def test_two_numbers_that_differ_by_case_are_not_one_record_in_salesforce(make, parties):
    account = make.account("Lower", number=NUMBER.lower(), phone=OURS)
    before = parties.there(NUMBER)
    twin = make.account(NAME, number=NUMBER)
    parties.touch(account, twin)

    parties.sync()

    assert parties.there(NUMBER)["name"] == before["name"]
    assert parties.state(account).state != "synced"


def test_what_another_customer_says_is_no_change_of_the_one_before(make, parties):
    account = make.account(NAME, number=NUMBER, phone=OURS)
    parties.touch(account)
    parties.sync()
    known = parties.state(account).accepted[""]
    parties.change_customer(OTHER, name="Other", phone=THEIRS)

    parties.edit(account, number=OTHER)
    run = parties.sync()

    assert run.status == "done", run.error
    assert known["intacct"] == NUMBER
    assert parties.state(account).accepted[""] == known | {"intacct": OTHER}


def test_who_edits_an_account_after_intacct_is_spoken_to_otherwise_is_heard(make, parties):
    account = make.account(NAME, number=NUMBER)
    parties.sync()
    connections.save(
        "intacct",
        rest(parties.intacct),
        version=connections.of("intacct").version,
        by=make.alice,
    )
    assert connections.check("intacct", by=make.alice) is None
    field_maps.read_anew(by=make.alice)
    parties.sync()

    parties.edit(account, phone=OURS)
    run = parties.sync()

    assert run.status == "done", run.error
    assert parties.customer(NUMBER)["phone"] == parties.there(NUMBER)["phone"] == OURS
    assert parties.here(account)["phone"] == OURS
    assert parties.sync() is None


def test_a_system_that_is_connected_anew_is_read_from_the_beginning(make, parties):
    account = make.account(NAME, number=NUMBER)
    parties.touch(account)
    parties.sync()
    assert {"intacct", "salesforce"} <= account_sync_states.clock().cursors.keys()

    version = connections.of("intacct").version
    connections.remove("intacct", version=version, by=make.alice)

    session.rollback()
    assert "intacct" not in account_sync_states.clock().cursors
    assert "salesforce" in account_sync_states.clock().cursors


def test_a_record_that_a_person_unlinked_is_not_linked_by_its_number_again(make, parties):
    account = make.account(NAME, number=NUMBER)
    parties.touch(account)
    parties.sync()
    before = parties.there(NUMBER)
    account_details.unlink(account, by=make.mona)
    parties.edit(account, phone=THEIRS)

    parties.sync()

    state = parties.state(account)
    assert state.state == "held"
    assert "A person unlinked" in state.problem["rows"][""]["text"]
    assert account_details.linked(account.id) is None
    assert parties.there(NUMBER) == before
    account_details.link(account, parties.id_there(NUMBER), by=make.mona)
    parties.sync()
    assert parties.state(account).state == "synced"
    assert parties.there(NUMBER)["phone"] == THEIRS
