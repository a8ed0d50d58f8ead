"""The field map is tried on one customer of both pretend systems, and writes nothing."""

from __future__ import annotations

import pytest

from crmapp.connectors.errors import ConnectorError
from crmapp.domain.field_rules import FieldRule, Side, Sync
from crmapp.domain.field_sync import Act
from crmapp.errors import Forbidden, Invalid
from crmapp.services import connections, crm_integration, field_maps, field_trial
from tests.support.connections import fault
from tests.support.sandbox_pair import connect_both

TIER = {Side.SALESFORCE: {}, Side.INTACCT: {"Platinum": "Gold"}}


@pytest.fixture
def ivan(make, org, intacct):
    """He implements: both systems are connected and described, and the map is enabled."""
    connect_both(org, intacct, by=make.ivan)
    field_maps.read_anew(by=make.ivan)
    crm_integration.save(True, seen=0, by=make.ivan)
    return make.ivan


def by_code(trial):
    return {each.rule.code or each.rule.salesforce: each for each in trial.outcomes}


def test_a_customer_of_both_systems_shows_what_either_has(make, ivan):
    make.account("Alpha Cognac", number="C002")

    trial = field_trial.of("C002", by=ivan)

    assert (trial.intacct["CUSTOMERID"], trial.salesforce["ia_crm__IntacctID__c"]) == ("C002",) * 2
    found = by_code(trial)
    assert found["customer_id"].act is found["name"].act is Act.SAME
    assert found["terms"].act is Act.OFF
    assert not [each for each in trial.outcomes if each.act is Act.REFUSED]


def test_a_prepared_row_is_tried_before_it_is_saved_and_nothing_is_written(make, ivan):
    make.account("Alpha Cognac", number="C002")
    limit = FieldRule("CREDITLIMIT", "Credit_Limit__c", Sync.BOTH)
    tier = FieldRule("CRM_TIER", "SLA__c", Sync.BOTH, words=TIER)
    for rule in (limit, tier):
        field_maps.put_row(rule, by=ivan)

    before = field_trial.of("C002", by=ivan)
    again = field_trial.of("C002", by=ivan)

    assert by_code(before)["Credit_Limit__c"].act in (
        Act.TO_SALESFORCE, Act.TO_INTACCT, Act.SAME,
    )  # fmt: skip
    assert [each.act for each in before.outcomes] == [each.act for each in again.outcomes]
    assert (before.intacct, before.salesforce) == (again.intacct, again.salesforce)


def test_a_reference_is_looked_up_by_its_intacct_id(make, ivan):
    make.account("Alpha Cognac", number="C002")
    with connections.opened("salesforce") as connector:
        [parent] = connector.find("Account", ["Id"], "ia_crm__IntacctID__c", "C001")
    with connections.opened("intacct") as connector:
        row = {"CUSTOMERID": "C002", "PARENTID": "C001"}
        assert connector.upsert("CUSTOMER", "CUSTOMERID", [row])[0].error is None

    found = by_code(field_trial.of("C002", by=ivan))["parent"]

    assert (found.act, found.value) == (Act.TO_SALESFORCE, parent["Id"])


def test_an_account_that_only_one_side_has_shows_what_the_other_would_begin_with(make, ivan):
    make.account("New in Intacct", number="C900")
    with connections.opened("intacct") as connector:
        row = {"CUSTOMERID": "C900", "NAME": "New in Intacct"}
        assert connector.upsert("CUSTOMER", "CUSTOMERID", [row])[0].error is None

    trial = field_trial.of("New in Intacct", by=ivan)

    assert trial.salesforce is None
    assert by_code(trial)["name"].value == "New in Intacct"


def test_the_rest_api_of_intacct_is_asked_by_its_own_names(make, org, intacct):
    connect_both(org, intacct, by=make.ivan, by_rest=True)
    field_maps.read_anew(by=make.ivan)
    make.account("Alpha Cognac", number="C002")

    trial = field_trial.of("C002", by=make.ivan)

    assert trial.intacct["id"] == "C002"
    acts = {code: each.act for code, each in by_code(trial).items()}
    assert {acts[code] for code in ("name", "phone", "city", "country")} == {Act.SAME}


@pytest.mark.parametrize(
    "typed, said",
    [
        ("", "Enter the number"),
        ("C404", "No account that you see"),
        ("Unknown there", "Neither system"),
    ],
)
def test_who_is_not_found_is_said(make, ivan, typed, said):
    make.account("Unknown there", number="C777")

    with pytest.raises(Invalid) as refused:
        field_trial.of(typed, by=ivan)

    assert said in str(refused.value.fields["account"])


def test_a_system_that_does_not_answer_is_named(make, ivan, org):
    make.account("Alpha Cognac", number="C002")
    fault(org, kind="unavailable", times=50)

    with pytest.raises(ConnectorError):
        field_trial.of("C002", by=ivan)


def test_who_may_not_manage_integrations_tries_nothing(make):
    with pytest.raises(Forbidden):
        field_trial.of("C002", by=make.mona)
