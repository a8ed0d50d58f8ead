"""People at an account: who may add and change them, and which one is primary."""

from __future__ import annotations

import pytest

from crmapp.db import session
from crmapp.errors import Conflict, Forbidden, Invalid, NotFound
from crmapp.models import Account, Contact
from crmapp.services import contacts


def kept(model, record_id):
    session.rollback()
    return session.get(model, record_id)


def test_the_first_contact_is_the_primary_one(make):
    account = make.account()

    first = contacts.add(account.id, {"last_name": "Doe", "job_title": "Director"}, by=make.bob)
    contacts.add(account.id, {"last_name": "Roe"}, by=make.bob)

    assert kept(Account, account.id).primary_contact_id == first
    assert kept(Contact, first).job_title == "director"


def test_another_contact_can_be_made_primary(make):
    account = make.account()
    contacts.add(account.id, {"last_name": "Doe"}, by=make.bob)
    second = contacts.add(account.id, {"last_name": "Roe"}, by=make.bob)

    assert contacts.set_primary(second, by=make.bob) == account.id
    assert kept(Account, account.id).primary_contact_id == second


def test_contacts_are_listed_primary_first_and_those_who_left_last(make):
    account = make.account()
    for name in ("Zorn", "Abel", "Moss"):
        contacts.add(account.id, {"last_name": name}, by=make.bob)
    contacts.add(account.id, {"last_name": "Aaron", "active": False}, by=make.bob)

    listed = contacts.of(kept(Account, account.id))

    assert [contact.last_name for contact in listed] == ["Zorn", "Abel", "Moss", "Aaron"]


def test_a_last_name_is_required(make):
    account = make.account()

    with pytest.raises(Invalid) as invalid:
        contacts.add(account.id, {"first_name": "Ann", "email": "x"}, by=make.bob)

    assert sorted(invalid.value.fields) == ["email", "last_name"]


def test_a_name_that_turns_the_text_beside_it_is_refused(make):
    account = make.account()
    turning = {"first_name": "Ann\u2066", "last_name": "D\u202eoe", "phone": "\u202d555 123\u202c"}

    with pytest.raises(Invalid) as invalid:
        contacts.add(account.id, turning, by=make.bob)

    assert sorted(invalid.value.fields) == ["first_name", "last_name"]


def test_a_form_sent_twice_adds_one_contact(make):
    account = make.account()

    added = {contacts.add(account.id, {"last_name": "Doe"}, by=make.bob, key="k") for _ in "12"}

    assert len(added) == 1


def test_changing_a_contact_leaves_the_rest(make):
    contact = make.contact(make.account(), "Doe", phone="5550100")

    contacts.update(contact.id, {"first_name": "Ann"}, 1, by=make.bob)

    after = kept(Contact, contact.id)
    assert (after.name, after.phone, after.name_key) == ("Ann Doe", "5550100", "doe ann")


def test_two_who_change_one_field_of_a_contact_conflict(make):
    contact = make.contact(make.account(), "Doe")
    contacts.update(contact.id, {"phone": "111"}, 1, by=make.bob)

    with pytest.raises(Conflict) as conflict:
        contacts.update(contact.id, {"phone": "222"}, 1, by=make.mona)

    assert (conflict.value.theirs, conflict.value.original) == ({"phone": "111"}, {"phone": None})


def test_contacts_of_another_reps_account_are_not_found(make):
    account = make.account(owner_id=make.mallory.id)
    contact = make.contact(account)

    for attempt in (
        lambda: contacts.get(contact.id, by=make.bob),
        lambda: contacts.add(account.id, {"last_name": "X"}, by=make.bob),
        lambda: contacts.update(contact.id, {"last_name": "X"}, 1, by=make.bob),
        lambda: contacts.set_primary(contact.id, by=make.bob),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_a_viewer_cannot_add_or_change_contacts(make):
    contact = make.contact(make.account())

    for attempt in (
        lambda: contacts.add(contact.account_id, {"last_name": "X"}, by=make.carol),
        lambda: contacts.update(contact.id, {"last_name": "X"}, 1, by=make.carol),
        lambda: contacts.set_primary(contact.id, by=make.carol),
    ):
        with pytest.raises(Forbidden) as forbidden:
            attempt()
        assert forbidden.value.right == "contact.edit"
