"""Signing in and out, and passwords: the doors of Flask-Security as this app hangs them."""

import re

import pytest
from flask_login import COOKIE_NAME
from sqlalchemy import event, func, select

from crmapp.db import session, unit_of_work
from crmapp.db.session import WRITE
from crmapp.models import MailOutbox, SignIn, User
from crmapp.services import users
from tests.factories import PASSWORD
from tests.support.web import htmx

NEW = "another-long-passphrase"


def enter(client, user, password=PASSWORD, **more):
    return client.post("/login", data={"email": user.email, "password": password}, **more)


def letters():
    session.rollback()
    return session.scalars(select(MailOutbox).order_by(MailOutbox.id)).all()


def without_tokens(page):
    """Drop what differs from one answer to the next, or from one second to the next."""
    return re.sub(r'nonce="[^"]+"|"[\w-]+\.[\w-]{6}\.[\w-]{27}"', "", page)


def reset_path():
    return re.search(r"http://127.0.0.1:8000(/reset/\S+)", letters()[-1].text)[1]


def test_a_person_signs_in_and_is_known(client, make):
    response = enter(client, make.bob)

    assert (response.status_code, response.location) == (302, "/")
    assert client.get("/change").status_code == 200


@pytest.mark.parametrize(
    "before, sent, after",
    [
        (None, "Europe/Paris", "Europe/Paris"),
        (None, "Mars/Olympus", None),
        (None, "", None),
        ("America/New_York", "Europe/Paris", "America/New_York"),
    ],
)
def test_the_time_zone_of_her_browser_is_taken_once(client, make, before, sent, after):
    bob = make.bob
    with unit_of_work():
        bob.timezone = before

    client.post("/login", data={"email": bob.email, "password": PASSWORD, "timezone": sent})

    session.rollback()
    assert make.again(User, bob.id).timezone == after


def test_the_address_may_be_written_in_capitals(client, make):
    email = make.bob.email.upper()

    response = client.post("/login", data={"email": email, "password": PASSWORD})

    assert response.status_code == 302


@pytest.mark.parametrize(
    "email", ["bob@crm.example", "nobody@crm.example", "", "no address", "b\x00"]
)
def test_a_refusal_does_not_say_whether_the_person_exists(client, make, email):
    assert make.bob

    response = client.post("/login", data={"email": email, "password": "wrong-passphrase"})

    assert response.status_code == 200
    assert response.text.count("is not right. Check both and try again.") == 1
    assert "aria-invalid" not in response.text


def test_an_inactive_person_is_refused_like_a_stranger(client, make):
    response = enter(client, make.user("gone", active=False))

    assert "is not right. Check both and try again." in response.text


def test_the_session_starts_afresh(client, make):
    client.get("/login")
    with client.session_transaction() as cookie:
        cookie["csrf_token"] = "planted"

    enter(client, make.bob)

    with client.session_transaction() as cookie:
        assert cookie.get("csrf_token") != "planted"
        assert cookie["sid"]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client, make):
    header = enter(client, make.bob).headers["Set-Cookie"]

    assert "HttpOnly" in header
    assert "SameSite=Lax" in header


def test_a_device_may_be_remembered(client, make):
    response = client.post(
        "/login", data={"email": make.bob.email, "password": PASSWORD, "remember": "y"}
    )

    cookie = next(c for c in response.headers.getlist("Set-Cookie") if c.startswith(COOKIE_NAME))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize("next_", ["/change", "/accounts?q=a%20b"])
def test_after_signing_in_a_person_comes_to_where_she_wanted(client, make, next_):
    response = enter(client, make.bob, query_string={"next": next_})

    assert response.location == next_


@pytest.mark.parametrize(
    "next_",
    [
        "http://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "//localhost@evil.example",
    ],
)
@pytest.mark.parametrize("place", ["query", "form"])
def test_nobody_is_led_to_another_host(client, make, next_, place):
    query = {"next": next_} if place == "query" else {}
    form = {"next": next_} if place == "form" else {}

    response = client.post(
        "/login",
        query_string=query,
        data={"email": make.bob.email, "password": PASSWORD, **form},
    )

    assert response.location in ("/login", "/")


