"""The CRM Integration and its field map on the screen, plain and with htmx."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from crmapp.connectors.port import Description
from crmapp.domain.field_rules import FieldRule
from crmapp.services import crm_integration, field_maps, integrations
from tests.support.field_map import ACCOUNT, LEVELS, enable, lay_out
from tests.support.pages import flat
from tests.support.web import htmx

HOME = "/admin/subscriptions/crm"
FIELDS = f"{HOME}/fields"
ROW = f"{FIELDS}/CREDITLIMIT~Credit_Limit__c"
LIMIT = FieldRule("CREDITLIMIT", "Credit_Limit__c")
TIER = FieldRule("CRM_TIER", "Level__c", words=LEVELS)
SENT = {
    "intacct": "CREDITLIMIT", "salesforce": "Credit_Limit__c", "sync": "from_intacct",
    "conflict": "intacct", "blank": "leave", "active": "y",
}  # fmt: skip
MAPPED = {**SENT, "intacct": "CRM_TIER", "salesforce": "Level__c"}
WAYS = pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])
VIEWS = [
    ("GET", HOME), ("GET", f"{HOME}/other"), ("POST", f"{HOME}/other"),
    ("POST", f"{HOME}/versions/1/restoration"), ("GET", FIELDS), ("POST", FIELDS),
    ("GET", f"{FIELDS}/new"), ("GET", f"{ROW}/edit"), ("POST", ROW), ("POST", f"{ROW}/removal"),
    ("POST", f"{FIELDS}/versions"), ("POST", f"{FIELDS}/versions/0/restoration"),
    ("POST", f"{FIELDS}/draft/deletion"), ("GET", f"{FIELDS}/trial"),
]  # fmt: skip


@pytest.fixture
def ivan(make, as_user):
    """His browser; both systems are described, the map is enabled, and one row is in force."""
    enable(make.ivan)
    field_maps.put_row(LIMIT, by=make.ivan)
    field_maps.save(seen=0, by=make.ivan)
    return as_user(make.ivan)


def editing(make):
    return field_maps.editing(by=make.ivan)


def changed(make):
    return [(each.rule.key, each.aspects) for each in editing(make).changes]


@pytest.mark.parametrize("method, address", VIEWS)
@WAYS
def test_who_may_not_manage_integrations_sees_and_does_nothing(
    make, as_user, ivan, method, address, headers
):
    for person in (make.bob, make.carol, make.mona):
        answer = as_user(person).open(address, method=method, data=SENT, headers=headers)
        assert answer.status_code == 403
        assert "integration.manage" in answer.text or "integrations" in answer.text
    assert crm_integration.maps_fields()
    assert field_maps.version() == 1
    assert changed(make) == []


@pytest.mark.parametrize("method, address", VIEWS)
@WAYS
def test_a_visitor_is_asked_to_sign_in(client, ivan, method, address, headers):
    answer = client.open(address, method=method, data=SENT, headers=headers)

    assert answer.status_code in (302, 303, 401)
    assert field_maps.version() == 1


@pytest.mark.parametrize("who", ["alice", "ivan"])
@pytest.mark.parametrize("address", [address for method, address in VIEWS if method == "GET"])
@WAYS
def test_who_manages_integrations_sees_every_page(make, as_user, ivan, who, address, headers):
    answer = as_user(getattr(make, who)).get(address, headers=headers)

    assert answer.status_code == 200


def test_the_subscriptions_lead_here_and_the_advanced_page_says_that_it_does_not_apply(make, ivan):
    assert f'href="{HOME}"' in ivan.get("/admin/subscriptions").text
    integrations.save(integrations.Options(True), seen=0, by=make.ivan)

    text = flat(ivan.get("/admin/subscriptions/advanced-crm/other"))

    assert "The field map does not apply here: it belongs to the CRM Integration." in text


@WAYS
def test_the_map_is_enabled_and_rested_and_taken_back(make, as_user, headers):
    lay_out()
    ivan = as_user(make.ivan)

    for version, enabled in ((0, True), (1, False)):
        sent = {"enabled": "on"} if enabled else {}
        answer = ivan.post(f"{HOME}/other", data={**sent, "version": version}, headers=headers)
        assert answer.status_code == (200 if headers else 303)
        assert crm_integration.maps_fields() is enabled

    ivan.post(f"{HOME}/versions/1/restoration", data={"version": 2}, headers=headers)
    assert crm_integration.maps_fields()
    text = flat(ivan.get(f"{HOME}/other"))
    assert re.search("Version 3 .* Version 2 .* Version 1", text)


@pytest.mark.parametrize("version", ["7", "x", ""])
def test_an_old_form_enables_nothing(make, as_user, version):
    lay_out()

    answer = as_user(make.ivan).post(f"{HOME}/other", data={"enabled": "on", "version": version})

    assert answer.status_code == 409
    assert "Somebody else has changed these settings." in answer.text
    assert not crm_integration.maps_fields()


def test_while_nothing_is_connected_the_page_leads_to_the_connections(make, as_user):
    text = as_user(make.ivan).get(f"{HOME}/other").text

    assert "/admin/connections/salesforce" in text
    assert "/admin/connections/intacct" in text


def test_the_map_shows_its_rows_with_their_marks(ivan):
    text = flat(ivan.get(FIELDS))

    assert "Customer ID * fixed CUSTOMERID Intacct Id" in text
    assert "Total due ! calculated TOTALDUE" in text
    assert "Credit limit CREDITLIMIT Credit Limit Credit_Limit__c From Intacct – Active" in text
    assert "ia_crm__AR_Term__c From Intacct ia_crm__AR_Term__c Rests" in text


def test_a_map_that_is_not_enabled_can_only_be_looked_at(make, as_user):
    lay_out()
    ivan = as_user(make.ivan)

    page = ivan.get(FIELDS)

    assert "The field map is not enabled" in page.text
    assert "/edit" not in page.text
    assert ivan.post(FIELDS, data=SENT).status_code == 422


@WAYS
def test_a_row_is_prepared_compared_and_saved(make, ivan, headers):
    sent = {**MAPPED, "word.salesforce": ["Gold", "Silver", "Bronze"],
            "means.salesforce": ["", "", "1:Basic"]}  # fmt: skip

    answer = ivan.post(FIELDS, data=sent, headers=headers)
    assert answer.status_code == (200 if headers else 303)
    assert field_maps.rules() == editing(make).rules[:-1]

    text = flat(ivan.get(FIELDS))
    assert "This is what you would change of version 1" in text
    assert "Added : CRM_TIER – Level__c · From Intacct Bronze → Basic" in text
    ivan.post(f"{FIELDS}/versions", data={"version": 1}, headers=headers)
    assert field_maps.rules()[-1] == TIER
    assert "Added : CRM_TIER" in flat(ivan.get(FIELDS))


@WAYS
def test_values_that_mean_nothing_are_asked_for_at_their_place(make, ivan, headers):
    answer = ivan.post(FIELDS, data=MAPPED, headers=headers)

    assert answer.status_code == 422
    text = flat(answer)
    assert "in Level Say which value of Level is meant by: Bronze. Gold" in text
    assert re.search(r'<option value="1:Basic"', answer.text)
    assert changed(make) == []


@WAYS
def test_what_is_wrong_stands_at_the_field_and_what_was_typed_stays(ivan, headers):
    sent = {**SENT, "intacct": "COMMENTS", "salesforce": "AnnualRevenue", "blank": "clear"}

    answer = ivan.post(FIELDS, data=sent, headers=headers)

    assert answer.status_code == 422
    assert 'id="intacct-error"' in answer.text
    assert "Annual Revenue takes only numbers." in answer.text
    assert '<option selected value="COMMENTS"' in answer.text
    assert '<option selected value="clear"' in answer.text


@pytest.mark.parametrize("field", ["sync", "conflict", "blank"])
@WAYS
def test_a_rule_that_there_is_not_is_refused_at_its_field(make, ivan, headers, field):
    sent = {**SENT, "sync": "both", field: "zzz"}

    answer = ivan.post(ROW, data=sent, headers=headers)

    assert answer.status_code == 422
    assert re.search(rf'<select(?=[^>]*name="{field}")[^>]*aria-invalid', answer.text)
    assert "Choose one from the list." in answer.text
    assert changed(make) == []


@WAYS
def test_the_form_shows_what_fits_before_anything_is_prepared(make, ivan, headers):
    answer = ivan.post(FIELDS, data={**MAPPED, "sync": "both", "look": "1"}, headers=headers)

    assert answer.status_code == 200
    assert "What the values of Tier mean in Level" in answer.text
    assert "What the values of Level mean in Tier" in answer.text
    assert "When both changed it" in answer.text
    assert changed(make) == []


def test_a_suggested_pair_opens_the_form_with_both_fields(ivan):
    answer = ivan.get(f"{FIELDS}/new?intacct=CRM_TIER&salesforce=Level__c")

    assert '<option selected value="CRM_TIER"' in answer.text
    assert '<option selected value="Level__c"' in answer.text
    assert "What the values of Tier mean in Level" in answer.text


def test_fields_that_are_not_there_are_not_taken_from_the_address(ivan):
    answer = ivan.get(f"{FIELDS}/new?intacct=<b>&salesforce=X")

    assert answer.status_code == 200
    assert "<b>" not in answer.text


@WAYS
def test_a_row_is_changed_removed_and_discarded(make, ivan, headers):
    ivan.post(ROW, data={**SENT, "blank": "clear"}, headers=headers)
    assert changed(make) == [(LIMIT.key, ("blank",))]
    text = flat(ivan.get(FIELDS))
    assert "An empty value: Leaves the other side as it is Empties the other side" in text

    ivan.post(f"{ROW}/removal", headers=headers)
    assert "Removed : CREDITLIMIT" in flat(ivan.get(FIELDS))

    ivan.post(f"{FIELDS}/draft/deletion", headers=headers)
    assert changed(make) == []


@pytest.mark.parametrize("key, status", [("CUSTOMERID~ia_crm__IntacctID__c", 303), ("X~Y", 404)])
def test_a_fixed_row_cannot_be_switched_off_whatever_is_sent(make, ivan, key, status):
    sent = {"sync": "both", "lookup": "User", "intacct": "X"}

    answer = ivan.post(f"{FIELDS}/{key}", data=sent)

    assert answer.status_code == (422 if status == 303 else 404)
    assert changed(make) == []


def test_of_a_calculated_row_only_the_status_is_taken(make, ivan):
    key = "TOTALDUE~ia_crm__Total_Due__c"

    assert "only its status can be changed" in ivan.get(f"{FIELDS}/{key}/edit").text
    ivan.post(f"{FIELDS}/{key}", data={"sync": "both", "blank": "leave"})

    assert changed(make) == [(key, ("active",))]


@WAYS
def test_who_was_quicker_is_shown_with_her_own_changes_alone(make, ivan, headers):
    ivan.post(f"{ROW}/removal")
    field_maps.put_row(TIER, by=make.alice)
    field_maps.save(seen=1, by=make.alice)

    answer = ivan.post(f"{FIELDS}/versions", data={"version": 1}, headers=headers)

    assert answer.status_code == 409
    assert "Version 2 was saved since you began" in flat(answer)
    assert "Removed : CREDITLIMIT" in flat(answer)
    assert "Removed : CRM_TIER" not in flat(answer)
    assert "changed by somebody else too" not in flat(answer)
    assert '<input type="hidden" name="version" value="2">' in answer.text
    assert field_maps.version() == 2


def test_a_row_that_somebody_else_changed_too_is_named(make, ivan):
    ivan.post(f"{ROW}/removal")
    field_maps.put_row(replace(LIMIT, active=False), instead_of=LIMIT.key, by=make.alice)
    field_maps.save(seen=1, by=make.alice)

    text = flat(ivan.get(FIELDS))

    assert "puts yours in the place of theirs: CREDITLIMIT – Credit_Limit__c" in text


@WAYS
def test_a_version_is_taken_back(make, ivan, headers):
    field_maps.put_row(TIER, by=make.ivan)
    field_maps.save(seen=1, by=make.ivan)

    ivan.post(f"{FIELDS}/versions/1/restoration", data={"version": 2}, headers=headers)

    assert field_maps.version() == 3
    assert field_maps.rules()[-1] == LIMIT


def test_a_field_that_went_is_marked_in_its_row(ivan):
    less = tuple(each for each in ACCOUNT.fields if each.name != "Credit_Limit__c")
    lay_out(("salesforce", Description("Account", "Account", less)))

    text = flat(ivan.get(FIELDS))

    assert "Needs attention Salesforce has no field Credit_Limit__c, or hides it." in text


@WAYS
def test_a_trial_of_nobody_says_whom_to_name(ivan, headers):
    answer = ivan.get(f"{FIELDS}/trial?account=C404", headers=headers)

    assert answer.status_code == 422
    assert "No account that you see has this number or name." in answer.text


@WAYS
@pytest.mark.parametrize("name", ["intacct", "salesforce"])
def test_a_forged_name_that_is_too_long_is_refused_on_its_field(make, ivan, headers, name):
    before = editing(make)
    sent = {**SENT, "intacct": "COMMENTS", "salesforce": "Site", name: "x" * 9_999}
    del sent["active"]

    answer = ivan.post(FIELDS, data=sent, headers=headers)

    assert answer.status_code == 422
    assert re.search(rf'<p[^>]* id="{name}-error".*?At most 255 characters', answer.text, re.S)
    assert editing(make).rules == before.rules


def test_each_cell_says_what_it_is_where_the_rows_stand_one_below_another(ivan):
    page = ivan.get(FIELDS).text

    regions = re.findall(r'<div class="grid [^"]*\bstacked\b.*?</table>', page, re.DOTALL)
    cells = re.findall(r"<td[^>]*>", "".join(regions))
    assert cells
    assert [cell for cell in cells if "data-label" not in cell and "row-actions" not in cell] == []
