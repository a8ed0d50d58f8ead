"""Fields that count only sometimes: on forms, on the record page, and as they are set."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import Account, Change
from crmapp.services import accounts, layout_edits, layouts, required_fields
from tests.support.pages import flat
from tests.support.web import htmx

REP = "/admin/layouts/rep"


def condition(client, name, field="account_type", operator="any", values=("partner",), **more):
    sent = {"field": field, "operator": operator, "values": [*values], **more}
    address = f"/admin/layouts/fields/{name}/condition"
    return client.post(address, data={"version": layout_edits.version(), **sent})


@pytest.fixture
def alice(make, as_user):
    return as_user(make.alice)


def away(text, name):
    return f'id="counts-{name}" data-away' in text


def test_a_form_says_when_a_field_counts_and_whether_it_does(make, alice, as_user):
    condition(alice, "fax")
    partner = make.account("Acme", account_type="partner", owner_id=make.bob.id)
    bob = as_user(make.bob)

    new, edit = bob.get("/accounts/new").text, bob.get(f"/accounts/{partner.id}/edit").text

    assert "Counts only if Account type is Partner." in new
    assert (away(new, "fax"), away(edit, "fax")) == (True, False)


def test_a_form_learns_what_counts_when_the_deciding_field_changes(make, alice, as_user):
    condition(alice, "fax")
    account = make.account("Acme", owner_id=make.bob.id)
    bob = as_user(make.bob)

    for address in ("/accounts/standing", f"/accounts/standing?account={account.id}"):
        sent = {"name": "Acme", "version": "1"}
        partner = bob.post(address, data={**sent, "account_type": "partner"}, headers=htmx())
        other = bob.post(address, data={**sent, "account_type": ""}, headers=htmx())

        assert 'id="counts-fax" hidden' in partner.text
        assert away(other.text, "fax")


def test_a_field_that_does_not_count_is_not_on_the_record_and_comes_with_its_decider(
    make, alice, as_user
):
    condition(alice, "fax")
    account = make.account("Acme", fax="+43 1 5550100", owner_id=make.bob.id)
    bob = as_user(make.bob)

    assert "5550100" not in bob.get(f"/accounts/{account.id}").text
    address = f"/accounts/{account.id}/values/account_type"
    answer = bob.post(address, data={"account_type": "partner", "version": 1}, headers=htmx())

    assert answer.headers["HX-Redirect"] == (
        f"/accounts/{account.id}#account-{account.id}-account-type"
    )
    assert "5550100" in bob.get(f"/accounts/{account.id}").text


def test_a_required_field_that_does_not_count_stops_nobody(make, alice, as_user):
    required_fields.choose(["tax_id"], by=make.alice)
    condition(alice, "tax_id")
    bob = as_user(make.bob)

    plain = bob.post("/accounts", data={"name": "Acme"})
    partner = bob.post("/accounts", data={"name": "Acme 2", "account_type": "partner"})

    assert (plain.status_code, partner.status_code) == (303, 422)
    assert not away(partner.text, "tax-id")


def test_a_required_choice_that_does_not_count_begins_empty(make, alice, as_user):
    required_fields.choose(["territory"], by=make.alice)
    condition(alice, "territory")

    text = as_user(make.bob).get("/accounts/new").text

    choice = text.partition('name="territory"')[2].partition("</select>")[0]
    assert re.findall(r'<option ?(?:selected )?value="([^"]*)"', choice)[0] == ""


def test_a_wrong_value_in_a_field_that_does_not_count_stops_nobody(make, alice, as_user):
    condition(alice, "email")
    sent, bob = {"name": "Acme", "email": "nobody"}, as_user(make.bob)

    plain = bob.post("/accounts", data=sent)
    partner = bob.post("/accounts", data={**sent, "account_type": "partner"})

    assert (plain.status_code, partner.status_code) == (303, 422)
    assert not away(partner.text, "email")
    assert session.scalars(select(Account)).one().email is None


def test_what_nobody_typed_in_a_field_that_does_not_count_is_no_value(make, alice, as_user):
    condition(alice, "payment_status")

    as_user(make.bob).post("/accounts", data={"name": "Acme", "payment_status": "current"})

    assert session.scalars(select(Account)).one().payment_status is None


def test_a_whole_section_counts_only_sometimes(make, alice, as_user):
    sent = {"field": "account_type", "operator": "any", "values": ["partner"], "version": 0}
    alice.post(f"{REP}/sections/s2/condition", data=sent)

    text = as_user(make.bob).get("/accounts/new").text

    assert away(text, "section-s2")
    assert away(text, "territory")
    assert not away(as_user(make.mona).get("/accounts/new").text, "section-s2")


def test_a_circle_is_refused_with_its_fields(alice):
    condition(alice, "fax", "email", "filled")

    answer = condition(alice, "email", "fax", "filled")

    assert answer.status_code == 422
    assert "These fields would decide about each other in a circle" in flat(answer)


def test_a_condition_is_asked_for_field_by_field(alice):
    asked = condition(alice, "fax", "owner_id", "", (), do="ask")
    nothing = condition(alice, "fax", "account_type", "any", ())

    assert "is any of …" in asked.text
    assert nothing.status_code == 422
    assert "Choose at least one value." in nothing.text
    assert layouts.kept().conditions == {}


def test_a_field_is_shown_always_again(make, alice):
    condition(alice, "fax")

    condition(alice, "fax", do="always")

    assert layouts.kept().conditions == {}


def test_a_broken_condition_is_named_with_a_way_to_repair_it(make, alice):
    make.field("Zone")
    condition(alice, "fax", "c_zone", "filled")
    make.field("Zone", retired=True)

    page = alice.get("/admin/layouts")

    assert "The field that decides, “Zone”, is retired" in flat(page)
    assert "/admin/layouts/fields/fax/condition" in page.text


def test_who_retires_a_field_is_told_what_it_decides_about(make, alice):
    zone, other = make.field("Zone"), make.field("Other")
    condition(alice, "fax", "c_zone", "filled")
    section = f"{REP}/sections/s2/condition"
    sent = {"version": layout_edits.version(), "field": "c_zone", "operator": "filled"}
    alice.post(section, data=sent)

    asked = alice.get(f"/admin/fields/{zone.id}/retirement")
    plain = alice.get(f"/admin/fields/{other.id}/retirement")

    assert "none of them is required: Fax, Responsibility." in flat(asked)
    assert "decides" not in plain.text


def test_a_condition_that_is_right_is_said_to_have_no_fault(alice):
    condition(alice, "fax")

    page = alice.get("/admin/layouts/fields/fax/condition").text

    assert 'class="err"' not in page
    assert 'value="partner" checked' in page


# --- what forms send for fields that do not count ---------------------------------------------


@pytest.fixture
def acme(make, alice):
    """An account whose fax counts, since it is a partner's."""
    condition(alice, "fax")
    return make.account("Acme", account_type="partner", fax="+43 1 555", owner_id=make.bob.id)