def test_too_many_attempts_are_stopped(client, make):
    answers = [enter(client, make.bob, "").status_code for _ in range(61)]  # takes no hashing

    assert answers == [200] * 60 + [429]


def test_looking_at_the_page_is_no_attempt(client):
    assert {client.get("/login").status_code for _ in range(15)} == {200}


def test_a_person_signs_out(as_user, make):
    client = as_user(make.bob)

    response = client.post("/logout")

    assert response.location == "/login"
    assert client.get("/change").status_code == 302


def test_a_link_cannot_sign_anybody_out(as_user, make):
    client = as_user(make.bob)

    assert client.get("/logout").status_code == 405
    assert client.get("/change").status_code == 200


def test_a_forged_sign_out_is_refused(app, as_user, make):
    client = as_user(make.bob)
    app.config["WTF_CSRF_ENABLED"] = True

    assert client.post("/logout").status_code == 400
    assert client.get("/change").status_code == 200


def test_a_forgotten_password_brings_a_letter(client, make):
    bob = make.bob

    response = client.post("/reset", data={"email": bob.email})

    assert response.status_code == 200
    assert [(letter.recipient, letter.user_id) for letter in letters()] == [(bob.email, bob.id)]
    assert reset_path() in letters()[0].html


def test_a_stranger_brings_none_and_reads_the_same(client, make):
    known = client.post("/reset", data={"email": make.bob.email}).text
    unknown = client.post("/reset", data={"email": "nobody@crm.example"}).text

    assert len(letters()) == 1
    assert without_tokens(unknown) == without_tokens(known).replace("bob@", "nobody@")


def test_the_letter_is_in_the_readers_language(client, make):
    make.user("marie", locale="fr", email="marie@crm.example")

    client.post("/reset", data={"email": "marie@crm.example"})

    assert "mot de passe" in letters()[0].subject
    assert "Bonjour" in letters()[0].text


def test_the_link_sets_a_new_password_once(client, make):
    bob = make.bob
    client.post("/reset", data={"email": bob.email})
    path = reset_path()

    done = client.post(path, data={"password": NEW, "password_confirm": NEW})
    again = client.get(path)

    assert done.location == "/login"
    assert again.location == "/reset"
    assert enter(client, bob, NEW).location == "/"
    assert "changed" in letters()[-1].text


def test_a_link_leads_to_us_whatever_host_was_asked(client, make):
    client.post("/reset", data={"email": make.bob.email}, base_url="http://evil.example")

    assert reset_path()
    assert "evil" not in letters()[-1].text + letters()[-1].html


@pytest.mark.parametrize("path", ["/reset/forged", "/reset/" + "a" * 3000])
def test_a_forged_link_leads_back(client, path):
    assert client.get(path).location == "/reset"
    assert "or was used already. Ask for a new one." in client.get("/reset").text


@pytest.mark.parametrize(
    "locale, text",
    [
        ("en", "If somebody signs in with this address, a link to set a new password is on its"),
        ("fr", "Si quelqu’un se connecte avec cette adresse, un lien pour définir un nouveau mot"),
    ],
)
def test_what_happens_next_is_said_in_the_readers_language(client, locale, text):
    client.post("/preferences", data={"locale": locale})

    assert text in client.post("/reset", data={"email": "nobody@crm.example"}).text


def test_who_signs_out_is_told(as_user, make):
    client = as_user(make.bob)

    answer = client.post("/logout", follow_redirects=True)

    assert answer.request.path == "/login"
    assert answer.text.count("You have signed out.") == 1


