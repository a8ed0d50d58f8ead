"""The page of all contacts."""

from __future__ import annotations

import pytest

from crmapp.models import Contact
from crmapp.services import contact_list
from tests.support.pages import flat
from tests.support.web import htmx


def test_it_names_contacts_with_their_accounts_and_their_roles(make, as_user):
    account = make.account("Acme")
    make.contact(account, "Doe", roles=["accounts_payable"], email="doe@acme.example")

    page = as_user(make.carol).get("/contacts")

    text = page.text
    assert f'<a href="/accounts/{account.id}/contacts">Acme</a>' in text
    assert '<a class="tag" href="/contacts?role=accounts_payable">Accounts payable</a>' in text
    assert 'href="mailto:doe@acme.example"' in text
    assert "/edit" not in text
    assert "1 contact" in flat(page)


def test_the_words_that_are_looked_for_are_quoted_in_no_foreign_way(make, as_user):
    page = as_user(make.user("marie", locale="fr")).get("/contacts?q=doe").text

    assert "Recherche" in page
    assert "“doe”" not in page


def test_a_filter_is_a_chip_and_what_is_not_known_asks_for_nothing(make, as_user):
    account = make.account()
    make.contact(account, "Doe", roles=["technical"])
    make.contact(account, "Roe")

    some = as_user(make.bob).get("/contacts?role=technical").text
    every = as_user(make.bob).get("/contacts?role=juggler&active=perhaps&after=x&before=-1").text

    assert ("Doe" in some, "Roe" in some) == (True, False)
    assert ("Doe" in every, "Roe" in every) == (True, True)


@pytest.mark.parametrize(
    "address, said",
    [
        ("/contacts", "No contacts yet"),
        ("/contacts?q=zzz", "No contact matches"),
        ("/contacts?role=technical", "No contact matches"),
    ],
)
def test_an_empty_list_says_why(make, as_user, address, said):
    make.account()

    assert said in as_user(make.bob).get(address).text


def test_only_the_table_comes_for_a_filter_and_the_address_follows(make, as_user):
    make.contact(make.account(), "Doe")

    answer = as_user(make.bob).get("/contacts?q=doe", headers=htmx("div#contacts-table"))

    assert answer.text.lstrip().startswith('<div id="contacts-table"')
    assert answer.headers["HX-Push-Url"] == "/contacts?q=doe"


def test_more_than_a_page_is_walked_both_ways(make, as_user, monkeypatch):
    monkeypatch.setattr(contact_list, "PAGE", 1)
    account = make.account()
    first, second = (make.contact(account, name) for name in ("Abel", "Zorn"))
    client = as_user(make.bob)

    start, end = client.get("/contacts"), client.get(f"/contacts?after={first.id}")

    assert f"/contacts?after={first.id}" in start.text
    assert f"/contacts?before={second.id}" in end.text
    assert "2 contacts" in flat(start)


def test_roles_are_boxes_and_what_was_ticked_stays_when_the_form_is_refused(make, as_user):
    contact = make.contact(make.account(), "Doe", roles=["technical"])
    client = as_user(make.bob)

    sent = {"last_name": "", "roles": ["purchasing"], "version": "1"}
    refused = client.post(f"/contacts/{contact.id}", data=sent)
    sent["last_name"] = "Doe"
    saved = client.post(f"/contacts/{contact.id}", data=sent)

    assert refused.status_code == 422
    (box,) = [each for each in refused.text.split("<input")[1:] if 'value="purchasing"' in each]
    assert "checked" in box.partition(">")[0]
    assert saved.status_code == 303
    assert make.again(Contact, contact.id).roles == ["purchasing"]
