import pytest

from crmapp.db import session
from crmapp.models import User
from tests.support.web import htmx


def test_a_visitor_chooses_the_language_of_the_door(client):
    client.post("/preferences", data={"locale": "fr", "next": "/login"})

    assert '<html lang="fr"' in client.get("/login").text


def test_a_choice_is_kept_with_the_person(as_user, make):
    bob = make.bob

    as_user(bob).post("/preferences", data={"theme": "dark", "density": "comfortable"})

    kept = session.get(User, bob.id)
    assert (kept.theme, kept.density, kept.locale) == ("dark", "comfortable", None)


def test_the_server_draws_the_chosen_theme(as_user, make):
    client = as_user(make.user("dora", theme="dark", density="comfortable", locale="fr"))

    text = client.get("/change").text

    assert 'data-theme="dark"' in text
    assert 'data-density="comfortable"' in text
    assert '<html lang="fr"' in text


@pytest.mark.parametrize("value", ["xx", "../../etc", "", "fr\x00", "<b>"])
def test_what_is_not_offered_is_not_kept(as_user, make, value):
    bob = make.bob

    as_user(bob).post("/preferences", data={"locale": value})

    assert session.get(User, bob.id).locale is None


def test_a_cookie_with_nonsense_is_ignored(client):
    client.set_cookie("locale", "zz")
    client.set_cookie("theme", '"><script>')

    text = client.get("/login").text

    assert '<html lang="en" data-theme="system"' in text


@pytest.mark.parametrize(
    "next_, target", [("/change?a=1", "/change?a=1"), ("//evil.example", "/"), ("", "/")]
)
def test_the_reader_comes_back_to_her_page(client, next_, target):
    response = client.post("/preferences", data={"theme": "dark", "next": next_})

    assert (response.status_code, response.location) == (303, target)


def test_htmx_loads_the_page_anew(client):
    response = client.post("/preferences", data={"theme": "dark", "next": "/a"}, headers=htmx())

    assert response.headers["HX-Redirect"] == "/a"


def test_a_forged_choice_is_refused(app, client):
    app.config["WTF_CSRF_ENABLED"] = True

    assert client.post("/preferences", data={"theme": "dark"}).status_code == 400


@pytest.mark.parametrize(
    "accepted, language", [("fr-CA,fr;q=0.9", "fr"), ("de", "en"), ("de,fr;q=0.5,en;q=0.3", "fr")]
)
def test_without_a_choice_the_browser_decides(client, accepted, language):
    response = client.get("/login", headers={"Accept-Language": accepted})

    assert f'<html lang="{language}"' in response.text


@pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])
def test_which_mails_she_gets_is_kept(as_user, make, headers):
    alice = make.alice

    answer = as_user(alice).post("/preferences/mail", data={"own_runs": "wrong"}, headers=headers)

    kept = make.again(User, alice.id)
    assert answer.status_code == (200 if headers else 303)
    assert (kept.mail_own_runs, kept.mail_failed_runs) == ("wrong", False)


def test_who_watches_no_runs_of_others_is_not_asked_about_them(as_user, make):
    bob = make.bob
    client = as_user(bob)

    client.post("/preferences/mail", data={"own_runs": "none"})

    kept = make.again(User, bob.id)
    assert "anybody" not in client.get("/preferences/mail").text
    assert (kept.mail_own_runs, kept.mail_failed_runs) == ("none", True)


@pytest.mark.parametrize("sent", [{}, {"own_runs": "sometimes"}])
def test_a_choice_that_is_not_offered_is_refused(as_user, make, sent):
    bob = make.bob

    answer = as_user(bob).post("/preferences/mail", data=sent)

    assert answer.status_code == 422
    assert make.again(User, bob.id).mail_own_runs == "all"


def test_a_visitor_has_no_mails_to_choose(client):
    assert client.get("/preferences/mail").location == "/login?next=%2Fpreferences%2Fmail"
