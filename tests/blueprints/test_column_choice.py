"""The columns of the list of accounts: chosen, remembered, kept by views, and gone."""

from __future__ import annotations

import re

import pytest

from crmapp.models import User
from crmapp.services import preferences
from tests.blueprints.test_account_columns import STANDARD, heads
from tests.blueprints.test_saved_views import is_changed, keep, opened, shown
from tests.support.web import htmx

DRAWER = htmx("div#accounts-columns")


def order(text):
    return re.findall(r'name="field" value="(\w+)"', text)


def ticked(text):
    return set(re.findall(r'name="shown" value="(\w+)" checked', text))


def offered(text):
    return re.findall(r'name="shown" value="(\w+)"', text)


def sent(client, *names, address="/accounts/columns", headers=None, **more):
    """Send the form of the chooser, in which ``names`` are the columns and are ticked."""
    form = {"field": [*names], "shown": [*names], **more}
    return client.post(address, data=form, headers=headers or {})


def led_to(answer):
    return answer.headers.get("HX-Redirect") or answer.location


# --- chosen -----------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, htmx("div#drawer-body")], ids=["plain", "htmx"])
def test_the_form_shows_the_columns_of_the_list(make, as_user, headers):
    make.field("Zone")
    client = as_user(make.bob)

    text = client.get("/accounts/columns?columns=name,c_zone,number", headers=headers).text
    usual = client.get("/accounts/columns", headers=headers).text

    assert ("<html" in text) is not bool(headers)
    assert order(text) == ["c_zone", "number"]
    assert ticked(text) == {"c_zone", "number"}
    assert order(usual) == ["number", "location", "phone", "primary_contact", "owner", "team"]


@pytest.mark.parametrize("headers", [{}, DRAWER], ids=["plain", "htmx"])
def test_what_was_chosen_is_shown_and_remembered(make, as_user, headers):
    client = as_user(make.bob)

    answer = sent(client, "number", "email", show="1", headers=headers)

    assert led_to(answer) == "/accounts?columns=name%2Cnumber%2Cemail"
    assert client.get("/accounts").location == led_to(answer)
    assert as_user(make.mona).get("/accounts").status_code == 200


def test_filters_stay_while_one_chooses(make, as_user):
    answer = sent(as_user(make.bob), "number", address="/accounts/columns?q=a&columns=x", show="1")

    assert led_to(answer) == "/accounts?q=a&columns=name%2Cnumber"


def test_her_columns_are_those_of_every_list_that_names_none(make, as_user):
    preferences.keep_columns(["number"], by=make.bob)
    client = as_user(make.bob)

    mine = client.get("/accounts?owner=me").location

    assert mine == "/accounts?owner=me&columns=name%2Cnumber"
    assert client.get(mine).status_code == 200
    assert client.get("/accounts?columns=email").status_code == 200
    assert client.get("/accounts?q=a", headers=htmx("div#accounts-table")).status_code == 200


@pytest.mark.parametrize("names", [(), ("number", "location", "phone", "primary_contact", "owner")])
def test_the_standard_columns_come_back(make, as_user, names):
    preferences.keep_columns(["number"], by=make.bob)
    client = as_user(make.bob)

    if names:
        sent(client, *names, "team", show="1")
    else:
        sent(client, "number", reset="1")

    assert make.again(User, make.bob.id).account_columns is None
    assert client.get("/accounts").status_code == 200


@pytest.mark.parametrize("headers", [{}, DRAWER], ids=["plain", "htmx"])
@pytest.mark.parametrize(
    "button, name, expected",
    [
        ("up", "email", ["email", "number", "phone"]),
        ("down", "email", ["number", "phone", "email"]),
        ("remove", "email", ["number", "phone"]),
        ("remove", "password", ["number", "email", "phone"]),
        ("dropped", "email", ["number", "email", "phone"]),
        ("find", "1", ["number", "email", "phone"]),
    ],
)
def test_a_button_changes_the_order_and_saves_nothing(
    make, as_user, headers, button, name, expected
):
    client = as_user(make.bob)

    text = sent(client, "number", "email", "phone", headers=headers, **{button: name}).text

    assert order(text) == expected
    assert ticked(text) == set(expected)
    assert "Not saved yet." in text
    assert make.again(User, make.bob.id).account_columns is None


def test_ticks_add_a_column_at_the_end_and_take_one_away(make, as_user):
    form = {"field": ["number", "email"], "shown": ["email", "active", "phone"], "show": "1"}

    answer = as_user(make.bob).post("/accounts/columns", data=form)

    assert led_to(answer) == "/accounts?columns=name%2Cemail%2Cactive%2Cphone"


def test_a_search_narrows_the_boxes_and_loses_no_column(make, as_user):
    make.field("Zone", label_fr="Zône")
    client = as_user(make.bob)
    searched = client.post(
        "/accounts/columns", data={"field": ["number"], "shown": ["number"], "words": "CITY bill"}
    ).text
    form = {"field": ["number"], "shown": ["billing_city"], "found": "CITY bill", "words": "zon"}

    found = client.post("/accounts/columns", data=form).text

    assert offered(searched) == ["billing_city"]
    assert order(searched) == ["number"]
    assert offered(found) == ["c_zone"]
    assert order(found) == ["number", "billing_city"]
    assert "No column is called so." in client.get("/accounts/columns?words=nothing").text


def test_too_many_columns_are_refused_and_stay_chosen(make, as_user):
    names = [make.field(f"F {number}").name for number in range(30)]
    client = as_user(make.bob)

    answer = sent(client, *names, show="1")

    assert answer.status_code == 422
    assert "A list has up to 30 columns. Take some away." in answer.text
    assert order(answer.text) == names
    assert sent(client, *names[1:], show="1").status_code == 303