def held(make, account):
    return make.again(Account, account.id)


@pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])
def test_what_a_form_sends_of_a_hidden_field_is_not_saved_and_that_is_said(
    make, as_user, acme, headers
):
    bob = as_user(make.bob)
    sent = {"name": "Acme", "account_type": "prospect", "fax": "+43 1 777", "version": 1}

    bob.post(f"/accounts/{acme.id}", data=sent, headers=headers)

    now, page = held(make, acme), flat(bob.get("/accounts"))
    fields = session.scalars(select(Change.fields).order_by(Change.id.desc())).first()
    assert (now.account_type, now.fax) == ("prospect", "+43 1 555")
    assert "fax" not in fields
    assert "Not saved, since it does not count: Fax." in page


def test_what_was_typed_before_its_decider_changed_is_not_saved_of_a_new_account(
    make, as_user, acme
):
    bob = as_user(make.bob)

    bob.post("/accounts", data={"name": "Beta", "fax": "+43 1 777"})
    page = flat(bob.get("/accounts"))

    assert session.scalars(select(Account).where(Account.name == "Beta")).one().fax is None
    assert "Not saved, since it does not count: Fax." in page


def test_nothing_is_said_where_nothing_was_typed(make, as_user, acme):
    bob = as_user(make.bob)
    sent = {"name": "Acme", "account_type": "", "fax": "+43 1 555", "version": 1}

    bob.post(f"/accounts/{acme.id}", data=sent)

    assert "Not saved" not in flat(bob.get("/accounts"))


@pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])
def test_one_value_that_stopped_to_count_meanwhile_stays(make, as_user, acme, headers):
    accounts.update(acme.id, {"account_type": "prospect"}, 1, by=make.mona)
    bob = as_user(make.bob)

    address = f"/accounts/{acme.id}/values/fax"
    answer = bob.post(address, data={"fax": "+43 1 777", "version": 1}, headers=headers)
    page = flat(bob.get("/accounts"))

    assert "Location" in answer.headers or "HX-Redirect" in answer.headers
    assert (held(make, acme).fax, held(make, acme).version) == ("+43 1 555", 2)
    assert "Not saved, since it does not count: Fax." in page
