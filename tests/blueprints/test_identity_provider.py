"""People sign in with an identity provider: a certified one, and one that forges its answers."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from passlib.totp import TOTP
from sqlalchemy import select

from crmapp.config import settings
from crmapp.db import session, unit_of_work
from crmapp.models import AuditEvent, LinkedPerson, MailOutbox, SecondStep, User
from crmapp.services import users, vault
from crmapp.web.extensions import limiter
from tests.factories import PASSWORD
from tests.support.openid import CLIENT_ID, SECRET, new_key, pem, signs_in

BEGIN = "/login/provider"


@pytest.fixture(autouse=True)
def unlimited(app):
    limiter.enabled = False


def come_back(client, forger, next_="", **instead):
    """Sign in at the forger, and return the answer to who comes back."""
    begun = client.get(BEGIN, query_string={"next": next_})
    return client.get(forger.back(begun.location, **instead))


def is_in(client):
    return client.get("/preferences/mail").status_code == 200


def said(client):
    return client.get("/login").text


def links():
    session.rollback()
    return [(each.user_id, each.subject) for each in session.scalars(select(LinkedPerson))]


def told():
    session.rollback()
    return [(each.kind, each.by_id) for each in session.query(AuditEvent).order_by(AuditEvent.id)]


def test_a_person_signs_in_at_a_certified_provider(client, make, set_up, real):
    set_up(real)
    begun = client.get(f"{BEGIN}?next=/preferences/day")
    answer = client.get(signs_in(begun.location, make.bob.email))

    assert answer.location == "/preferences/day"
    assert is_in(client)
    assert links() == [(make.bob.id, "bob@crm.example")]
    kinds = ["provider_saved", "provider_linked", "signed_in"]
    assert [kind for kind, _by in told()] == kinds


def test_a_certified_provider_does_not_vouch_for_an_address_nobody_has_shown(
    client, make, set_up, real
):
    set_up(real)

    begun = client.get(BEGIN)
    client.get(signs_in(begun.location, f"unverified.{make.bob.email}"))

    assert "has not verified your e-mail address" in said(client)
    assert (is_in(client), links()) == (False, [])


def test_a_code_of_a_certified_provider_is_good_once(client, app, make, set_up, real):
    set_up(real)
    begun = client.get(BEGIN)
    with client.session_transaction() as cookie:
        before = dict(cookie)
    back = signs_in(begun.location, make.bob.email)
    client.get(back)
    other = app.test_client()
    with other.session_transaction() as cookie:
        cookie.update(before)

    other.get(back)

    assert "does not fit this sign-in" in said(other)
    assert (is_in(client), is_in(other)) == (True, False)


def test_signing_out_leads_on_to_the_provider(client, make, set_up, real):
    set_up(real)
    client.get(signs_in(client.get(BEGIN).location, make.bob.email))
    policy = client.get("/preferences/mail").headers["Content-Security-Policy"]

    answer = client.post("/logout")

    there = urlsplit(answer.location)
    assert f"{there.scheme}://{there.netloc}" == real
    assert parse_qs(there.query) == {
        "client_id": [CLIENT_ID],
        "post_logout_redirect_uri": [f"{settings().address}/login"],
    }
    assert policy.endswith(f"form-action 'self' {real}")
    assert not is_in(client)


def test_a_certified_provider_passes_the_test(alice, set_up, real):
    set_up(real)

    page = alice.post("/admin/users/identity-provider/test", follow_redirects=True).text

    assert "The provider answers, and shows 1 key." in page


def test_the_person_is_known_by_the_subject_from_then_on(client, make, set_up, forger):
    set_up(forger.url)
    forger.claims["email"] = make.bob.email
    come_back(client, forger)
    client.post("/logout")
    forger.claims["email"] = "another@crm.example"
    forger.used.clear()

    come_back(client, forger)

    assert is_in(client)
    assert links() == [(make.bob.id, "4711")]


FORGED = {
    "of another audience": {"claims": {"aud": "another"}},
    "for another party": {"claims": {"aud": [CLIENT_ID, "other"], "azp": "other"}},
    "for several parties": {"claims": {"aud": [CLIENT_ID, "other"]}},
    "of another issuer": {"claims": {"iss": "https://evil.example"}},
    "of another sign-in": {"claims": {"nonce": "another"}},
    "of no sign-in": {"lacks": ("nonce",)},
    "expired": {"claims": {"exp": int(time.time()) - 3600}},
    "without an end": {"lacks": ("exp",)},
    "about nobody": {"lacks": ("sub",)},
    "not signed": {"algorithm": "none"},
    "signed by a secret": {"algorithm": "HS256", "signed_by": SECRET.encode()},
    "signed by an unknown key": {"signed_by": new_key()},
    "of a key that is not there": {"kid": "another"},
}


@pytest.mark.parametrize("name", FORGED)
def test_an_answer_that_is_forged_lets_nobody_in(client, make, set_up, forger, name):
    set_up(forger.url)
    forger.claims["email"] = make.bob.email
    for each, value in FORGED[name].items():
        setattr(forger, each, forger.claims | value if each == "claims" else value)

    come_back(client, forger)

    assert forger.asked  # else nothing was forged
    assert "does not fit this sign-in" in said(client)
    assert (is_in(client), links()) == (False, [])
    assert told()[-1] == ("sign_in_refused", None)


def test_the_public_key_is_no_secret_to_sign_by(client, make, set_up, forger):
    set_up(forger.url)
    forger.claims["email"] = make.bob.email
    forger.signed_by = pem(forger.keys["first"])

    come_back(client, forger)

    assert (is_in(client), len(forger.asked)) == (False, 1)


def test_new_keys_of_the_provider_are_taken_at_once(client, make, set_up, forger):
    set_up(forger.url)
    forger.claims["email"] = make.bob.email
    come_back(client, forger)
    client.post("/logout")
    forger.keys = {"second": new_key()}
    forger.kid, forger.signed_by = "second", forger.keys["second"]
    forger.used.clear()

    come_back(client, forger)

    assert is_in(client)


@pytest.mark.parametrize("instead", [{"state": "another"}, {"state": ""}, {"state": "é"}])
def test_what_somebody_else_began_is_not_finished(client, make, set_up, forger, instead):
    set_up(forger.url)
    forger.claims["email"] = make.bob.email

    come_back(client, forger, **instead)

    assert "not the sign-in that you began here" in said(client)
    assert (is_in(client), forger.asked) == (False, [])


def test_an_answer_that_names_another_issuer_is_not_believed(client, make, set_up, forger):
    set_up(forger.url)

    come_back(client, forger, iss="https://evil.example")

    assert (is_in(client), forger.asked) == (False, [])


def test_an_answer_is_good_once(client, make, set_up, forger):
    set_up(forger.url)
    forger.claims["email"] = make.bob.email
    back = forger.back(client.get(BEGIN).location)
    client.get(back)
    client.post("/logout")

    client.get(back)

    assert not is_in(client)


def test_a_sign_in_takes_a_quarter_of_an_hour_at_most(client, make, set_up, forger, clock):
    set_up(forger.url)
    begun = client.get(BEGIN)
    clock.shift(16 * 60)

    client.get(forger.back(begun.location))

    assert "took too long" in said(client)


def test_who_does_not_allow_it_there_may_begin_again(client, make, set_up, forger):
    set_up(forger.url)

    come_back(client, forger, error="access_denied", code="")

    assert "You were not signed in there." in said(client)


def test_who_was_let_go_is_refused_as_anybody_unknown(client, app, make, set_up, forger):
    set_up(forger.url)
    forger.claims["email"] = make.bob.email
    users.set_active(make.bob.id, False, by=make.alice)
    come_back(client, forger)
    other = app.test_client()
    forger.claims["email"] = "nobody@crm.example"
    forger.used.clear()

    come_back(other, forger)

    sentence = "Nobody signs in here by this account."
    assert (sentence in said(client), sentence in said(other)) == (True, True)
    assert (is_in(client), links()) == (False, [])


def test_who_is_let_go_later_is_refused_though_she_is_linked(client, make, set_up, forger):
    set_up(forger.url)
    forger.claims["email"] = make.bob.email
    come_back(client, forger)
    users.set_active(make.bob.id, False, by=make.alice)
    forger.used.clear()

    come_back(client, forger)

    assert not is_in(client)


def test_a_second_account_of_the_same_address_is_refused_until_the_link_is_taken_away(
    client, alice, make, set_up, forger
):
    set_up(forger.url)
    forger.claims["email"] = make.bob.email
    come_back(client, forger)
    client.post("/logout")
    forger.claims["sub"] = "4712"
    forger.used.clear()
    come_back(client, forger)
    refused = is_in(client)

    page = alice.get(f"/admin/users/{make.bob.id}/edit").text
    alice.post(f"/admin/users/{make.bob.id}/identity-provider/unlink")
    forger.used.clear()
    come_back(client, forger)

    assert "Take the link away" in page
    assert (refused, is_in(client)) == (False, True)
    assert links() == [(make.bob.id, "4712")]


@pytest.mark.parametrize("verified", [False, None, "false", 1])
def test_an_address_counts_only_if_it_is_verified(client, make, set_up, forger, verified):
    set_up(forger.url)
    forger.claims |= {"email": make.bob.email, "email_verified": verified}

    come_back(client, forger)

    assert (is_in(client), links()) == (False, [])


def test_another_claim_may_be_the_address(client, make, set_up, forger):
    set_up(forger.url, email_claim="upn")
    forger.claims |= {"upn": make.bob.email.upper(), "email": "else@x.example", "xms_edov": True}

    come_back(client, forger)

    assert links() == [(make.bob.id, "4711")]


def test_people_who_are_not_here_are_added_if_that_is_wanted(client, make, set_up, forger):
    set_up(forger.url, new_role="viewer")
    forger.claims |= {"email": "Nina@crm.example", "name": "Nina  New"}

    come_back(client, forger)

    nina = session.scalars(select(User).where(User.email == "nina@crm.example")).one()
    assert is_in(client)
    assert (nina.name, nina.role, nina.password) == ("Nina New", "viewer", None)
    assert session.query(MailOutbox).count() == 0
    kinds = [kind for kind, _by in told()]
    assert kinds == ["provider_saved", "person_added", "provider_linked", "signed_in"]


def test_a_role_that_needs_a_second_step_is_asked_for_it(client, make, set_up, forger):
    set_up(forger.url)
    forger.claims["email"] = make.bob.email
    with unit_of_work():
        session.add(SecondStep(role=make.bob.role))

    answer = come_back(client, forger)

    assert answer.location.startswith("/tf-setup")
    assert not is_in(client)


def test_who_has_a_second_step_enters_a_code_and_comes_where_she_wanted(
    client, as_user, make, set_up, forger
):
    set_up(forger.url)
    forger.claims["email"] = make.bob.email
    key = TOTP.new()
    with unit_of_work():
        bob = session.get(User, make.bob.id)
        bob.tf_primary_method = "authenticator"
        bob.tf_totp_secret = vault.seal({"totp": key.to_json(encrypt=False)})

    answer = come_back(client, forger, next_="/preferences/day")
    before = is_in(client)
    after = client.post(answer.location, data={"code": key.generate().token})

    assert (before, is_in(client), after.location) == (False, True, "/preferences/day")


@pytest.mark.parametrize("more", [{"amr": ["pwd", "mfa"]}, {"acr": "phr"}])
def test_a_provider_that_asked_for_a_second_step_is_believed(client, make, set_up, forger, more):
    set_up(forger.url)
    forger.claims |= {"email": make.bob.email, **more}
    with unit_of_work():
        session.add(SecondStep(role=make.bob.role))

    come_back(client, forger)

    assert is_in(client)


@pytest.mark.parametrize("there", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_nobody_is_led_elsewhere(client, make, set_up, forger, there):
    set_up(forger.url)
    forger.claims["email"] = make.bob.email

    assert come_back(client, forger, next_=there).location == "/"


def test_a_provider_that_is_down_is_said_and_the_password_still_works(client, make, set_up, forger):
    set_up("http://127.0.0.1:1")

    client.get(BEGIN)

    assert "The identity provider cannot be asked now." in said(client)
    client.post("/login", data={"email": make.bob.email, "password": PASSWORD})
    assert is_in(client)


def test_nobody_signs_in_who_is_in_already(as_user, make, set_up, forger):
    set_up(forger.url)

    answer = as_user(make.carol).get(f"{BEGIN}?next=/day")

    assert (answer.location, forger.asked) == ("/day", [])


def test_who_then_signs_in_by_a_password_is_not_led_there_to_sign_out(client, make, set_up, forger):
    set_up(forger.url)
    forger.claims["email"] = make.bob.email
    with unit_of_work():
        session.add(SecondStep(role=make.bob.role))
    come_back(client, forger)

    client.post("/login", data={"email": make.carol.email, "password": PASSWORD})

    assert is_in(client)
    assert client.post("/logout").location == "/login"
