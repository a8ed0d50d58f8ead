"""The palette as a page and as a part of one, and what it offers to whom."""

from __future__ import annotations

import pytest

from crmapp.db import session, unit_of_work
from crmapp.models import Account, User
from tests.support.web import htmx

RESULTS = htmx("div#palette-results")


def test_it_is_a_page_of_links_without_javascript(make, as_user):
    account = make.account("Acme")

    text = as_user(make.carol).get("/search?q=acm").text

    assert "<title>Search" in text
    assert f'<a class="palette-item" href="/accounts/{account.id}">' in text
    assert "/accounts?q=acm" in text


def test_in_the_palette_each_answer_is_an_option(make, as_user):
    account = make.account("Acme")

    text = as_user(make.carol).get("/search?q=acm", headers=RESULTS).text

    assert text.startswith('<div id="palette-results"')
    assert 'role="listbox"' in text
    assert f'href="/accounts/{account.id}" id="palette-accounts-1" role="option"' in text


def test_a_contact_leads_to_her_row(make, as_user):
    account = make.account("Acme")
    contact = make.contact(account, "Doe", first_name="Jane")

    text = as_user(make.carol).get("/search?q=jane").text

    assert f'href="/accounts/{account.id}/contacts#contact-{contact.id}-row"' in text


def test_without_words_it_shows_what_was_opened_last(make, as_user):
    first, second = make.account("Acme"), make.account("Boltworks")
    client = as_user(make.carol)
    for account in (first, second, first):
        client.get(f"/accounts/{account.id}/contacts")

    text = client.get("/search", headers=RESULTS).text

    assert text.index("Opened last") < text.index("Acme") < text.index("Boltworks")
    assert text.count("Acme") == 1


def test_what_was_opened_is_forgotten_when_one_may_not_see_it_any_more(make, as_user):
    account = make.account("Acme")
    client = as_user(make.bob)
    client.get(f"/accounts/{account.id}")
    mallory = make.mallory.id
    with unit_of_work():
        session.get_one(Account, account.id).owner_id = mallory

    assert "Acme" not in client.get("/search", headers=RESULTS).text


def test_the_account_at_hand_offers_what_one_may_do_with_it(make, as_user):
    account = make.account("Acme")

    seller = as_user(make.bob).get(f"/search?account={account.id}", headers=RESULTS).text
    reader = as_user(make.carol).get(f"/search?account={account.id}", headers=RESULTS).text

    assert f"/accounts/{account.id}/activities/new?kind=call" in seller
    assert f"/accounts/{account.id}/edit" in seller
    assert f"/accounts/{account.id}/deletion" not in seller
    assert f"/accounts/{account.id}/" not in reader


def test_an_account_of_another_rep_offers_nothing_and_has_no_name(make, as_user):
    account = make.account("Secret", owner_id=make.mallory.id)

    text = as_user(make.bob).get(f"/search?account={account.id}", headers=RESULTS).text

    assert "Secret" not in text
    assert f"/accounts/{account.id}" not in text


@pytest.mark.parametrize(
    "who, offered", [("alice", {"/admin/users", "/runs", "/admin/mail"}), ("carol", set())]
)
def test_pages_are_offered_to_those_who_may_open_them(make, as_user, who, offered):
    text = as_user(getattr(make, who)).get("/search", headers=RESULTS).text

    found = {place for place in ("/admin/users", "/runs", "/admin/mail") if f'"{place}"' in text}
    assert found == offered


def test_a_page_that_is_called_so_comes_before_accounts_that_contain_it(make, as_user):
    make.account("Brunswick Runsheets", location="Runs")
    make.account("Acme", location="Runs")

    text = as_user(make.alice).get("/search?q=runs", headers=RESULTS).text

    assert text.index('href="/runs"') < text.index("Acme")


def test_a_page_is_found_in_the_language_of_the_reader(make, as_user):
    client = as_user(make.user("dora", locale="fr"))

    assert "Raccourcis clavier" in client.get("/search?q=raccourci").text


def test_a_page_is_found_by_where_it_belongs(make, as_user):
    alice = as_user(make.alice)

    helped, managed = alice.get("/search?q=help").text, alice.get("/search?q=admin").text

    assert 'href="/help"' in helped
    assert managed.index('href="/admin"') < managed.index('href="/admin/pick-lists"')


def test_a_preference_can_be_set_from_it(make, as_user):
    text = as_user(make.carol).get("/search?q=dark").text

    assert 'form="preferences" name="theme" value="dark"' in text


@pytest.mark.parametrize(
    "query", ["account=0", "account=x", "account=", "account=99999999999", "q="]
)
def test_nonsense_in_the_address_does_no_harm(make, as_user, query):
    assert as_user(make.carol).get(f"/search?{query}").status_code == 200


def test_very_many_words_are_cut(make, as_user):
    assert as_user(make.carol).get("/search?q=" + "ab " * 900).status_code == 200


def test_a_visitor_is_asked_to_sign_in(client):
    assert client.get("/search?q=acme").status_code == 302


def test_the_shortcuts_are_a_page_and_a_sheet(make, as_user):
    client = as_user(make.carol)

    assert "<!doctype html>" in client.get("/shortcuts").text
    assert client.get("/shortcuts", headers=htmx("div#drawer-body")).text.startswith("<div id=")


def test_no_keys_are_listed_to_places_that_are_closed_to_the_reader(make, as_user):
    of_admin = as_user(make.alice).get("/shortcuts").text
    assert of_admin.count("<kbd>g</kbd>") == 6

    of_rep = as_user(make.bob).get("/shortcuts").text

    assert "<dd>Accounts</dd>" in of_rep
    assert "<dd>Runs</dd>" not in of_rep
    assert "<dd>Admin</dd>" not in of_rep


def test_shortcuts_that_are_switched_off_stay_off(make, as_user):
    bob = make.bob
    client = as_user(bob)
    assert 'data-shortcuts="on"' in client.get("/shortcuts").text

    client.post("/preferences", data={"shortcuts": "off"})

    assert session.get(User, bob.id).shortcuts == "off"
    assert 'data-shortcuts="off"' in as_user(bob).get("/shortcuts").text
