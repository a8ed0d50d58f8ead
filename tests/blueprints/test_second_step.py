"""Signing in with a second step: a code of an app, or one of a list."""

from __future__ import annotations

import re

import pytest
from passlib.totp import TOTP

from crmapp.db import session, unit_of_work
from crmapp.mail import messages
from crmapp.models import MailOutbox, SecondStep, User
from crmapp.services import key_rotation, second_step, vault
from crmapp.web.extensions import limiter
from tests.factories import PASSWORD


def enter(client, user, password=PASSWORD, **more):
    return client.post("/login", data={"email": user.email, "password": password}, **more)


def key_on(page):
    return re.search(r"<code>([A-Z2-7 -]+)</code>", page)[1]


def code_of(key, later=0):
    """Return the code that an app shows ``later`` half-minutes from now."""
    totp = TOTP(key)
    return totp.generate(totp.normalize_time(None) + 30 * later).token


def begin(client):
    """Ask for a key, as somebody who sets up an app."""
    return key_on(client.post("/tf-setup", data={"setup": "authenticator"}).text)


def turned_on(client):
    key = begin(client)
    client.post("/tf-validate", data={"code": code_of(key, -1)})
    return key


def codes_of(client):
    page = client.post("/mf-recovery-codes", data={"generate_new_codes": "yes"}).text
    return re.findall(r"<code>([0-9a-f-]{14})</code>", page)


def kept(user):
    session.rollback()
    return session.get(User, user.id)


def letters():
    session.rollback()
    kept = session.query(MailOutbox).order_by(MailOutbox.id)
    return [letter.params.get("event") for letter in kept]


def is_in(client):
    return client.get("/change").status_code == 200


def required(*roles):
    with unit_of_work():
        session.add_all([SecondStep(role=role) for role in roles])


def test_a_person_turns_it_on_with_a_first_code(as_user, make):
    client = as_user(make.bob)

    answer = client.post("/tf-validate", data={"code": code_of(begin(client))})

    assert answer.location == "/mf-recovery-codes"
    assert kept(make.bob).tf_primary_method == "authenticator"
    assert letters() == ["on"]


def test_the_qr_code_is_drawn_in_the_page(as_user, make):
    page = as_user(make.bob).post("/tf-setup", data={"setup": "authenticator"}).text

    assert re.search(r'<svg class="qr" viewBox="0 0 \d+ \d+" role="img"', page)
    assert "<img" not in page


def test_nothing_is_on_before_the_first_code_is_right(client, as_user, make):
    hers = as_user(make.bob)
    key = begin(hers)

    again = hers.post("/tf-validate", data={"code": "000000"}).text

    assert 'aria-invalid="true"' in again
    assert key_on(again) == key
    assert kept(make.bob).tf_totp_secret is None
    assert enter(client, make.bob).location == "/"


def test_the_password_alone_is_not_enough_then(client, as_user, make):
    turned_on(as_user(make.bob))

    answer = enter(client, make.bob, follow_redirects=True)

    assert (answer.request.path, answer.request.query_string) == ("/tf-validate", b"")
    assert not is_in(client)


def test_the_code_of_the_app_signs_in_and_leads_to_where_she_wanted(client, as_user, make):
    key = turned_on(as_user(make.bob))
    asked = enter(client, make.bob, query_string={"next": "/accounts?q=a"})

    answer = client.post(asked.location, data={"code": code_of(key)})

    assert answer.location == "/accounts?q=a"
    assert is_in(client)


@pytest.mark.parametrize("wrong", ["000000", "", "letters", "\x00", "9" * 400, "１２３４５６"])
def test_a_wrong_code_is_refused_at_its_field(client, as_user, make, wrong):
    turned_on(as_user(make.bob))
    enter(client, make.bob)

    page = client.post("/tf-validate", data={"code": wrong}).text

    assert 'aria-invalid="true"' in page
    assert not is_in(client)


