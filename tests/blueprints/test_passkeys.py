"""Passkeys: added, signed in by, removed; and whatever else somebody sends."""

from __future__ import annotations

import html
import json
import re

import pytest
from sqlalchemy import select

from crmapp.db import session, unit_of_work
from crmapp.models import AuditEvent, MailOutbox, Passkey, SecondStep
from crmapp.services import second_step, users
from crmapp.web.extensions import limiter
from tests.support.authenticator import PRESENT, Authenticator


@pytest.fixture(autouse=True)
def unlimited(app):
    limiter.enabled = False


def asked(answer):
    """Return what a page asks the device for, and where its answer goes."""
    (options,) = re.findall(r'data-options="([^"]*)"', answer.text)
    (action,) = re.findall(r'action="([^"]*)" data-passkey', answer.text)
    return json.loads(html.unescape(options)), html.unescape(action)


def add(client, device, name="Phone"):
    options, action = asked(client.post("/wan-register", data={"name": name}))
    return client.post(action, data={"credential": device.create(options)}, follow_redirects=True)


def sign_in(client, device, **more):
    options, action = asked(client.post("/wan-signin", data=more))
    sent = {"credential": device.get(options), **more}
    return client.post(action, data=sent, follow_redirects=True)


def is_in(client):
    return client.get("/preferences/mail").status_code == 200


def keys(user):
    session.rollback()
    return list(session.scalars(select(Passkey.name).where(Passkey.user_id == user.id)))


@pytest.fixture
def device(as_user, make):
    device = Authenticator()
    add(as_user(make.bob), device)
    return device


def test_a_passkey_is_added_named_and_listed(as_user, make):
    bob = as_user(make.bob)

    page = add(bob, Authenticator(), "Bob’s phone").text

    assert "Your passkey is added." in page
    assert keys(make.bob) == ["Bob’s phone"]
    assert "Bob’s phone" in page
    assert [each["event"] for each in session.scalars(select(MailOutbox.params))] == ["passkey"]


def test_what_becomes_of_it_is_in_the_audit_trail(client, as_user, device, make):
    sign_in(client, device)
    as_user(make.bob).post("/wan-delete", data={"name": "Phone"})

    session.rollback()
    told = session.query(AuditEvent).order_by(AuditEvent.id)
    kinds = ["passkey_added", "signed_in", "passkey_removed"]
    assert [(each.kind, each.by_id) for each in told] == [(kind, make.bob.id) for kind in kinds]


def test_she_signs_in_by_it_without_a_password(client, device, make):
    answer = sign_in(client, device)

    assert answer.status_code == 200
    assert is_in(client)
    with client.session_transaction() as cookie:
        assert cookie["sid"]


def test_it_is_both_steps_at_once(client, device, make):
    with unit_of_work():
        session.add(SecondStep(role=make.bob.role))

    sign_in(client, device)

    assert is_in(client)


def test_she_comes_where_she_wanted_to_go(client, device):
    answer = sign_in(client, device, next="/preferences/day")

    assert answer.request.path == "/preferences/day"


def test_nobody_is_led_elsewhere(client, device):
    options, action = asked(client.post("/wan-signin"))
    sent = {"credential": device.get(options), "next": "https://evil.example/"}

    assert client.post(action, data=sent).location.startswith("/")


def test_it_stays_signed_in_if_asked(client, device):
    sign_in(client, device, remember="y")
    with client.session_transaction() as cookie:
        cookie.clear()

    assert is_in(client)


def test_a_removed_one_signs_nobody_in(client, as_user, device, make):
    page = as_user(make.bob).post("/wan-delete", data={"name": "Phone"}, follow_redirects=True)

    answer = sign_in(client, device)

    assert "The passkey is removed." in page.text
    assert keys(make.bob) == []
    assert "This passkey does not sign anybody in here." in answer.text
    assert not is_in(client)


def test_who_has_left_does_not_sign_in(client, device, make):
    users.set_active(make.bob.id, False, by=make.alice)

    answer = sign_in(client, device)

    assert "This passkey does not sign anybody in here." in answer.text
    assert not is_in(client)


def test_an_administrator_takes_them_away_with_the_second_step(client, device, make):
    second_step.reset(make.bob.id, by=make.alice)

    sign_in(client, device)

    assert (keys(make.bob), is_in(client)) == ([], False)


