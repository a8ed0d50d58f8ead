"""An implementer maps a field of her own from end to end, over both pretend systems."""

from __future__ import annotations

import httpx
import pytest

from crmapp.services import connections, field_maps
from tests.support.connections import fault
from tests.support.pages import flat
from tests.support.sandbox_pair import connect_both
from tests.support.web import htmx

HOME = "/admin/subscriptions/crm"
FIELDS = f"{HOME}/fields"
ROW = {
    "intacct": "CRM_TIER", "salesforce": "CustomerPriority__c", "sync": "both",
    "conflict": "intacct", "blank": "leave", "active": "y",
    "word.salesforce": ["Gold", "Silver", "Bronze"],
    "means.salesforce": ["1:High", "1:Medium", "1:Low"],
    "word.intacct": ["High", "Medium", "Low"],
    "means.intacct": ["1:Gold", "1:Silver", "1:Bronze"],
}  # fmt: skip
WAYS = pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])


@pytest.fixture
def ivan(make, as_user, org, intacct):
    connect_both(org, intacct, by=make.ivan)
    make.account("Alpha Cognac", number="C002")
    return as_user(make.ivan)


def tier_of(number):
    with connections.opened("intacct") as connector:
        [row] = connector.find("CUSTOMER", ["CRM_TIER"], "CUSTOMERID", number)
    return row["CRM_TIER"]


@WAYS
def test_a_custom_field_is_mapped_tried_and_saved(make, ivan, headers):
    ivan.post(f"{HOME}/other", data={"enabled": "on", "version": 0}, headers=headers)
    assert "The fields have not been read yet" in ivan.get(FIELDS).text
    ivan.post(f"{FIELDS}/descriptions", headers=headers)
    assert "These fields look alike" in ivan.get(FIELDS).text

    answer = ivan.post(FIELDS, data=ROW, headers=headers)
    assert answer.status_code == (200 if headers else 303)
    before = tier_of("C002")
    trial = flat(ivan.get(f"{FIELDS}/trial?account=alpha+cognac", headers=headers))

    assert "There is a customer in Sage Intacct There is a record in Salesforce" in trial
    assert "Customer name Name The same" in trial
    assert "Tier CustomerPriority__c Written to Salesforce" in trial
    assert tier_of("C002") == before
    ivan.post(f"{FIELDS}/versions", data={"version": 0}, headers=headers)
    assert [each.key for each in field_maps.in_force() if not each.code] == [
        "CRM_TIER~CustomerPriority__c"
    ]


@WAYS
def test_a_field_that_goes_is_named_when_the_fields_are_read_anew(make, ivan, org, headers):
    ivan.post(f"{HOME}/other", data={"enabled": "on", "version": 0})
    ivan.post(f"{FIELDS}/descriptions")
    sent = {"object": "Account", "field": "CustomerPriority__c"}
    answer = httpx.post(f"{org}/__control/hide_field", json=sent)
    assert answer.status_code == 200, answer.text

    answer = ivan.post(f"{FIELDS}/descriptions", headers=headers)

    assert answer.status_code == 200
    assert "Gone: Customer Priority CustomerPriority__c" in flat(answer)


@WAYS
def test_a_system_that_does_not_answer_is_said_on_the_page(ivan, org, headers):
    ivan.post(f"{HOME}/other", data={"enabled": "on", "version": 0})
    ivan.post(f"{FIELDS}/descriptions")
    fault(org, kind="unavailable", times=50)

    trial = ivan.get(f"{FIELDS}/trial?account=C002", headers=headers)
    again = ivan.post(f"{FIELDS}/descriptions", headers=headers)

    assert 'role="alert"' in trial.text
    assert 'role="alert"' in again.text
    assert [trial.status_code, again.status_code] == [200, 200]


@WAYS
def test_without_connections_a_trial_says_where_to_make_them(make, as_user, headers):
    make.account("Alpha Cognac", number="C002")

    answer = as_user(make.ivan).get(f"{FIELDS}/trial?account=C002", headers=headers)

    assert answer.status_code == 200
    assert "There is no connection to this system." in answer.text