def test_whoever_signs_in_by_a_code_is_not_told_that_it_is_on(client, as_user, make):
    key = turned_on(as_user(make.bob))
    enter(client, make.bob)

    client.post("/tf-validate", data={"code": code_of(key)})

    assert letters() == ["on"]


def test_a_code_is_good_once(app, as_user, make):
    key = turned_on(as_user(make.bob))
    code = code_of(key)
    first, second = app.test_client(), app.test_client()
    for client in (first, second):
        enter(client, make.bob)
        client.post("/tf-validate", data={"code": code})

    assert (is_in(first), is_in(second)) == (True, False)


def test_codes_cannot_be_guessed_for_long(client, as_user, make):
    turned_on(as_user(make.bob))
    enter(client, make.bob)
    limiter.reset()

    answers = [client.post("/tf-validate", data={"code": "000000"}) for _ in range(61)]

    assert [answer.status_code for answer in answers] == [200] * 60 + [429]


def test_a_recovery_code_signs_in_once_however_it_is_typed(app, as_user, make):
    hers = as_user(make.bob)
    turned_on(hers)
    code = codes_of(hers)[3].upper().replace("-", " ")
    first, second = app.test_client(), app.test_client()
    for client in (first, second):
        enter(client, make.bob)
        page = client.post("/mf-recovery", data={"code": code})

    assert (is_in(first), is_in(second)) == (True, False)
    assert "was used already" in page.text


def test_recovery_codes_are_shown_once(as_user, make):
    client = as_user(make.bob)
    codes = codes_of(client)

    later = client.get("/mf-recovery-codes?show_codes=yes").text
    data = client.get("/mf-recovery-codes", headers={"Accept": "application/json"}).text

    assert len(set(codes)) == 10
    assert not any(code in later + data for code in codes)


def test_secrets_are_kept_encrypted_in_our_vault(as_user, make):
    client = as_user(make.bob)
    key, codes = turned_on(client), codes_of(client)
    bob = kept(make.bob)

    assert key.replace("-", "") in vault.unseal(bob.tf_totp_secret)["totp"]
    assert vault.unseal(bob.mf_recovery_codes)["codes"] == codes
    with client.session_transaction() as cookie:
        assert key.replace("-", "") not in str(dict(cookie))


@pytest.mark.parametrize(
    "password, is_on", [("", True), ("wrong-passphrase", True), (PASSWORD, False)]
)
def test_turning_it_off_asks_for_the_password(as_user, make, password, is_on):
    client = as_user(make.bob)
    turned_on(client)
    codes_of(client)

    answer = client.post("/tf-setup", data={"setup": "disable", "password": password})

    assert bool(kept(make.bob).tf_totp_secret) is is_on
    assert bool(kept(make.bob).mf_recovery_codes) is is_on
    assert ('aria-invalid="true"' in answer.text) is is_on
    assert letters() == (["on"] if is_on else ["on", "off"])


def test_who_has_not_given_her_password_for_long_gives_it_again(as_user, make):
    client = as_user(make.bob)
    with client.session_transaction() as cookie:
        cookie["fs_paa"] = 0

    assert client.post("/tf-setup", data={"setup": "authenticator"}).location.startswith("/verify")


def test_a_role_that_needs_it_sets_it_up_to_sign_in(client, make):
    required("rep")

    asked = enter(client, make.bob)
    page = client.get(asked.location).text
    answer = client.post("/tf-validate", data={"code": code_of(begin(client))})

    assert asked.location == "/tf-setup"
    assert "Your role needs a second step" in page
    assert answer.location == "/mf-recovery-codes"
    assert is_in(client)


def test_a_role_that_needs_it_cannot_turn_it_off(as_user, make):
    client = as_user(make.bob)
    turned_on(client)
    required("rep")

    client.post("/tf-setup", data={"setup": "disable", "password": PASSWORD})

    assert "cannot be turned off" in client.get("/tf-setup").text
    assert kept(make.bob).tf_totp_secret