def test_a_device_that_does_not_know_its_owner_is_not_enough(client, as_user, make):
    careless = Authenticator(flags=PRESENT)
    options, action = asked(as_user(make.bob).post("/wan-register", data={"name": "Key"}))
    as_user(make.bob).post(action, data={"credential": careless.create(options)})
    trusted = Authenticator()
    add(as_user(make.carol), trusted)
    trusted.flags = PRESENT

    sign_in(client, trusted)

    assert (keys(make.bob), keys(make.carol), is_in(client)) == ([], ["Phone"], False)


def test_a_key_that_was_asked_for_elsewhere_is_refused(client, device):
    device.origin = "https://crmapp.evil.example"

    sign_in(client, device)

    assert not is_in(client)


def test_an_answer_to_another_question_is_refused(client, device):
    options, _action = asked(client.post("/wan-signin"))
    _options, action = asked(client.post("/wan-signin"))

    client.post(action, data={"credential": device.get(options)})

    assert not is_in(client)


def test_an_answer_signs_in_once(app, client, device):
    device.counter = -1  # a passkey that is copied between devices stays at 0 and tells no repeats
    options, action = asked(client.post("/wan-signin"))
    sent = {"credential": device.get(options)}

    client.post(action, data=sent)
    listener = app.test_client()
    again = listener.post(action, data=sent, follow_redirects=True)

    assert is_in(client)
    assert not is_in(listener)
    assert "could not be used" in again.text


def test_it_takes_two_minutes_at_most(client, device, clock):
    options, action = asked(client.post("/wan-signin"))
    clock.shift(121)

    answer = client.post(action, data={"credential": device.get(options)}, follow_redirects=True)

    assert "That took too long. Try again." in answer.text
    assert not is_in(client)


def test_nobody_takes_the_key_of_somebody_else(as_user, device, make):
    page = add(as_user(make.carol), device)

    assert "This passkey is here already." in page.text
    assert keys(make.carol) == []


@pytest.mark.parametrize(
    "name, said",
    [
        ("", "Enter a name, by which you know it again."),
        ("Phone", "You have a passkey of this name. Enter another name."),
        ("x" * 65, "Enter a name of at most 64 characters."),
        ("<b>", "Enter a name of letters, digits and plain signs."),
        ("a\x00b", "Enter a name of letters, digits and plain signs."),
    ],
)
def test_a_name_has_to_be_one(as_user, device, make, name, said):
    answer = as_user(make.bob).post("/wan-register", data={"name": name})

    assert said in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert keys(make.bob) == ["Phone"]


BROKEN = [
    "", "{}", "[]", "null", "1", "x", '{"id": 1}', '{"id": "", "rawId": "", "response": {}}',
    json.dumps({"id": "AA", "rawId": "AA", "type": "public-key", "response": {
        "attestationObject": "AAAA", "clientDataJSON": "AAAA", "authenticatorData": "AA",
        "signature": "AA"}}),
    json.dumps({"id": "AA", "rawId": "AA", "type": "public-key", "response": {
        "attestationObject": "oQ", "clientDataJSON": "e30", "transports": ["nope"]}}),
]  # fmt: skip


@pytest.mark.parametrize("credential", BROKEN)
def test_what_no_device_says_adds_nothing_and_lets_nobody_in(client, as_user, make, credential):
    bob = as_user(make.bob)
    _options, action = asked(bob.post("/wan-register", data={"name": "Phone"}))
    added = bob.post(action, data={"credential": credential}, follow_redirects=True)
    _options, action = asked(client.post("/wan-signin"))
    answer = client.post(action, data={"credential": credential}, follow_redirects=True)

    assert "What your device answered could not be used." in added.text
    assert answer.status_code == 200
    assert (keys(make.bob), is_in(client)) == ([], False)


@pytest.mark.parametrize("place", ["/wan-signin/x", "/wan-register/x"])
def test_a_forged_question_has_no_answer(client, as_user, make, device, place):
    answer = as_user(make.bob).post(place, data={"credential": "{}"}, follow_redirects=True)

    assert answer.status_code == 200
    assert keys(make.bob) == ["Phone"]


def test_what_is_not_used_is_not_there(as_user, make):
    assert as_user(make.bob).get("/wan-verify").status_code == 404


def test_a_passkey_is_added_only_just_after_the_password(as_user, make):
    bob = as_user(make.bob)
    with bob.session_transaction() as cookie:
        cookie["fs_paa"] = 0

    assert bob.get("/wan-register").location.startswith("/verify")