@pytest.mark.parametrize("first, second", [("short", "short"), (NEW, "not the same"), ("", "")])
def test_a_password_that_will_not_do_is_explained(client, make, first, second):
    client.post("/reset", data={"email": make.bob.email})

    response = client.post(reset_path(), data={"password": first, "password_confirm": second})

    assert response.status_code == 200
    assert 'aria-invalid="true"' in response.text


def test_a_change_of_password_ends_all_other_sessions(as_user, make):
    here, elsewhere = as_user(make.bob), as_user(make.bob)
    form = {"password": PASSWORD, "new_password": NEW, "new_password_confirm": NEW}

    response = here.post("/change", data=form)

    assert response.location == "/"
    assert here.get("/change").status_code == 200
    assert elsewhere.get("/change").status_code == 302


def test_all_three_passwords_are_marked_as_required(as_user, make):
    assert as_user(make.bob).get("/change").text.count('class="req"') == 3


def test_the_present_password_is_asked_for(as_user, make):
    form = {"password": "wrong-passphrase", "new_password": NEW, "new_password_confirm": NEW}

    response = as_user(make.bob).post("/change", data=form)

    assert 'aria-invalid="true"' in response.text


def test_a_mistake_is_named_as_its_field_is(as_user, make):
    sent = {"password": PASSWORD, "new_password": NEW, "new_password_confirm": "another one"}

    text = as_user(make.bob).post("/change", data=sent).text

    assert re.search(r'<a href="#new_password_confirm">New password again</a>', text)
    assert "Retype" not in text


def test_passwords_are_kept_as_argon2_with_the_agreed_cost(make):
    kept = session.get(User, make.bob.id).password

    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_person_can_prove_that_it_is_still_her(as_user, make):
    client = as_user(make.bob)

    page = client.get("/verify").text
    answer = client.post("/verify", data={"password": PASSWORD})

    assert "Enter your password once more" in page
    assert answer.location == "/"


def test_what_the_library_writes_begins_with_the_write_lock(client, make):
    begun = []
    bob = make.bob

    def note(connection):
        begun.append(connection.get_execution_options().get(WRITE))

    event.listen(session.get_bind(), "begin", note)
    enter(client, bob)
    event.remove(session.get_bind(), "begin", note)

    assert any(begun)


@pytest.mark.parametrize("path, field", [("/change", "password"), ("/verify", "password")])
def test_a_stolen_session_cannot_be_used_to_guess_the_password(as_user, make, path, field):
    client = as_user(make.bob)

    answers = [client.post(path, data={field: "wrong-passphrase"}).status_code for _ in range(11)]

    assert answers == [200] * 10 + [429]


def test_a_signed_in_person_need_not_sign_in(as_user, make):
    assert as_user(make.bob).get("/login").location == "/"


def test_a_part_of_a_page_asks_for_sign_in_by_header(client):
    response = client.get("/change", headers=htmx())

    assert response.headers.get("HX-Redirect", "").startswith("/login")


def test_a_password_that_was_forgotten_ends_all_sessions(client, as_user, make):
    elsewhere = as_user(make.bob)
    client.post("/reset", data={"email": make.bob.email})

    client.post(reset_path(), data={"password": NEW, "password_confirm": NEW})

    assert elsewhere.get("/change").location.startswith("/login")
    assert session.scalar(select(func.count()).select_from(SignIn)) == 0


def test_a_body_of_deep_json_is_read_by_nobody(client):
    answer = client.post("/accounts", data=b"[" * 5000, content_type="application/json")

    assert answer.status_code < 500


@pytest.mark.parametrize("typed", ["Caf\u00e9 \ufb01ve tables", "Cafe\u0301 five tables"])
def test_a_password_that_was_given_is_the_same_however_its_letters_are_typed(client, make, typed):
    given = "Caf\u00e9 five tables"
    users.add(name="Eva", email="eva@crm.example", role="rep", password=given, by=make.alice)

    client.post("/login", data={"email": "eva@crm.example", "password": typed})

    assert client.get("/preferences/mail").status_code == 200
