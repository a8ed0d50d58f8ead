from __future__ import annotations

import json

import pytest

from crmapp.connectors.sandbox.salesforce.fields import recorded
from crmapp.domain.managed_lists import MANAGED_LISTS, VALUE_HIDDEN, VALUE_ID
from tests.connectors.sandbox.salesforce.conftest import KEY, error

KINDS = {type(None): "null", bool: "boolean", str: "string", int: "number", float: "number"}


def kind(value):
    return KINDS.get(type(value), type(value).__name__)


def kinds_of(fields):
    """Return the JSON types that each key of a described field may have."""
    found = {}
    for field in fields:
        for key, value in field.items():
            found.setdefault(key, set()).add(kind(value))
    return found


@pytest.fixture
def account(api):
    return api.get("/sobjects/Account/describe").json()


def test_every_field_has_exactly_the_keys_and_types_of_the_recorded_ones(account):
    real = kinds_of(recorded("Account")["fields"])
    # No recorded account field has a formula or a help text; where there is one, it is a string.
    real["calculatedFormula"] |= {"string"}
    real["inlineHelpText"] |= {"string"}

    wrong = [
        (field["name"], key, kind(field.get(key)))
        for field in account["fields"]
        for key in real.keys() | field.keys()
        if kind(field.get(key, ...)) not in real.get(key, set())
    ]

    assert wrong == []
    assert len(real) == 57


def test_the_object_has_exactly_the_keys_and_types_of_the_recorded_one(account):
    real = recorded("Account")

    assert list(account.keys() ^ real.keys()) == []
    assert {key: kind(value) for key, value in account.items()} == {
        key: kind(value) for key, value in real.items()
    }


def test_the_recorded_fields_are_described_as_they_were(account):
    ours = {field["name"]: field for field in account["fields"]}
    changed = {"Primary_Contact__c", "ns__LinkedAccount__c"}

    different = [
        field["name"] for field in recorded("Account")["fields"] if ours[field["name"]] != field
    ]

    assert set(different) <= changed


def test_the_developer_orgs_and_the_packages_fields_are_there(account):
    types = {field["name"]: field["type"] for field in account["fields"]}

    assert types["CustomerPriority__c"] == "picklist"
    assert types["SLAExpirationDate__c"] == "date"
    assert types["NumberofLocations__c"] == "double"
    assert types["ia_crm__Synced_With_Intacct_Date__c"] == "datetime"
    assert {"multipicklist", "percent", "currency", "url", "email", "location", "time"} <= set(
        types.values()
    )
    key = next(field for field in account["fields"] if field["name"] == KEY)
    assert (key["externalId"], key["unique"], key["idLookup"]) == (True, True, True)


@pytest.mark.parametrize("managed", MANAGED_LISTS.values(), ids=lambda each: each.code)
def test_every_managed_list_has_its_object(api, managed):
    described = api.get(f"/sobjects/{managed.salesforce_object}/describe").json()
    fields = {field["name"]: field for field in described["fields"]}

    assert {"Id", "Name", "SystemModstamp", VALUE_HIDDEN} <= fields.keys()
    assert fields[VALUE_ID]["externalId"]
    assert described["keyPrefix"].startswith("a")


def test_all_objects_are_listed_with_the_keys_of_the_recorded_list(api):
    listed = api.get("/sobjects").json()
    real = recorded("Global")

    assert listed["maxBatchSize"] == real["maxBatchSize"]
    assert {frozenset(each) for each in listed["sobjects"]} == {
        frozenset(each) for each in real["sobjects"]
    }
    prefixes = [each["keyPrefix"] for each in listed["sobjects"]]
    assert len(set(prefixes)) == len(prefixes)


def test_addresses_are_of_this_server_and_this_version(api, signed_in):
    text = json.dumps(api.get("/sobjects/Account/describe").json()["urls"])
    older = json.dumps(signed_in(version="59.0").get("/sobjects").json())

    assert "/v66.0/sobjects/Account" in text
    assert api.site in text
    assert "vxx" not in text
    assert "/v59.0/sobjects/Account" in older


def test_what_did_not_change_is_not_sent_again(api):
    first = api.get("/sobjects/Account/describe")
    since = {"If-Modified-Since": first.headers["Last-Modified"]}

    again = api.get("/sobjects/Account/describe", headers=since)
    earlier = {"If-Modified-Since": "Wed, 01 Jan 2020 00:00:00 GMT"}

    assert (again.status_code, again.content) == (304, b"")
    assert api.get("/sobjects/Account/describe", headers=earlier).status_code == 200


def test_a_hidden_field_is_not_described_and_cannot_be_asked_for(api):
    api.control("hide_field", object="Account", field="Rating")

    fields = [each["name"] for each in api.get("/sobjects/Account/describe").json()["fields"]]
    asked = api.get("/query", params={"q": "SELECT Rating FROM Account"})
    written = api.post("/sobjects/Account", json={"Name": "A", "Rating": "Hot"})
    api.control("show_field", object="Account", field="Rating")

    assert "Rating" not in fields
    assert error(asked) == error(written) == (400, "INVALID_FIELD")
    assert api.query("SELECT Rating FROM Account LIMIT 1")["totalSize"] == 1


def test_a_field_may_vanish_for_some_requests(api):
    api.fault("field_vanished", object="Account", field="SLA__c", pattern="GET */query", times=1)

    answers = [api.get("/query", params={"q": "SELECT SLA__c FROM Account"}) for _ in range(2)]

    assert error(answers[0]) == (400, "INVALID_FIELD")
    assert "No such column 'SLA__c'" in answers[0].text
    assert answers[1].status_code == 200


def test_a_field_may_be_added_and_changed(api):
    api.control("add_field", object="Account", name="Colour__c", type="string", label="Colour")
    id = api.create(Name="Painted", Colour__c="red")
    api.control("add_field", object="Account", name="Colour__c", type="string", label="Paint")

    described = api.get("/sobjects/Account/describe").json()["fields"]

    assert next(each["label"] for each in described if each["name"] == "Colour__c") == "Paint"
    assert api.get(f"/sobjects/Account/{id}?fields=Colour__c").json()["Colour__c"] == "red"


def test_there_is_no_other_object(api):
    assert error(api.get("/sobjects/Nothing/describe")) == (404, "NOT_FOUND")
