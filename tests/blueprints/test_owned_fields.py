"""Fields that a source of customers keeps, as people meet them on the pages of an account."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import event

from crmapp.db import db
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.ownership import Owner
from crmapp.services import accounts, crm_mappings
from tests.support.feeds import Erp, customer, feed, living, mapping, source
from tests.support.pages import flat
from tests.support.web import htmx

COLUMNS = FieldMapping(
    {"name": "name", "number": "code", "phone": "phone", "territory": "territory", "fax": "phone"},
    fixed={"notes": "One\nand two", "credit_limit": "1250.5"},
)


@pytest.fixture
def account(make):
    """An account whose fax the newest says; all else that the ERP fills is its own."""
    erp = Erp([customer(1, "Toys", territory="EMEA")])
    rule = FedBy(source(make, erp, "Dolibarr <Lyon>"), COLUMNS, {"fax": Owner.NEWEST})
    feed(make, mapping(make, content=Content((rule,))))
    return living(number="C1")[0]


@pytest.fixture
def bob(make, as_user):
    return as_user(make.bob)


def fact(text, account, name):
    """Return the part of a page that shows one value."""
    return text.partition(f'id="account-{account.id}-{name.replace("_", "-")}"')[2].partition(
        "</dd>"
    )[0]


def field(text, name):
    """Return what stands in the form for one field."""
    return text.partition(f'<label for="{name}"')[2].partition("</div>")[0]


def sent(account, **typed):
    form = {"active": "y", "version": str(account.version), "idempotency_key": "k"}
    return {**form, **typed}


# --- the record page --------------------------------------------------------------------------


def test_a_kept_value_has_a_lock_with_its_source_and_no_way_to_edit_it(bob, account):
    text = bob.get(f"/accounts/{account.id}").text

    phone, email = (fact(text, account, name) for name in ("phone", "email"))
    assert "#lock" in phone
    assert "Kept by Dolibarr &lt;Lyon&gt;" in phone
    assert "/edit" not in phone
    assert "/values/email/edit" in email
    assert "#lock" not in email


def test_what_the_newest_says_may_be_edited_and_the_page_warns(bob, account):
    text = fact(bob.get(f"/accounts/{account.id}").text, account, "fax")

    assert "/values/fax/edit" in text
    assert "may change this too: the newest wins." in text
    assert "#lock" not in text


def test_who_may_only_read_sees_the_lock_too(make, as_user, account):
    text = as_user(make.carol).get(f"/accounts/{account.id}").text

    assert "Kept by" in fact(text, account, "phone")


def test_an_administrator_is_led_to_the_mapping_and_nobody_else(app, alice, bob, account):
    by_alice, by_bob = (each.get(f"/accounts/{account.id}").text for each in (alice, bob))

    there = "settings.crm_mapping" in app.view_functions
    assert ('href="/admin/crm-mappings/1"' in fact(by_alice, account, "phone")) is there
    assert "/admin/" not in fact(by_bob, account, "phone")


def test_the_page_follows_when_another_account_is_looked_at_or_the_rule_rests(make, bob, account):
    mine = make.account("Mine", number="C9", phone="111 111")
    before = bob.get(f"/accounts/{account.id}").text
    other = bob.get(f"/accounts/{mine.id}").text
    make_rest(make)

    after = bob.get(f"/accounts/{account.id}").text

    assert [text.count("Kept by") > 0 for text in (before, other, after)] == [True, False, False]


def make_rest(make):
    (rule,) = crm_mappings.every(by=make.alice)
    crm_mappings.schedule(rule.id, kind="never", active=False, by=make.alice)


def test_a_source_stands_by_its_name_among_other_systems(bob, account):
    text = bob.get(f"/accounts/{account.id}").text.partition('id="accounts-identities"')[2]

    assert "Dolibarr &lt;Lyon&gt;" in text
    assert "feed:" not in text


def test_the_record_page_costs_one_statement_more_and_none_if_no_source_knows_the_account(
    make, bob, account
):
    mine = make.account("Mine", number="C9")

    assert [asked(bob, each) for each in (account, mine)] == [1, 0]


def asked(browser, account):
    """Count the statements about CRM mappings; the page was written before."""
    browser.get(f"/accounts/{account.id}")
    found: list[str] = []

    def listen(_connection, _cursor, statement, *_rest):
        found.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    browser.get(f"/accounts/{account.id}")
    event.remove(db.engine, "before_cursor_execute", listen)
    return len([each for each in found if "crm_mapping" in each])


# --- one value --------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, htmx("div#account-1-phone")], ids=["plain", "htmx"])
def test_a_kept_value_has_no_form_and_the_answer_names_its_source(bob, account, headers):
    answer = bob.get(f"/accounts/{account.id}/values/phone/edit", headers=headers)

    assert answer.status_code == 409
    assert "“Dolibarr <Lyon>” keeps this field" in flat(answer)
    assert "<input" not in answer.text.partition("<main")[2].partition("</main>")[0]


@pytest.mark.parametrize("headers", [{}, htmx("div#account-1-phone")], ids=["plain", "htmx"])
@pytest.mark.parametrize(
    "name, typed",
    [("phone", "999 999"), ("name", "Mine"), ("territory", ""), ("notes", ""), ("phone", "")],
)
def test_a_forged_value_is_refused_at_its_field(bob, account, name, typed, headers):
    before = getattr(account, name)

    answer = bob.post(
        f"/accounts/{account.id}/values/{name}",
        data=sent(account, **{name: typed}),
        headers=headers,
    )

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "“Dolibarr <Lyon>” keeps this field" in flat(answer)
    assert getattr(living(number="C1")[0], name) == before


def test_a_value_that_the_newest_says_is_saved_and_its_form_warns(bob, account):
    form = bob.get(f"/accounts/{account.id}/values/fax/edit", headers=htmx("div"))
    answer = bob.post(
        f"/accounts/{account.id}/values/fax",
        data=sent(account, fax="999 999"),
        headers=htmx("div"),
    )

    assert "the newest wins" in form.text
    assert answer.status_code == 200
    assert "the newest wins" in fact(answer.text, account, "fax")
    assert living(number="C1")[0].fax == "999 999"


# --- the whole form ---------------------------------------------------------------------------


def test_kept_fields_stand_in_the_form_to_be_read_with_the_reason(bob, account):
    text = bob.get(f"/accounts/{account.id}/edit").text

    for name, value in (("name", "Toys"), ("territory", "EMEA"), ("credit_limit", "1,250.50")):
        kept = field(text, name)
        assert f'id="{name}" value="{value}" readonly aria-describedby="{name}-kept"' in kept
        assert re.search(rf'id="{name}-kept">.*Kept by', kept, re.DOTALL)
        assert f'name="{name}"' not in text
    assert ">One\nand two</textarea>" in field(text, "notes")
    assert "the newest wins" in field(text, "fax")
    assert 'name="email"' in field(text, "email")


def test_the_form_begins_at_the_first_field_that_may_be_changed(bob, account):
    text = bob.get(f"/accounts/{account.id}/edit").text

    assert re.findall(r"<(?:input|select|textarea)[^>]* autofocus[^>]*>", text)
    assert re.search(r'<input[^>]*autofocus[^>]*name="fax"', text)


def test_the_other_fields_of_the_form_are_saved(bob, account):
    answer = bob.post(f"/accounts/{account.id}", data=sent(account, email="a@b.example"))

    after = living(number="C1")[0]
    assert answer.status_code == 303
    assert (after.email, after.name, after.phone) == ("a@b.example", "Toys", "555 123")
    assert (after.territory, after.notes) == ("emea", "One\nand two")


def test_a_form_that_was_opened_before_the_source_kept_a_field_loses_nothing(bob, account):
    typed = {"email": "a@b.example", "phone": "999 999", "name": "Toys"}

    refused = bob.post(f"/accounts/{account.id}", data=sent(account, **typed))
    again = bob.post(f"/accounts/{account.id}", data=sent(account, email="a@b.example"))

    phone = field(refused.text, "phone")
    assert refused.status_code == 422
    assert "“Dolibarr &lt;Lyon&gt;” keeps this field" in phone
    assert 'value="555 123" readonly aria-describedby="phone-error phone-kept"' in phone
    assert 'value="a@b.example"' in field(refused.text, "email")
    assert "#phone" in refused.text
    assert again.status_code == 303
    assert living(number="C1")[0].email == "a@b.example"


def test_what_is_wrong_elsewhere_is_said_at_its_field_and_the_locks_stay(bob, account):
    answer = bob.post(f"/accounts/{account.id}", data=sent(account, email="nobody", fax="999 999"))

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in field(answer.text, "email")
    assert 'value="999 999"' in field(answer.text, "fax")
    assert "readonly" in field(answer.text, "phone")


def test_who_comes_second_is_shown_the_others_value_and_the_locks_stay(make, bob, account):
    accounts.update(account.id, {"email": "b@b.example"}, account.version, by=make.mona)
    stale = {**sent(account, email="a@b.example"), "version": str(account.version - 1)}

    answer = bob.post(f"/accounts/{account.id}", data=stale)

    assert answer.status_code == 409
    assert "b@b.example" in answer.text
    assert "readonly" in field(answer.text, "phone")


def test_a_deleted_account_is_not_offered_without_the_number_that_a_source_keeps(
    make, as_user, account
):
    accounts.delete(account.id, by=make.mona)
    make.account("Has it now", number="C1")
    address = f"/accounts/{account.id}/restoration"

    answers = [
        as_user(make.mona).post(address, data=data) for data in ({}, {"without_number": "yes"})
    ]

    for answer in answers:
        assert answer.status_code == 422
        assert "“Dolibarr <Lyon>” keeps this field" in flat(answer)
        assert "without_number" not in answer.text


def test_a_new_account_is_made_by_hand_with_every_field(bob, account):
    text = bob.get("/accounts/new").text

    assert "readonly" not in text
    assert 'name="phone"' in text
