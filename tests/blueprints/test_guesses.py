"""Whoever tries passwords or codes waits, longer each time, and learns nothing by it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from crmapp.db import session, unit_of_work, utcnow
from crmapp.models import MailOutbox, User
from crmapp.web.extensions import limiter
from tests.factories import PASSWORD

WRONG = "wrong-passphrase"


def enter(client, email, password):
    return client.post("/login", data={"email": email, "password": password})


def guess(client, user, times):
    for _time in range(times):
        limiter.reset()
        enter(client, user.email, WRONG)


def kept(user):
    session.rollback()
    return session.get(User, user.id)


def plain(page):
    """Drop what differs from one answer to the next, and what was typed."""
    return re.sub(r'nonce="[^"]+"|"[\w-]+\.[\w-]{6}\.[\w-]{27}"|value="[^"]*@[^"]*"', "", page)


def test_a_few_mistakes_are_forgiven(client, make):
    guess(client, make.bob, 4)

    assert enter(client, make.bob.email, PASSWORD).status_code == 302
    assert kept(make.bob).wrong_sign_ins == 0


def test_after_five_even_the_right_password_is_wrong_for_a_minute(client, clock, make):
    guess(client, make.bob, 5)

    assert enter(client, make.bob.email, PASSWORD).status_code == 200
    clock.shift(timedelta(seconds=61))
    assert enter(client, make.bob.email, PASSWORD).status_code == 302


def test_the_wait_grows_and_what_is_tried_meanwhile_does_not_count(client, clock, make):
    guess(client, make.bob, 9)
    first = kept(make.bob).waits_until - utcnow()
    clock.shift(timedelta(seconds=61))
    guess(client, make.bob, 3)

    assert first == timedelta(minutes=1)
    assert kept(make.bob).waits_until - utcnow() == timedelta(minutes=2)


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=3650)])
def test_who_waits_by_a_clock_that_has_stepped_back_waits_no_longer(client, clock, make, back):
    guess(client, make.bob, 5)
    clock.shift(-back)

    right_too_soon = enter(client, make.bob.email, PASSWORD).status_code
    clock.shift(timedelta(seconds=61))

    assert right_too_soon == 200
    assert enter(client, make.bob.email, PASSWORD).status_code == 302


def test_no_answer_tells_whether_somebody_waits_or_is_there(client, make):
    email = make.bob.email
    answers = {plain(enter(client, email, WRONG).text) for _time in range(6)}
    limiter.reset()

    answers |= {
        plain(enter(client, email, PASSWORD).text),
        plain(enter(client, "nobody@crm.example", WRONG).text),
        plain(enter(client, make.user("gone", active=False).email, PASSWORD).text),
    }

    assert len(answers) == 1


def test_she_is_told_by_mail_once(client, make):
    guess(client, make.bob, 8)

    letters = session.query(MailOutbox).all()
    assert [(each.recipient, each.params) for each in letters] == [
        (make.bob.email, {"event": "guessed"})
    ]


def test_who_is_signed_in_stays_so(client, as_user, make):
    hers = as_user(make.bob)

    guess(client, make.bob, 6)

    assert hers.get("/change").status_code == 200


def test_a_new_password_by_letter_ends_the_wait(client, make):
    guess(client, make.bob, 5)
    client.post("/reset", data={"email": make.bob.email})
    session.rollback()
    text = session.query(MailOutbox).filter_by(kind=None).one().text
    path = re.search(r"http://127.0.0.1:8000(/reset/\S+)", text)[1]
    new = {"password": "another-long-passphrase", "password_confirm": "another-long-passphrase"}

    client.post(path, data=new)

    assert enter(client, make.bob.email, new["password"]).status_code == 302


@pytest.mark.parametrize("path, form", [("/tf-validate", "code"), ("/mf-recovery", "code")])
def test_wrong_codes_count_as_wrong_passwords_do(client, make, path, form):
    bob = make.bob
    with unit_of_work():
        bob.tf_primary_method, bob.tf_totp_secret = "authenticator", "lost"
    enter(client, make.bob.email, PASSWORD)

    for _time in range(5):
        client.post(path, data={form: "000000"})

    assert kept(make.bob).waits()


@pytest.mark.parametrize(
    "new, why", [("eleven-char", "12 to 200"), ("password1234", "easy to guess")]
)
def test_a_password_that_will_not_do_is_explained(as_user, make, new, why):

    page = as_user(make.bob).post(
        "/change",
        data={"password": PASSWORD, "new_password": new, "new_password_confirm": new},
    )

    assert why in page.text
