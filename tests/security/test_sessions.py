"""V7: how long a session lasts, what it is known by, and what ends it."""

from __future__ import annotations

from datetime import timedelta

from crmapp.db import session
from crmapp.models import User
from crmapp.services import api_tokens, calendars, sign_ins
from tests.factories import PASSWORD
from tests.security.walk import addresses, known


def enter(client, user, **more):
    client.post("/login", data={"email": user.email, "password": PASSWORD, **more})
    return client


def is_in(client):
    return client.get("/change").status_code == 200


def word(client):
    with client.session_transaction() as cookie:
        return cookie.get("_user_id")


def test_a_sign_in_ends_after_a_long_time_however_often_it_is_used(client, make, clock):
    enter(client, make.bob, remember="y")
    known_for = timedelta()

    while is_in(client) and known_for < timedelta(days=400):
        clock.shift(timedelta(days=5))
        known_for += timedelta(days=5)
        client.post("/preferences", data={"theme": "dark"})

    assert sign_ins.LONGEST <= known_for <= sign_ins.LONGEST + timedelta(days=5)


def test_a_sign_in_ends_where_nobody_uses_it(client, make, clock):
    enter(client, make.bob, remember="y")

    clock.shift(timedelta(days=29))
    used = is_in(client)
    clock.shift(sign_ins.LASTS)

    assert (used, is_in(client)) == (True, False)


def test_who_proves_that_it_is_her_goes_by_another_word(app, client, make):
    enter(client, make.bob)
    before = client.get_cookie("crmapp").value
    old = word(client)

    client.post("/verify", data={"password": PASSWORD})
    stolen = app.test_client()
    stolen.set_cookie("crmapp", before)

    assert is_in(client)
    assert word(client) != old
    assert not is_in(stolen)


def test_a_wrong_proof_changes_no_word(client, make):
    enter(client, make.bob)
    old = word(client)

    client.post("/verify", data={"password": "wrong-passphrase"})

    assert word(client) == old
    assert is_in(client)


def test_the_device_stays_remembered_when_the_word_is_another(client, make):
    enter(client, make.bob, remember="y")
    old = client.get_cookie("remember_token").value

    client.post("/verify", data={"password": PASSWORD})
    remembered = client.get_cookie("remember_token").value
    client.delete_cookie("crmapp")

    assert remembered != old
    assert is_in(client)


def test_a_word_cannot_be_guessed(make):
    words = {sign_ins.begin(make.bob.id, agent="", address="")[0] for _ in range(50)}
    session.rollback()

    assert len(words) == 50
    assert min(map(len, words)) >= 22  # of 64 signs each: 128 bits and more


def test_what_stands_for_a_person_cannot_be_guessed_either(make):
    token = api_tokens.make("T", ("accounts:read",), 30, by=make.bob)
    feed = calendars.renew(by=make.bob)

    assert len(token.removeprefix("crm_")) >= 22
    assert len(feed.rpartition("/")[2].removesuffix(".ics")) >= 22


def test_every_page_has_a_way_out(app, make, as_user):
    client = as_user(make.alice)
    pages = [client.get(path) for _, path in addresses(app, known(make))]
    whole = [
        page
        for page in pages
        if page.status_code == 200 and page.mimetype == "text/html" and "<title" in page.text
    ]

    assert len(whole) > 50
    assert [page.request.path for page in whole if 'action="/logout"' not in page.text] == []


def test_no_address_holds_what_signs_in(as_user, make):
    client = as_user(make.bob)
    cookie, secret = client.get_cookie("crmapp").value, word(client)

    page = client.get("/accounts").text

    assert secret not in page
    assert cookie not in page
    assert session.get_one(User, make.bob.id).fs_uniquifier not in page