# --- views ------------------------------------------------------------------------------------


def test_a_view_keeps_its_columns_whoever_opens_it(make, as_user):
    make.account("Acme", billing_city="Graz")
    keep(as_user(make.mona), "/accounts?columns=name,billing_city", audience="everyone")
    preferences.keep_columns(["number"], by=make.bob)

    text = shown(as_user(make.bob))

    assert heads(text) == ["Account", "City (Billing address)"]
    assert not is_changed(text)


def test_a_view_without_columns_has_the_standard_ones_whatever_its_reader_likes(make, as_user):
    make.account("Acme", location="Lyon")
    keep(as_user(make.mona), "/accounts?location=Lyon", audience="everyone")
    preferences.keep_columns(["number"], by=make.bob)

    assert heads(shown(as_user(make.bob))) == STANDARD


def test_other_columns_change_a_view_and_are_not_remembered_for_other_lists(make, as_user):
    make.account("Acme", location="Lyon")
    client = as_user(make.bob)
    keep(client, "/accounts?location=Lyon")

    answer = sent(client, "email", address="/accounts/columns?view=1.1&location=Lyon", show="1")
    text = client.get(led_to(answer)).text
    client.post(led_to(answer).replace("/accounts", "/accounts/views/1/question"))

    assert led_to(answer) == "/accounts?view=1.1&location=Lyon&columns=name%2Cemail"
    assert is_changed(text)
    assert opened(client) == "/accounts?view=1.2&location=Lyon&columns=name%2Cemail"
    assert make.again(User, make.bob.id).account_columns is None


def test_the_standard_columns_change_a_view_that_has_others(make, as_user):
    make.account("Acme")
    client = as_user(make.bob)
    keep(client, "/accounts?columns=name,email")

    answer = sent(client, address="/accounts/columns?view=1.1&columns=name,email", reset="1")
    text = client.get(led_to(answer)).text

    assert heads(text) == STANDARD
    assert is_changed(text)


def test_who_was_slower_reads_which_columns_the_other_has_chosen(make, as_user):
    keep(as_user(make.mona), "/accounts?location=Lyon", audience="everyone")
    mona, alice = as_user(make.mona), as_user(make.alice)
    alice.post("/accounts/views/1/question?view=1.1&location=Lyon&columns=name,email")

    answer = mona.post("/accounts/views/1/question?view=1.1&location=Lyon")

    assert answer.status_code == 409
    assert "Columns: Account, E-mail" in answer.text
    assert "Standard columns" in answer.text


# --- gone -------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, htmx("div#accounts-table")], ids=["plain", "htmx"])
def test_a_column_that_is_gone_is_named_and_the_others_are_shown(make, as_user, headers):
    make.account("Acme")
    make.field("Zone", retired=True)

    text = as_user(make.bob).get("/accounts?columns=name,c_zone,email", headers=headers).text

    assert heads(text) == ["Account", "E-mail"]
    assert "the list is shown without it: Zone" in text
    assert 'href="/accounts/columns?columns=name%2Cc_zone%2Cemail"' in text


def test_the_chooser_begins_with_ones_own_columns_and_forgets_one_that_is_gone(make, as_user):
    make.field("Zone")
    client = as_user(make.bob)
    sent(client, "c_zone", "email", show="1")
    make.field("Zone", retired=True)

    text = client.get("/accounts/columns").text
    sent(client, *order(text), show="1")

    assert order(text) == ["email"]
    assert "not there any more" not in client.get("/accounts", follow_redirects=True).text


def test_a_view_says_which_column_it_lost_and_is_mended_by_saving(make, as_user):
    make.field("Zone")
    make.account("Acme")
    client = as_user(make.bob)
    keep(client, "/accounts?columns=name,c_zone,email")
    make.field("Zone", retired=True)

    address = opened(client)
    text = client.get(address).text
    client.post(address.replace("/accounts", "/accounts/views/1/question"))

    assert address == "/accounts?view=1.1&columns=name%2Cemail"
    assert "Column: Zone" in text
    assert not is_changed(text)
    assert "Column: Zone" not in shown(client)


def test_a_bookmark_with_a_retired_filter_names_the_field_and_leads_on(make, as_user):
    make.account("Acme", location="Lyon")
    make.field("Zone", filterable=True)
    make.field("Zone", retired=True, filterable=True)
    client = as_user(make.bob)

    answer = client.get("/accounts?location=Lyon&c_zone=north&sort=-number")
    rest = re.search(r'<a href="([^"]*)" class="btn primary', answer.text)[1]

    assert answer.status_code == 422
    assert "narrowed down by “Zone”" in answer.text
    assert "Zone: north" in answer.text
    assert rest == "/accounts?location=Lyon&amp;sort=-number"
    assert "Acme" in client.get(rest.replace("&amp;", "&")).text


@pytest.mark.parametrize("asked", ["sort=c_zone", "where=c_zone~is~north", "owner=nobody"])
def test_whatever_else_cannot_be_asked_leads_to_the_rest(make, as_user, asked):
    make.field("Zone", retired=True)

    answer = as_user(make.bob).get(f"/accounts?location=Lyon&{asked}")

    assert answer.status_code == 422
    assert 'href="/accounts?location=Lyon" class="btn primary' in answer.text


def test_a_place_that_is_gone_leads_to_the_beginning(make, as_user):
    answer = as_user(make.bob).get("/accounts?location=Lyon&from=nowhere")

    assert answer.status_code == 422
    assert 'href="/accounts?location=Lyon" class="btn primary' in answer.text
