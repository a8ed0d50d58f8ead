"""The forms that add and change contacts."""

from __future__ import annotations

import pytest

from crmapp.db import session
from crmapp.models import Account, Contact
from crmapp.services import contacts
from tests.support.web import htmx


@pytest.fixture(params=["plain", "htmx"])
def headers(request):
    return htmx("div#drawer-body") if request.param == "htmx" else {}


def went(answer):
    return answer.headers.get("Location") or answer.headers.get("HX-Redirect")


def test_a_contact_is_added_and_the_tab_shows_it(make, as_user, headers):
    account, client = make.account(), as_user(make.bob)
    sent = {"first_name": "Ann", "last_name": "Łuk", "job_title": "director", "active": "y"}

    answer = client.post(f"/accounts/{account.id}/contacts", data=sent, headers=headers)

    assert went(answer) == f"/accounts/{account.id}/contacts"
    page = client.get(went(answer)).text
    assert "Contact “Łuk” added." in page
    assert "Ann Łuk" in page


def test_another_contact_may_follow_at_once(make, as_user, headers):
    account = make.account()
    sent = {"last_name": "Doe", "add_another": "yes"}

    answer = as_user(make.bob).post(f"/accounts/{account.id}/contacts", data=sent, headers=headers)

    assert went(answer) == f"/accounts/{account.id}/contacts/new"


def test_a_refused_contact_keeps_what_was_typed(make, as_user, headers):
    account = make.account()
    sent = {"first_name": "Ann", "last_name": "", "email": "x"}

    answer = as_user(make.bob).post(f"/accounts/{account.id}/contacts", data=sent, headers=headers)

    assert answer.status_code == 422
    assert 'value="Ann"' in answer.text
    assert answer.text.count('aria-invalid="true"') == 2


def test_the_last_name_comes_first_because_it_is_required(make, as_user):
    text = as_user(make.bob).get(f"/accounts/{make.account().id}/contacts/new").text

    assert text.index('name="last_name"') < text.index('name="first_name"')


def test_a_contact_is_changed(make, as_user, headers):
    contact = make.contact(make.account(), "Doe")
    sent = {"last_name": "Roe", "version": "1"}

    as_user(make.bob).post(f"/contacts/{contact.id}", data=sent, headers=headers)

    after = session.get(Contact, contact.id)
    assert (after.last_name, after.active) == ("Roe", False)


def test_who_comes_second_sees_both_names(make, as_user, headers):
    contact = make.contact(make.account(), "Doe")
    contacts.update(contact.id, {"last_name": "Theirs"}, 1, by=make.alice)
    sent = {"last_name": "Mine", "version": "1", "active": "y"}

    answer = as_user(make.bob).post(f"/contacts/{contact.id}", data=sent, headers=headers)

    assert answer.status_code == 409
    assert all(f'">{name}<' in answer.text for name in ("Mine", "Theirs", "Doe"))


def test_another_contact_is_made_the_primary_one(make, as_user, headers):
    account = make.account()
    contact = make.contact(account, "Doe")

    answer = as_user(make.bob).post(f"/contacts/{contact.id}/primary", headers=headers)

    assert went(answer) == f"/accounts/{account.id}/contacts"
    assert session.get(Account, account.id).primary_contact_id == contact.id


def test_the_name_leads_to_the_form_for_those_who_may_change_it(make, as_user):
    account = make.account(owner_id=make.bob.id)
    contact = make.contact(account, "Doe")
    link = f'<th scope="row"><a href="/contacts/{contact.id}/edit"'

    by_owner, by_viewer = (
        as_user(person).get(f"/accounts/{account.id}/contacts").text
        for person in (make.bob, make.carol)
    )

    assert link in by_owner
    assert "Doe" in by_viewer
    assert link not in by_viewer
