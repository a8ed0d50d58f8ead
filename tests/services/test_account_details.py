"""What Salesforce holds of an account: read, kept, and shown with its age whatever happens."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.errors import Forbidden, Invalid, NotFound
from crmapp.models import ExternalIdentity, RequestLog
from crmapp.services import account_details, accounts, connections, integrations, remote_fields
from crmapp.services.integrations import Options
from tests.support.pretending import salesforce, show_details

FIELDS = ("OwnerId", "CustomerPriority__c", "AnnualRevenue", "NumberOfEmployees", "BillingAddress")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with salesforce(tmp_path_factory.mktemp("salesforce")) as found:
        yield found


@pytest.fixture
def remote(served, make, app):
    """A pretend Salesforce that is connected; some of its fields are chosen."""
    served.well()
    show_details(served.url, FIELDS, by=make.alice)
    yield served
    served.well()


@pytest.fixture
def known(remote):
    """The first account that is there."""
    (row,) = remote.ask("SELECT Id, Name, AccountNumber FROM Account ORDER BY Name LIMIT 1")
    return row


@pytest.fixture
def account(make, known):
    made = make.account(name=known["Name"], number=known["AccountNumber"], owner_id=make.bob.id)
    account_details.link(made, known["Id"], by=make.bob)
    return again(made, make.bob)


def again(account, by):
    session.rollback()
    return accounts.get(account.id, by=by)


def values(account):
    return {each.key: each for each in account_details.of(account).details}


def test_an_account_is_found_by_its_number_and_by_its_name(make, known):
    made = make.account(name="Something else", number=known["AccountNumber"])
    named = make.account(name=known["Name"])

    (by_number,) = account_details.candidates(made)
    (by_name,) = account_details.candidates(named)

    assert (by_number.external_id, by_number.reason) == (known["Id"], "number")
    assert (by_name.external_id, by_name.reason) == (known["Id"], "name")


def test_chosen_fields_are_read_and_kept_in_their_order(remote, account, known, make):
    remote.change(known["Id"], CustomerPriority__c="High", AnnualRevenue=1234)

    account_details.refresh(account)
    found = account_details.of(again(account, make.bob))

    assert [each.key for each in found.details] == list(FIELDS)
    by_name = {each.key: each for each in found.details}
    assert by_name["CustomerPriority__c"].value == "High"
    assert by_name["AnnualRevenue"].value == 1234
    assert by_name["OwnerId"].name
    assert (found.problem, found.stale) == (None, False)


def test_a_change_there_is_seen_after_a_refresh(remote, account, known, make):
    account_details.refresh(account)
    remote.change(known["Id"], CustomerPriority__c="Low")
    assert values(again(account, make.bob))["CustomerPriority__c"].value != "Low"

    account_details.refresh(again(account, make.bob))

    assert values(again(account, make.bob))["CustomerPriority__c"].value == "Low"


@pytest.mark.parametrize("kind", ["unauthorized", "quota", "server_error", "unavailable", "cut"])
def test_when_salesforce_cannot_be_read_the_last_values_stay_with_what_happened(
    remote, account, known, make, kind
):
    account_details.refresh(account)
    before = values(again(account, make.bob))
    remote.fault(kind, times=None)

    account_details.refresh(again(account, make.bob))

    found = account_details.of(again(account, make.bob))
    assert {each.key: each for each in found.details} == before
    assert found.problem is not None
    assert not found.stale


def test_a_field_that_vanished_takes_none_of_the_others_with_it(remote, account, make):
    remote.fault("field_vanished", object="Account", field="CustomerPriority__c", times=None)

    account_details.refresh(account)

    found = account_details.of(again(account, make.bob))
    assert "CustomerPriority__c" in str(found.problem)
    assert values(again(account, make.bob))["OwnerId"].name


def test_a_field_that_vanished_keeps_its_last_value(remote, account, known, make):
    remote.change(known["Id"], CustomerPriority__c="High")
    account_details.refresh(account)
    remote.fault("field_vanished", object="Account", field="CustomerPriority__c", times=None)

    account_details.refresh(again(account, make.bob))

    found = account_details.of(again(account, make.bob))
    assert {each.key: each for each in found.details}["CustomerPriority__c"].value == "High"
    assert found.partial


def test_after_an_attempt_that_failed_a_record_is_read_by_itself_again(
    clock, remote, account, make
):
    remote.fault("unavailable", times=None)
    account_details.refresh(account)
    assert not account_details.of(again(account, make.bob)).stale

    clock.shift(timedelta(seconds=account_details.AGAIN + 1))

    assert account_details.of(again(account, make.bob)).stale


def test_a_connection_that_is_removed_meanwhile_keeps_nothing(remote, account, make, monkeypatch):
    read = account_details._read

    def removed(*args):
        found = read(*args)
        row = connections.of("salesforce")
        connections.remove("salesforce", version=row.version, by=make.alice)
        return found

    monkeypatch.setattr(account_details, "_read", removed)
    account_details.refresh(account)

    found = account_details.of(again(account, make.bob))
    assert (found.connected, found.fetched_at) == (False, None)
    assert not any(each.gone for each in found.details)


def test_an_account_has_one_record_and_unlinking_leaves_none(remote, make, account, known):
    (other,) = remote.ask("SELECT Id FROM Account ORDER BY Name DESC LIMIT 1")

    with pytest.raises(Invalid):
        account_details.link(account, other["Id"], by=make.bob)


def test_a_deleted_account_holds_no_record_back(make, account, known):
    accounts.delete(account.id, by=make.mona)
    other = make.account(name="Another", owner_id=make.bob.id)

    account_details.link(other, known["Id"], by=make.bob)

    assert account_details.linked(other.id) == known["Id"]


def test_a_second_look_asks_nothing_of_salesforce(account, make):
    account_details.refresh(account)
    asked = session.scalars(select(RequestLog.id)).all()

    account_details.of(again(account, make.bob))

    assert session.scalars(select(RequestLog.id)).all() == asked


def test_a_refresh_is_one_request(account, make):
    account_details.refresh(account)
    before = len(session.scalars(select(RequestLog.id)).all())

    account_details.refresh(again(account, make.bob))

    session.rollback()
    assert len(session.scalars(select(RequestLog.id)).all()) == before + 1


def test_values_grow_stale(clock, account, make):
    account_details.refresh(account)
    clock.shift(timedelta(seconds=account_details.FRESH + 1))

    assert account_details.of(again(account, make.bob)).stale


def test_only_who_may_change_the_account_links_it(make, known):
    made = make.account(name="Acme")

    with pytest.raises(Forbidden):
        account_details.link(made, known["Id"], by=make.carol)


def test_one_record_is_one_account(make, account, known):
    other = make.account(name="Another", owner_id=make.bob.id)

    with pytest.raises(Invalid):
        account_details.link(other, known["Id"], by=make.bob)


@pytest.mark.parametrize("id_", ["001000000000000AAA", "", "' OR Id != null --"])
def test_a_record_that_is_not_there_cannot_be_linked(make, remote, id_):
    made = make.account(name="Acme", owner_id=make.bob.id)

    with pytest.raises(Invalid):
        account_details.link(made, id_, by=make.bob)


def test_unlinking_takes_the_values_away_and_is_in_the_history(make, account):
    account_details.refresh(account)

    account_details.unlink(again(account, make.bob), by=make.bob)

    assert account_details.of(again(account, make.bob)).external_id is None
    assert session.scalar(select(ExternalIdentity.id)) is None


def test_without_the_choice_there_is_no_tab(make, account):
    chosen = replace(integrations.options(), show_details=False)
    integrations.save(chosen, seen=integrations.version(), by=make.alice)

    with pytest.raises(NotFound):
        account_details.of(again(account, make.bob))


def test_a_field_that_is_known_to_be_gone_is_not_asked_for_again(remote, account, make):
    account_details.refresh(account)
    remote.fault("field_vanished", object="Account", field="SLA__c", times=None)
    chosen = Options(True, ("SLA__c", "Phone"))
    integrations.save(chosen, seen=integrations.version(), by=make.alice)
    remote_fields.read_anew()
    before = len(session.scalars(select(RequestLog.id)).all())

    account_details.refresh(again(account, make.bob))

    session.rollback()
    assert len(session.scalars(select(RequestLog.id)).all()) == before + 1
    found = account_details.of(again(account, make.bob))
    assert found.problem is None
    assert [each.field is None for each in found.details] == [True, False]


def test_no_transaction_stays_open_while_salesforce_answers(account, make, monkeypatch):
    read, open_then = account_details._read, []

    def noting(*args):
        open_then.append(session().in_transaction())
        return read(*args)

    monkeypatch.setattr(account_details, "_read", noting)
    account_details.refresh(account)

    assert open_then == [False]