@pytest.mark.parametrize("path", ["/tf-setup", "/tf-validate", "/mf-recovery"])
def test_nobody_begins_in_the_middle(client, path):
    assert client.get(path).location == "/login"
    assert client.post(path, data={"code": "123456"}).location == "/login"


def test_a_link_to_the_middle_signs_nobody_out(as_user, make):
    client = as_user(make.bob)

    assert client.get("/tf-validate").location == "/tf-setup"
    assert is_in(client)


@pytest.mark.parametrize("path", ["/tf-rescue", "/tf-select", "/tf-setup/token"])
def test_what_the_library_has_besides_leads_nowhere(as_user, make, path):
    assert as_user(make.bob).post(path).status_code == 404


def test_lost_keys_of_the_vault_refuse_the_code_and_break_nothing(client, as_user, make):
    key = turned_on(as_user(make.bob))
    bob = kept(make.bob)
    with unit_of_work():
        bob.tf_totp_secret = bob.mf_recovery_codes = "from another installation"
    enter(client, make.bob)

    assert "is not right" in client.post("/tf-validate", data={"code": code_of(key)}).text
    assert client.post("/mf-recovery", data={"code": "1234-5678-9abc"}).status_code == 200


def test_an_administrator_resets_it_for_who_lost_her_phone(client, as_user, make):
    hers = as_user(make.bob)
    turned_on(hers)

    as_user(make.alice).post(f"/admin/users/{make.bob.id}/second-step/reset")

    assert not is_in(hers)
    assert enter(client, make.bob).location == "/"
    assert letters() == ["on", "reset"]


def test_an_administrator_does_not_reset_her_own(as_user, make):
    client = as_user(make.alice)
    turned_on(client)

    answer = client.post(f"/admin/users/{make.alice.id}/second-step/reset", follow_redirects=True)

    assert "Turn off your own" in answer.text
    assert kept(make.alice).tf_totp_secret


def test_an_administrator_asks_it_of_roles(as_user, make):
    hers, other = as_user(make.bob), as_user(make.carol)

    answer = as_user(make.alice).post("/admin/users/second-step", data={"roles": ["rep"]})

    assert answer.location == "/admin/users/second-step"
    assert (is_in(hers), is_in(other)) == (False, True)


def test_an_administrator_does_not_sign_herself_out(as_user, make):
    client = as_user(make.alice)

    answer = client.post("/admin/users/second-step", data={"roles": ["admin", "rep"]})

    assert answer.status_code == 422
    assert "Turn it on for yourself first" in answer.text
    assert is_in(client)


def test_roles_that_there_are_not_are_refused(as_user, make):
    answer = as_user(make.alice).post("/admin/users/second-step", data={"roles": ["king"]})

    assert answer.status_code == 422


def test_who_is_given_such_a_role_sets_it_up(client, as_user, make):
    hers = as_user(make.bob)
    required("manager")

    as_user(make.alice).post(f"/admin/users/{make.bob.id}", data={"role": "manager", "active": "y"})

    assert not is_in(hers)
    assert enter(client, make.bob).location == "/tf-setup"


def test_a_new_key_of_the_vault_opens_it_alone(client, as_user, make):
    hers = as_user(make.bob)
    key, codes = turned_on(hers), codes_of(hers)

    done = key_rotation.rotate().done
    key_rotation.drop_old()

    assert done == (make.bob.email,)
    enter(client, make.bob)
    assert client.post("/tf-validate", data={"code": code_of(key)}).status_code == 302
    assert vault.unseal(kept(make.bob).mf_recovery_codes)["codes"] == codes


@pytest.mark.parametrize(
    "event, word", [("on", "activée"), ("off", "désactivée"), ("reset", "réinitialisée")]
)
def test_the_letter_is_in_her_language(make, event, word):
    marie = make.user("marie", locale="fr")
    with unit_of_work():
        second_step.tell(marie, event)

    written = messages.write(session.query(MailOutbox).one())

    assert word in written.subject
    assert "/tf-setup" in written.text
    assert "/tf-setup" in written.html
