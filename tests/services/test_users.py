"""People who sign in, as administrators meet them."""

from __future__ import annotations

import pytest
from flask_security.utils import verify_password
from sqlalchemy import select, update

from crmapp.db import session
from crmapp.errors import Forbidden, Invalid, NotFound
from crmapp.mail import messages
from crmapp.models import MailOutbox, User
from crmapp.services import users
from tests.support.rivals import overtaken


def kept(user_id):
    session.rollback()
    return session.get(User, user_id)


def add(by, **values):
    defaults = {"name": "Nina", "email": "Nina@CRM.example ", "role": "rep"}
    return users.add(**{**defaults, **values}, by=by)


def test_an_administrator_adds_a_person(make):
    user = kept(add(make.alice, teams=["North", " "]))

    assert (user.name, user.email, user.role, user.active) == (
        "Nina",
        "nina@crm.example",
        "rep",
        True,
    )
    assert [team.name for team in user.teams] == ["North"]


def test_who_is_added_without_a_password_is_invited_by_mail(make):
    add(make.alice)

    [letter] = session.scalars(select(MailOutbox)).all()
    words = messages.write(letter)
    assert letter.recipient == "nina@crm.example"
    assert "/reset" in words.text
    assert "/reset" in words.html


def test_who_is_given_a_password_is_not(make):
    add(make.alice, password="correct horse battery")

    assert session.scalar(select(MailOutbox.id)) is None


def test_a_password_that_was_set_here_signs_in(make):
    user = kept(add(make.alice, password="correct horse battery"))

    assert verify_password("correct horse battery", user.password)


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "nobody"},
        {"email": "a\x00@b.example"},
        {"name": ""},
        {"name": "x" * 101},
        {"role": "king"},
        {"password": "short"},
    ],
)
def test_a_wrong_value_is_named_by_its_field(make, wrong):
    with pytest.raises(Invalid) as invalid:
        add(make.alice, **wrong)

    assert list(invalid.value.fields) == list(wrong)


def test_an_address_belongs_to_one_person(make):
    with pytest.raises(Invalid) as invalid:
        add(make.alice, email=make.bob.email.upper())

    assert list(invalid.value.fields) == ["email"]


def test_a_person_gets_another_role(make):
    users.set_role(make.bob.id, "manager", by=make.alice)

    assert kept(make.bob.id).role == "manager"


def test_somebody_always_administers(make):
    for attempt in (
        lambda: users.set_role(make.alice.id, "rep", by=make.alice),
        lambda: users.set_active(make.alice.id, False, by=make.alice),
    ):
        with pytest.raises(Invalid) as invalid:
            attempt()
        assert list(invalid.value.fields) == ["role"]


def test_who_is_let_go_is_signed_out_and_has_no_rights(make):
    before = make.bob.fs_uniquifier

    users.set_active(make.bob.id, False, by=make.alice)

    after = kept(make.bob.id)
    assert (after.active, after.fs_uniquifier == before) == (False, False)


def test_a_new_password_replaces_the_old_one_and_signs_out(make):
    before = make.bob.fs_uniquifier

    users.set_password(make.bob.id, "correct horse battery", by=make.alice)

    after = kept(make.bob.id)
    assert verify_password("correct horse battery", after.password)
    assert after.fs_uniquifier != before


def test_only_administrators_manage_people(make):
    for attempt in (
        lambda: users.everybody(by=make.mona),
        lambda: users.get(make.bob.id, by=make.mona),
        lambda: add(make.mona),
        lambda: users.set_role(make.bob.id, "admin", by=make.bob),
        lambda: users.set_active(make.bob.id, False, by=make.mona),
        lambda: users.set_password(make.bob.id, "x" * 12, by=make.mona),
    ):
        with pytest.raises(Forbidden) as forbidden:
            attempt()
        assert forbidden.value.right == "user.manage"


@pytest.mark.parametrize("user_id", [0, 999, 10**30])
def test_nobody_has_an_impossible_id(make, user_id):
    with pytest.raises(NotFound):
        users.get(user_id, by=make.alice)


def test_two_administrators_cannot_both_be_let_go_at_once(app, make):
    first, second = make.alice.id, make.user("zoe", "admin").id
    zoe_goes = update(User).where(User.id == second).values(active=False)

    refused = overtaken(app, zoe_goes, lambda: users.set_active(first, False, by=None))

    assert [type(error) for error in refused] == [Invalid]
    assert kept(first).active
