"""An administrator sets an identity provider up, and tests it."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from crmapp.config import settings
from crmapp.db import session
from crmapp.errors import Invalid
from crmapp.models import IdentityProvider
from crmapp.services import key_rotation, vault
from tests.factories import PASSWORD
from tests.support.openid import SECRET

PLACE = "/admin/users/identity-provider"

FORM = {
    "issuer": "https://login.example.com", "client_id": "crmapp", "secret": "s3cret-word",
    "label": "Acme", "email_claim": "email", "new_role": "", "active": "y", "passwords": "y",
}  # fmt: skip


def seen(client):
    return re.search(r'name="seen" type="hidden" value="([^"]+)"', client.get(PLACE).text)[1]


def test_an_administrator_sets_it_up_and_never_sees_the_secret_again(alice, client):
    answer = alice.post(PLACE, data=FORM, follow_redirects=True)

    row = session.scalars(select(IdentityProvider)).one()
    assert "Your choice is kept." in answer.text
    assert "s3cret-word" not in answer.text + row.secret
    assert vault.unseal(row.secret) == {"secret": "s3cret-word"}
    assert "Sign in with Acme" in client.get("/login").text
    assert f"{settings().address}/login/provider/back" in answer.text


def test_the_secret_stays_if_none_is_typed_but_goes_to_no_other_address(alice):
    alice.post(PLACE, data=FORM)
    kept = alice.post(PLACE, data=FORM | {"secret": "", "label": "A", "seen": seen(alice)})
    moved = FORM | {"secret": "", "issuer": "https://evil.example", "seen": seen(alice)}

    refused = alice.post(PLACE, data=moved)

    assert (kept.status_code, refused.status_code) == (303, 422)
    assert "Enter the secret again" in refused.text
    row = session.scalars(select(IdentityProvider)).one()
    assert (row.label, row.issuer) == ("A", "https://login.example.com")


def test_who_saw_older_settings_is_told_and_keeps_what_she_typed(alice):
    alice.post(PLACE, data=FORM)
    before = seen(alice)
    alice.post(PLACE, data=FORM | {"label": "Theirs", "seen": before})

    refused = alice.post(PLACE, data=FORM | {"label": "Mine", "seen": before})
    label = session.scalars(select(IdentityProvider.label)).one()
    saved = alice.post(PLACE, data=FORM | {"label": "Mine", "seen": seen(alice)})

    assert (refused.status_code, label, saved.status_code) == (409, "Theirs", 303)
    assert "Somebody changed these settings meanwhile" in refused.text
    assert 'value="Mine"' in refused.text


@pytest.mark.parametrize(
    "name, value, sentence",
    [
        ("issuer", "login.example.com", "is not an address"),
        ("issuer", "http://login.example.com", "must be reached by https://"),
        ("issuer", "https://login.example.com:8443", "its usual port"),
        ("issuer", "", "Enter the address of the issuer"),
        ("issuer", "https://x.example/?a=1", "without what comes after it"),
        ("client_id", "", "Enter the client ID"),
        ("label", "x" * 41, "at most 40 characters"),
        ("email_claim", "two words", "the name of one claim"),
        ("new_role", "admin", "Choose one of the roles."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(alice, name, value, sentence):
    answer = alice.post(PLACE, data=FORM | {name: value})

    assert answer.status_code == 422
    assert sentence in answer.text
    assert session.query(IdentityProvider).count() == 0


@pytest.mark.parametrize(
    "document, sentence",
    [
        ({"issuer": "https://other.example"}, "The provider calls itself https://other.example"),
        ({"token_endpoint": None}, "lacks token_endpoint"),
        ({"jwks_uri": "http://127.0.0.1:1/"}, "cannot be reached"),
    ],
)
def test_a_test_says_what_is_wrong(alice, set_up, forger, document, sentence):
    set_up(forger.url)
    forger.document = document

    page = alice.post(f"{PLACE}/test", follow_redirects=True).text

    assert sentence in page


def test_a_test_says_that_there_are_no_keys(alice, set_up, forger):
    set_up(forger.url)
    forger.keys = {}

    page = alice.post(f"{PLACE}/test", follow_redirects=True).text

    assert "The provider shows no key" in page


def test_a_test_says_that_nothing_is_there_and_that_it_is_no_json(alice, set_up, forger):
    set_up(f"{forger.url}/elsewhere")
    nothing = alice.post(f"{PLACE}/test", follow_redirects=True).text
    set_up(forger.url)
    forger.about = "<html>"

    page = alice.post(f"{PLACE}/test", follow_redirects=True).text

    assert "status 404" in nothing
    assert "is no JSON object" in page


def test_a_private_address_is_reached_only_by_a_test_system(client, alice, set_up, forger):
    set_up("https://localhost", sandbox=False)

    page = alice.post(f"{PLACE}/test", follow_redirects=True).text
    client.get("/login/provider")

    assert "leads to a private address" in page
    assert "private" not in client.get("/login").text


def test_its_secret_takes_part_in_the_rotation_of_keys(set_up, forger):
    set_up(forger.url)
    before = session.scalars(select(IdentityProvider.secret)).one()

    assert key_rotation.rotate().done == ("Acme",)

    session.rollback()
    after = session.scalars(select(IdentityProvider.secret)).one()
    assert (after != before, vault.unseal(after)) == (True, {"secret": SECRET})


def test_nobody_becomes_an_administrator_by_it(make, set_up, forger):
    with pytest.raises(Invalid) as refused:
        set_up(forger.url, new_role="admin")

    assert list(refused.value.fields) == ["new_role"]


def test_there_is_nothing_to_test_before_it_is_set_up(alice):
    page = alice.post(f"{PLACE}/test", follow_redirects=True).text

    assert "Set the provider up first." in page


def test_a_provider_that_is_not_in_use_is_not_offered(client, set_up, forger):
    set_up(forger.url, active=False, passwords=False)

    assert "Sign in with Acme" not in client.get("/login").text
    assert client.get("/login/provider").status_code == 404
    assert client.get("/login/provider/back?code=1&state=1").status_code == 404


def is_in(client):
    return client.get("/preferences/mail").status_code == 200


def test_without_passwords_only_administrators_sign_in_by_one(client, app, make, set_up, forger):
    set_up(forger.url, passwords=False)
    admin = app.test_client()

    for browser, person in ((client, make.bob), (admin, make.alice)):
        browser.post("/login", data={"email": person.email, "password": PASSWORD})

    assert (is_in(client), is_in(admin)) == (False, True)
    assert "Passwords sign in administrators only." in client.get("/login").text
