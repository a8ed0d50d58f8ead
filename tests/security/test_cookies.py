"""V3.3: the cookies of an installation behind HTTPS."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest

from crmapp.web import security
from tests.factories import PASSWORD

HTTPS = "https://localhost"
SCRIPTS_READ = set[str]()
"""No script of ours reads a cookie."""


@pytest.fixture
def cookies(app, make, client):
    """Return all cookies that a person is given, as they were sent."""
    app.config.update(security.cookies(True))
    account = make.account("Acme", owner_id=make.bob.id)
    form = {"email": make.bob.email, "password": PASSWORD, "remember": "y"}
    sent = [
        client.post("/login", data=form, base_url=HTTPS),
        client.get(f"/accounts/{account.id}", base_url=HTTPS),
        client.post("/preferences", data={"locale": "fr", "theme": "dark"}, base_url=HTTPS),
    ]
    found: dict[str, str] = {}
    for answer in sent:
        for line in answer.headers.getlist("Set-Cookie"):
            found[line.partition("=")[0]] = line
    return found


def attributes(line):
    return next(iter(SimpleCookie(line).values()))


def test_there_are_those_that_there_should_be(cookies):
    names = ("crmapp", "remember_token", "crmapp_recent", "locale", "theme")

    assert {*cookies} == {f"__Host-{name}" for name in names}


def test_no_other_host_can_set_or_read_one(cookies):
    for line in cookies.values():
        told = attributes(line)
        assert (bool(told["secure"]), told["path"], told["domain"]) == (True, "/", ""), line


def test_no_other_site_sends_one_along(cookies):
    assert {attributes(line)["samesite"] for line in cookies.values()} == {"Lax"}


def test_no_script_reads_one(cookies):
    readable = {name for name, line in cookies.items() if not attributes(line)["httponly"]}

    assert readable == SCRIPTS_READ


def test_each_is_small_enough_to_be_kept(cookies):
    assert max(len(line) for line in cookies.values()) < 4096


def test_they_sign_in_and_none_of_another_name_does(app, client, make, cookies):
    session = client.get_cookie("__Host-crmapp").value
    elsewhere = app.test_client()
    elsewhere.set_cookie("crmapp", session)

    assert client.get("/change", base_url=HTTPS).status_code == 200
    assert elsewhere.get("/change", base_url=HTTPS).status_code == 302
