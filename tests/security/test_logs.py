"""V16: what the log tells of those who are refused, and what it never holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from crmapp.web import logs
from tests.factories import PASSWORD


@pytest.fixture
def lines(capsys):
    """Return what was told since the test began, a mapping for each line."""
    logs.configure()
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def refused(lines):
    return [line for line in lines() if line["event"] == "refused"]


def test_who_lacks_a_right_is_told_by_number_with_what_she_asked(as_user, make, lines):
    answer = as_user(make.carol).get("/admin/users")

    (line,) = refused(lines)
    told = (line["status"], line["lacks"], line["person"], line["endpoint"], line["method"])
    assert told == (403, "user.manage", make.carol.id, "settings.users", "GET")
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert make.carol.email not in json.dumps(line)


def test_a_forged_form_is_told(app, as_user, make, lines):
    app.config["WTF_CSRF_ENABLED"] = True

    as_user(make.bob).post("/accounts", data={"name": "Planted"})

    (line,) = refused(lines)
    assert (line["status"], line["lacks"], line["person"]) == (400, "csrf_token", make.bob.id)
    assert "Planted" not in json.dumps(line)


def test_who_tries_too_often_is_told(client, make, lines):
    for _ in range(62):
        client.post("/login", data={"email": make.bob.email, "password": ""})  # takes no hashing

    assert {line["status"] for line in refused(lines)} == {429}


@pytest.mark.parametrize("token", ["", "crm_forged", "crm_" + "x" * 43])
def test_a_program_without_a_good_token_is_told(client, lines, token):
    client.get("/api/v1/accounts", headers={"Authorization": f"Bearer {token}"} if token else {})

    (line,) = refused(lines)
    assert (line["status"], line["person"]) == (401, None)
    assert not token or token not in json.dumps(line)


def test_what_is_sent_cannot_write_a_line_of_its_own(as_user, make, lines):
    forged = '%0a{"event": "signed in", "person": 1}%0d%0a'

    as_user(make.carol).get(f"/admin/users?q={forged}", headers={"User-Agent": "a\\nb"})
    told = lines()

    assert {line["event"] for line in told} == {"refused"}


def test_each_line_says_when_by_the_clock_of_everybody(as_user, make, lines):
    as_user(make.carol).get("/admin/users")

    (line,) = refused(lines)
    assert line["timestamp"].endswith("Z")
    assert abs((datetime.now(UTC) - datetime.fromisoformat(line["timestamp"])).total_seconds()) < 60
    assert line["level"] == "warning"


def test_no_password_token_or_cookie_comes_into_the_log(client, make, capsys):
    logs.configure()
    answer = client.post("/login", data={"email": make.bob.email, "password": PASSWORD})
    client.post("/verify", data={"password": "wrong-passphrase"})
    client.post("/change", data={"password": PASSWORD, "new_password": "short"})
    client.get("/admin/users")

    told = capsys.readouterr().err
    assert PASSWORD not in told
    assert "wrong-passphrase" not in told
    assert client.get_cookie("crmapp").value not in told
    assert answer.location == "/"
