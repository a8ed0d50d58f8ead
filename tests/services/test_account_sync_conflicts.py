"""Where all sides differ, a person keeps the value of one, and the others follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from crmapp.domain.field_copies import Party
from crmapp.domain.field_rules import Conflict as Rule
from crmapp.errors import Conflict, Forbidden, OwnedElsewhere
from crmapp.models import Account, ExternalIdentity
from crmapp.services import (
    account_sync,
    account_sync_conflicts,
    account_sync_health,
    crm_integration,
    field_maps,
)
from crmapp.services.account_sync_problems import Problem
from tests.factories import _kept
from tests.support.feeds import Erp, mapping, source
from tests.support.parties import Parties, opened_parties

NUMBER, NAME = "C005", "Atelier graphique"
PHONES = {
    Party.HERE: "+33 40 11 11 11",
    Party.INTACCT: "+33 40 22 22 22",
    Party.SALESFORCE: "+33 40 33 33 33",
}


@pytest.fixture
def parties(make, tmp_path: Path) -> Iterator[Parties]:
    with opened_parties(make, tmp_path) as parties:
        parties.enable()
        crm_integration.save(True, seen=crm_integration.version(), by=make.alice)
        rule = next(each for each in field_maps.rules() if each.code == "phone")
        asks = replace(rule, conflict=Rule.ASK)
        field_maps.put_row(asks, instead_of=rule.key, by=make.alice)
        field_maps.save(seen=field_maps.version(), by=make.alice)
        yield parties


@pytest.fixture
def account(make, parties) -> Account:
    """An account that has another phone on each side."""
    account = make.account(NAME, number=NUMBER)
    parties.sync()
    parties.edit(account, phone="+33 40 00 00 00")
    parties.sync()
    parties.edit(account, phone=PHONES[Party.HERE])
    parties.change_customer(NUMBER, phone=PHONES[Party.INTACCT])
    parties.change_there(NUMBER, phone=PHONES[Party.SALESFORCE])
    parties.due()
    parties.sync()
    return account


def problem(account: Account) -> Problem:
    (found,) = account_sync_health.standing(account.id).problems
    return found


def keep(make, account: Account, party: Party, seen: str | None = None, **more) -> int:
    asked = problem(account)
    word = asked.torn.word if seen is None else seen
    by = more.get("by", make.mona)
    return account_sync_conflicts.keep(account, asked.key, party, seen=word, by=by)


def test_the_values_of_all_sides_are_said(parties, account):
    torn = problem(account).torn

    assert {party: each.said for party, each in torn.copies.items()} == PHONES


@pytest.mark.parametrize("party", list(Party))
def test_what_she_keeps_is_there_on_all_sides(make, parties, account, party):
    run = parties.work(keep(make, account, party))

    assert run.status == "done", run.error
    assert run.by_id == make.mona.id
    assert parties.here(account)["phone"] == PHONES[party]
    assert parties.customer(NUMBER)["phone"] == PHONES[party]
    assert parties.there(NUMBER)["phone"] == PHONES[party]
    assert parties.state(account).state == "synced"


def test_what_is_changed_on_another_side_before_it_is_written_is_asked_about_again(
    make, parties, account
):
    run = keep(make, account, Party.HERE)
    parties.change_there(NUMBER, phone="+33 40 44 44 44")

    parties.work(run)

    assert problem(account).torn.copies[Party.SALESFORCE].said == "+33 40 44 44 44"
    assert parties.customer(NUMBER)["phone"] == PHONES[Party.INTACCT]


def test_other_values_than_she_has_seen_are_not_kept(make, parties, account):
    before = parties.state(account).accepted

    with pytest.raises(Conflict, match="not those any more"):
        keep(make, account, Party.HERE, seen="forged")

    assert parties.state(account).accepted == before
    assert parties.state(account).pending is None


def test_a_value_from_elsewhere_is_not_kept_where_a_source_keeps_the_field(make, parties, account):
    source_id = source(make, Erp(), "Our ERP")
    mapping(make, source_id)
    known = {"system": f"feed:{source_id}", "object": "customer", "external_id": "K5"}
    _kept(ExternalIdentity(**known, account_id=account.id))

    with pytest.raises(OwnedElsewhere, match="“Our ERP” keeps this field"):
        keep(make, account, Party.INTACCT)
    run = parties.work(keep(make, account, Party.HERE))

    assert run.status == "done", run.error
    assert parties.customer(NUMBER)["phone"] == PHONES[Party.HERE]


def test_while_a_run_works_nothing_is_kept(make, parties, account):
    account_sync.synchronize(account, by=make.mona)

    with pytest.raises(Conflict, match="has not ended yet"):
        keep(make, account, Party.HERE)


def test_who_may_not_change_the_account_keeps_nothing(make, parties, account):
    with pytest.raises(Forbidden):
        keep(make, account, Party.HERE, by=make.carol)
