"""Sessions ended from elsewhere: a person's own others, or all of somebody else's."""

from __future__ import annotations

import pytest

from tests.factories import PASSWORD


def is_in(client):
    return client.get("/change").status_code == 200


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
