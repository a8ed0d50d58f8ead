"""Layouts as an administrator arranges them, and as others meet them on forms and records."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from crmapp.blueprints.settings.layout_page import BUILT_IN
from crmapp.db import session
from crmapp.models import Account
from crmapp.services import accounts, layout_edits, layouts, pick_lists
from tests.support.pages import flat
from tests.support.web import htmx

WAYS = pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])
REP = "/admin/layouts/rep"


def order_of(page):
    rows = page.text.partition("layout-tabs-heading")[0]
    return re.findall(r'name="field" value="([^"]+)"', rows)


def tabs_of(page):
    tabs = page.text.partition('class="tabs"')[2].partition("</nav>")[0]
    return [name.strip() for name in re.findall(r"<a [^>]*>([\w -]+)", tabs)]


def named(name):
    return session.scalars(select(Account).where(Account.name == name)).one()


def press(client, address=REP, headers=None, **sent):
    """Press a button of the page as it is now."""
    page = client.get(REP)
    sent = {"field": order_of(page), "version": layout_edits.version(), **sent}
    return client.post(address, data=sent, headers=headers or {})


@pytest.fixture
def alice(make, as_user):
    return as_user(make.alice)


@WAYS
def test_a_field_moves_by_a_button(alice, headers):
    answer = press(alice, headers=headers, down="name")

    assert answer.status_code == (200 if headers else 303)
    assert order_of(alice.get(REP))[:3] == ["=s1", "number", "name"]
    if headers:
        assert "“Account”" in answer.text
        assert "at place 2" in answer.text
    else:
        assert answer.location.endswith("/admin/layouts/rep#row-name")


def test_a_section_moves_with_its_fields(alice):
    press(alice, down="=s1")

    order = order_of(alice.get(REP))

    assert order.index("=s2") < order.index("owner_id") < order.index("=s1") < order.index("name")


def test_a_dropped_row_stays_where_it_was_dropped(alice):
    order = order_of(alice.get(REP))
    order.remove("fax")
    order.insert(order.index("=s2") + 1, "fax")

    press(alice, field=order, dropped="fax")

    assert layouts.of("rep").section("s2").fields[0] == "fax"


def test_ticked_fields_are_moved_and_hidden_together(alice):
    press(alice, ticked=["fax", "email"], do="put", section="s2")
    press(alice, ticked=["fax", "email"], do="hide")

    assert layouts.of("rep").section("s2").fields[-2:] == ("fax", "email")
    assert layouts.of("rep").hidden == {"fax", "email"}
    press(alice, ticked=["fax"], do="show")
    assert layouts.of("rep").hidden == {"email"}


def test_what_is_required_cannot_be_hidden_and_the_page_says_why(alice):
    answer = press(alice, ticked=["name"], do="hide")

    assert answer.status_code == 422
    assert "A required field cannot be hidden, or nobody could fill it in: Name." in flat(answer)


@pytest.mark.parametrize("do", ["put", "hide", "show"])
def test_nothing_is_done_with_no_field(alice, do):
    answer = press(alice, do=do, section="s1")

    assert answer.status_code == 422
    assert "Tick the fields first." in answer.text


def test_who_saw_an_older_layout_is_told(alice):
    press(alice, down="name")

    answer = press(alice, down="name", version=0)

    assert answer.status_code == 409
    assert "Somebody else has changed these settings" in answer.text


def test_a_section_on_a_tab_of_its_own_is_an_address(make, alice, as_user):
    alice.post(f"{REP}/tabs", data={"name": "Logistics", "name_fr": "Logistique", "version": 0})
    made = {"name": "Delivery", "name_fr": "Livraison", "tab": "logistics", "version": 1}
    alice.post(f"{REP}/sections", data=made)
    press(alice, ticked=["shipping_city"], do="put", section="s6")
    account = make.account("Acme", shipping_city="Graz")
    bob = as_user(make.bob)

    details, tab = (
        bob.get(f"/accounts/{account.id}"),
        bob.get(f"/accounts/{account.id}/tabs/logistics"),
    )

    assert f'<a href="/accounts/{account.id}/tabs/logistics" aria-current="page">' in tab.text
    assert "Graz" in tab.text
    assert "Delivery" in tab.text
    assert f'id="account-{account.id}-shipping-city"' not in details.text
    assert as_user(make.carol).get(f"/accounts/{account.id}/tabs/logistics").status_code == 404


def test_tabs_come_in_their_order_and_the_details_stay(make, alice, as_user):
    order = ["sales", "details", "contacts", "files", "timeline"]
    alice.post(f"{REP}/shelf", data={"field": order, "shown": ["sales", "timeline"], "version": 0})
    account = make.account("Acme")

    page = as_user(make.bob).get(f"/accounts/{account.id}")

    assert tabs_of(page) == ["Sales", "Details", "Timeline"]
    assert as_user(make.bob).get(f"/accounts/{account.id}/contacts").status_code == 200


def test_every_tab_of_the_record_page_can_be_arranged(make, as_user):
    account = make.account("Acme")

    page = as_user(make.bob).get(f"/accounts/{account.id}")

    assert len(tabs_of(page)) >= 5
    assert set(tabs_of(page)) <= set(BUILT_IN.values())


def test_a_tab_that_goes_leaves_its_sections_to_the_details(alice):
    alice.post(f"{REP}/tabs", data={"name": "Logistics", "version": 0})
    alice.post(f"{REP}/sections", data={"name": "Delivery", "tab": "logistics", "version": 1})

    alice.post(f"{REP}/tabs/logistics/removal", data={"version": 2})

    assert {each.tab for each in layouts.of("rep").sections} == {"details"}


def test_a_name_that_is_missing_is_asked_for_at_its_field(alice):
    answer = alice.post(f"{REP}/sections", data={"name": "", "version": 0})

    assert answer.status_code == 422
    assert "Enter a name in one language at least." in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_a_standard_section_is_renamed_in_both_languages(make, as_user):
    form = (
        as_user(make.alice).get(f"{REP}/sections/s2/edit", headers={"Accept-Language": "fr"}).text
    )

    assert 'value="Responsibility"' in form
    assert 'value="Responsabilité"' in form


def test_the_form_is_arranged_as_the_record_is(make, alice, as_user):
    press(alice, ticked=["fax"], do="hide")
    press(alice, down="name")

    text = as_user(make.bob).get("/accounts/new").text

    assert 'name="fax"' not in text
    assert text.index('name="number"') < text.index('name="name"')
    assert 'name="fax"' in as_user(make.mona).get("/accounts/new").text


def test_what_was_typed_in_a_field_that_was_hidden_meanwhile_is_saved(make, alice, as_user):
    account = make.account("Acme")
    press(alice, ticked=["fax"], do="hide")

    sent = {"name": "Acme", "fax": "+43 1 5550100", "version": "1"}
    as_user(make.bob).post(f"/accounts/{account.id}", data=sent)

    assert make.again(Account, account.id).fax == "+43 1 5550100"


def test_a_box_that_was_shown_while_a_form_was_open_is_not_unticked_by_it(make, alice, as_user):
    press(alice, ticked=["active"], do="hide")
    account = make.account("Acme", owner_id=make.bob.id)
    bob = as_user(make.bob)
    asked = re.search(r'name="asked" value="([^"]*)"', bob.get(f"/accounts/{account.id}/edit").text)
    press(alice, ticked=["active"], do="show")

    sent = {"name": "Acme 2", "asked": asked[1], "version": "1"}
    bob.post(f"/accounts/{account.id}", data=sent)

    account = make.again(Account, account.id)
    assert (account.name, account.active) == ("Acme 2", True)


def test_what_was_typed_in_a_hidden_field_stands_in_a_refused_form(make, alice, as_user):
    press(alice, ticked=["fax"], do="hide")

    answer = as_user(make.bob).post("/accounts", data={"name": "", "fax": "+43 1 5550100"})

    assert answer.status_code == 422
    assert 'value="+43 1 5550100"' in answer.text


def test_a_hidden_field_begins_as_the_form_would_have_begun(make, alice, as_user):
    press(alice, ticked=["owner_id", "payment_status"], do="hide")

    as_user(make.bob).post("/accounts", data={"name": "Acme"})

    made = named("Acme")
    assert made.owner_id == make.bob.id
    assert made.payment_status == pick_lists.defaults().get("payment_status")


def test_versions_are_told_and_restored(alice):
    press(alice, ticked=["fax"], do="hide")
    press(alice, do="reset")

    assert "Sales representative: Fax is hidden" in flat(alice.get("/admin/layouts"))
    alice.post("/admin/layouts/versions/1/restoration", data={"version": 2})

    assert layouts.of("rep").hidden == {"fax"}


def test_only_who_may_change_the_settings_restores(make, alice, as_user):
    press(alice, ticked=["fax"], do="hide")

    answer = as_user(make.mona).post("/admin/layouts/versions/1/restoration", data={"version": 1})

    assert answer.status_code == 403
    assert "settings.manage" in answer.text or "settings of the installation" in answer.text


def test_two_hundred_fields_of_ones_own_are_arranged_like_ten(make, alice, as_user):
    for number in range(200):
        make.field(f"Field {number}")
    press(alice, ticked=[f"c_field_{number}" for number in range(150)], do="put", section="s2")
    account = make.account("Acme", owner_id=make.bob.id)

    page = alice.get(REP)
    form = as_user(make.bob).get(f"/accounts/{account.id}/edit")

    assert page.text.count('name="ticked" value="c_field_') == 200
    assert form.text.count('name="c_field_') == 200
    assert form.text.count("<details") > form.text.count('<details class="group" open')
    assert accounts.get(account.id, by=make.bob).version == 1
