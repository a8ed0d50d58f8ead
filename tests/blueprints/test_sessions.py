"""Sessions ended from elsewhere: a person's own others, or all of somebody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from crmapp.db import db, session, unit_of_work
from crmapp.models import SignIn, User
from tests.factories import PASSWORD

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def is_in(client):
    return client.get("/change").status_code == 200


def ids(user):
    session.rollback()
    hers = select(SignIn.id).where(SignIn.user_id == user.id)
    return list(session.scalars(hers.order_by(SignIn.id)))


def last_seen(user):
    session.rollback()
    return session.scalar(select(SignIn.seen_at).where(SignIn.user_id == user.id))


@pytest.fixture
def devices(as_user, make):
    return as_user(make.bob), as_user(make.bob), as_user(make.carol)


def test_a_person_signs_out_everywhere_else(devices):
    here, elsewhere, somebody = devices

    answer = here.post("/preferences/sessions/end", follow_redirects=True)

    assert answer.text.count("You are signed out on all other devices.") == 1
    assert [is_in(each) for each in (here, elsewhere, somebody)] == [True, False, True]


def test_an_administrator_signs_a_person_out_everywhere(as_user, devices, make):
    here, elsewhere, somebody = devices

    as_user(make.alice).post(f"/admin/users/{make.bob.id}/sessions/end")

    assert [is_in(each) for each in (here, elsewhere, somebody)] == [False, False, True]


def test_a_remembered_device_is_signed_out_too(client, as_user, make):
    form = {"email": make.bob.email, "password": PASSWORD, "remember": "y"}
    client.post("/login", data=form)
    with client.session_transaction() as cookie:
        cookie.clear()
    known = is_in(client)

    as_user(make.bob).post("/preferences/sessions/end")
    with client.session_transaction() as cookie:
        cookie.clear()

    assert (known, is_in(client)) == (True, False)


def test_nobody_signs_out_somebody_who_is_not_there(as_user, make):
    assert as_user(make.alice).post("/admin/users/999999/sessions/end").status_code == 404


def test_ending_the_others_does_not_stand_for_a_password(as_user, make):
    client = as_user(make.bob)
    with client.session_transaction() as cookie:
        cookie["fs_paa"] = 0

    client.post("/preferences/sessions/end")

    assert client.get("/tf-setup").location.startswith("/verify")


def test_this_device_stays_remembered(client, make):
    form = {"email": make.bob.email, "password": PASSWORD, "remember": "y"}
    client.post("/login", data=form)

    client.post("/preferences/sessions/end")
    with client.session_transaction() as cookie:
        cookie.clear()

    assert is_in(client)


def test_a_person_sees_where_she_is_signed_in(client, as_user, make):
    form = {"email": make.bob.email, "password": PASSWORD}
    agent = {"User-Agent": FIREFOX}
    client.post("/login", data=form, headers=agent, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    as_user(make.carol)

    page = client.get("/preferences/sessions", headers={**agent, "Accept-Language": "en"}).text

    assert page.count("Firefox on Linux") == 2  # the second is the name of the button
    assert page.count("<tr>") == 2
    assert "192.0.2.7" in page
    assert "This device" in page


def test_one_of_them_is_ended(devices, make):
    here, elsewhere, somebody = devices
    first, second = ids(make.bob)

    answer = here.post(f"/preferences/sessions/{second}/end", follow_redirects=True)
    again = here.post(f"/preferences/sessions/{second}/end", follow_redirects=True)

    assert "You are signed out there." in answer.text
    assert "You are not signed in there any more." in again.text
    assert [is_in(each) for each in (here, elsewhere, somebody)] == [True, False, True]
    assert ids(make.bob) == [first]


def test_ending_the_one_in_front_of_her_is_signing_out(devices, make):
    here, elsewhere, _somebody = devices

    answer = here.post(f"/preferences/sessions/{ids(make.bob)[0]}/end", follow_redirects=True)

    assert answer.request.path == "/login"
    assert [is_in(each) for each in (here, elsewhere)] == [False, True]


def test_nobody_ends_a_sign_in_of_somebody_else(devices, make):
    here, _elsewhere, somebody = devices

    here.post(f"/preferences/sessions/{ids(make.carol)[0]}/end")

    assert is_in(somebody)


def test_an_administrator_sees_and_ends_one(as_user, devices, make):
    here, elsewhere, _somebody = devices
    alice, of = as_user(make.alice), f"/admin/users/{make.bob.id}/sessions"
    other = ids(make.carol)[0]

    listed = alice.get(of).text
    alice.post(f"{of}/{ids(make.bob)[1]}/end")
    mixed_up = alice.post(f"{of}/{other}/end", follow_redirects=True)

    assert listed.count("<tr>") == 3
    assert "is not signed in there any more." in mixed_up.text
    assert [is_in(each) for each in (here, elsewhere)] == [True, False]
    assert ids(make.carol) == [other]


def test_signing_out_leaves_nothing_to_come_back_to(client, make):
    client.post("/login", data={"email": make.bob.email, "password": PASSWORD})
    with client.session_transaction() as cookie:
        stolen = dict(cookie)

    client.post("/logout")
    with client.session_transaction() as cookie:
        cookie.clear()
        cookie.update(stolen)

    assert not is_in(client)
    assert ids(make.bob) == []


def test_a_new_password_ends_the_others(client, as_user, make):
    elsewhere = as_user(make.bob)
    client.post("/login", data={"email": make.bob.email, "password": PASSWORD})

    new = "correct horse battery"
    form = {"password": PASSWORD, "new_password": new, "new_password_confirm": new}
    client.post("/change", data=form)

    assert [is_in(client), is_in(elsewhere)] == [True, False]
    assert len(ids(make.bob)) == 1


def test_a_session_of_before_there_were_sign_ins_is_none(client, make):
    with client.session_transaction() as cookie:
        cookie["_user_id"] = make.bob.fs_uniquifier

    assert not is_in(client)


def test_a_page_that_looks_again_by_itself_sees_nobody(as_user, clock, make):
    client = as_user(make.bob)
    began = last_seen(make.bob)
    clock.shift(timedelta(minutes=11))

    client.get("/accounts/duplicates?looked=1")
    after_polling = last_seen(make.bob)
    client.get("/preferences/mail")

    assert (after_polling, last_seen(make.bob)) == (began, began + timedelta(minutes=11))


def test_a_remembered_device_keeps_its_sign_in(client, make):
    form = {"email": make.bob.email, "password": PASSWORD, "remember": "y"}
    client.post("/login", data=form)
    before = ids(make.bob)
    with client.session_transaction() as cookie:
        cookie.clear()

    client.get("/preferences/mail")

    assert (is_in(client), ids(make.bob)) == (True, before)


def test_who_asks_is_found_by_one_statement(as_user, make):
    client, asked = as_user(make.bob), []

    def listen(_connection, _cursor, statement, *_more):
        asked.append(statement)

    with unit_of_work():
        session.execute(update(User).values(theme="dark"))  # whatever was known is read anew
    event.listen(db.engine, "before_cursor_execute", listen)
    client.get("/preferences/mail")
    event.remove(db.engine, "before_cursor_execute", listen)

    assert sum("sign_in" in each for each in asked) == 1
    assert sum("tf_totp_secret" in each for each in asked) == 1


def test_a_token_of_the_library_lets_nobody_in(app, client, make):
    form = {"email": make.bob.email, "password": PASSWORD}
    answer = client.post("/login?include_auth_token", json=form)
    told = answer.get_json()["response"]
    with app.app_context():
        token = told.get("user", {}).get("authentication_token") or make.bob.get_auth_token()

    page = app.test_client().get("/preferences/mail", headers={"Authentication-Token": token})

    assert page.location == "/login?next=%2Fpreferences%2Fmail"
