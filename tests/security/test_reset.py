"""V6.4, V6.5: what is good for a second step, and that a letter does not stand for it."""

from __future__ import annotations

import re

import pytest
from passlib.totp import TOTP

from crmapp.db import session
from crmapp.models import MailOutbox

NEW = "correct horse battery"


@pytest.fixture
def key(as_user, make, clock):
    """Turn the second step on for Bob, and return the key that is in his app."""
    client = as_user(make.bob)
    page = client.post("/tf-setup", data={"setup": "authenticator"}).text
    found = re.search(r"<code>([A-Z2-7 -]+)</code>", page)[1]
    client.post("/tf-validate", data={"code": code_of(found)})
    clock.shift(300)  # that code is long gone
    return found


def code_of(key, later=0):
    totp = TOTP(key)
    return totp.generate(totp.normalize_time(None) + 30 * later).token


def is_in(client):
    return client.get("/change").status_code == 200


def test_a_new_password_by_letter_does_not_pass_over_the_second_step(client, make, key):
    client.post("/reset", data={"email": make.bob.email})
    session.rollback()
    letter = session.query(MailOutbox).order_by(MailOutbox.id.desc()).first()
    path = re.search(r"/reset/[\w.-]+", letter.text)[0]

    client.post(path, data={"password": NEW, "password_confirm": NEW})
    after_the_letter = is_in(client)
    answer = client.post("/login", data={"email": make.bob.email, "password": NEW})

    assert not after_the_letter
    assert answer.location.startswith("/tf-validate")
    assert not is_in(client)


@pytest.mark.parametrize("later", [-2, 2, 10])
def test_a_code_of_two_steps_ago_is_not_good(client, make, key, later):
    client.post("/login", data={"email": make.bob.email, "password": "a-long-enough-passphrase"})

    client.post("/tf-validate", data={"code": code_of(key, later)})

    assert not is_in(client)


def test_a_code_of_now_is_good(client, make, key):
    client.post("/login", data={"email": make.bob.email, "password": "a-long-enough-passphrase"})

    client.post("/tf-validate", data={"code": code_of(key)})

    assert is_in(client)


def test_a_recovery_code_has_48_bits(as_user, make, key):
    page = as_user(make.bob).post("/mf-recovery-codes", data={"generate_new_codes": "yes"}).text
    codes = re.findall(r"<code>([0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4})</code>", page)

    assert len({*codes}) == 10
