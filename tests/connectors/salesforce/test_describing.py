from __future__ import annotations

import json

import pytest

from crmapp.config import ROOT
from crmapp.connectors.port import RemoteKind
from crmapp.connectors.salesforce.describing import description

# Recorded from a real organisation; see the LICENSE beside them.
RECORDED = ROOT / "crmapp" / "connectors" / "sandbox" / "salesforce" / "described"


def recorded(object):
    return json.loads((RECORDED / f"{object}.json").read_text())


@pytest.fixture(scope="module")
def account():
    return description(recorded("Account"))


@pytest.mark.parametrize("object", ["Account", "Contact", "Custom__c", "Lead", "Opportunity"])
def test_every_recorded_field_has_a_kind(object):
    answer = recorded(object)

    described = description(answer)

    assert [field.name for field in described.fields] == [f["name"] for f in answer["fields"]]
    assert {field.kind for field in described.fields} & {RemoteKind.OTHER} == set()
    assert all(field.label for field in described.fields)


@pytest.mark.parametrize(
    "name, kind",
    [
        ("Id", RemoteKind.ID),
        ("Name", RemoteKind.TEXT),
        ("Type", RemoteKind.PICK_LIST),
        ("OwnerId", RemoteKind.REFERENCE),
        ("BillingAddress", RemoteKind.ADDRESS),
        ("BillingStreet", RemoteKind.LONG_TEXT),
        ("Phone", RemoteKind.PHONE),
        ("Website", RemoteKind.URL),
        ("AnnualRevenue", RemoteKind.MONEY),
        ("NumberOfEmployees", RemoteKind.INTEGER),
        ("CreatedDate", RemoteKind.DATE_TIME),
        ("LastActivityDate", RemoteKind.DATE),
        ("IsPartner", RemoteKind.YES_NO),
    ],
)
def test_types_become_ours(account, name, kind):
    assert account.field(name).kind is kind


def test_what_is_required_can_be_given_and_has_no_default(account):
    assert [field.name for field in account.fields if field.required] == ["Name"]


def test_parts_know_their_whole(account):
    parts = [field.name for field in account.fields if field.part_of == "BillingAddress"]

    assert parts[:3] == ["BillingStreet", "BillingCity", "BillingState"]
    assert account.field("BillingAddress").part_of is None


def test_a_reference_says_where_its_name_is(account):
    owner = account.field("OwnerId")

    assert (owner.refers_to, owner.name_path) == (("User",), "Owner.Name")


def test_no_name_is_behind_a_reference_to_what_the_user_may_not_read():
    described = description(recorded("Account"), visible={"Account", "Contact"})

    assert described.field("OwnerId").name_path is None
    assert described.field("ParentId").name_path == "Parent.Name"


def test_a_pick_list_has_its_values(account):
    values = {value.value: value.active for value in account.field("Rating").values}

    assert values == {"Hot": True, "Warm": True, "Cold": True}


@pytest.mark.parametrize(
    "more, kind",
    [
        ({"type": "textarea", "htmlFormatted": True}, RemoteKind.RICH_TEXT),
        ({"type": "textarea", "extraTypeInfo": "richtextarea"}, RemoteKind.RICH_TEXT),
        ({"type": "multipicklist"}, RemoteKind.MULTI_PICK_LIST),
        ({"type": "percent"}, RemoteKind.PERCENT),
        ({"type": "location"}, RemoteKind.LOCATION),
        ({"type": "time"}, RemoteKind.TIME),
        ({"type": "anyType"}, RemoteKind.OTHER),
    ],
)
def test_types_that_were_not_recorded_are_known_too(more, kind):
    field = {"name": "X__c", "label": "X", "custom": True, **more}

    described = description({"name": "Y__c", "label": "Y", "fields": [field]})

    assert described.fields[0].kind is kind
    assert described.fields[0].custom
