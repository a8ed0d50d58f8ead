"""What those who run the installation see and do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmapp.db import session
from crmapp.models import MailOutbox, User
from crmapp.services import installation, users
from tests.factories import _kept
from tests.support.web import htmx


@pytest.fixture(params=["plain", "htmx"])
def headers(request):
    return htmx("div#drawer-body") if request.param == "htmx" else {}


def test_an_implementer_finds_only_what_is_open_to_him(make, as_user):
    text = as_user(make.ivan).get("/admin").text

    assert "/admin/datasets" in text
    assert "/admin/users" not in text


def test_the_people_page_says_what_each_role_may_do(make, as_user):
    text = as_user(make.alice).get("/admin/users").text

    assert "Delete and restore accounts." in text
    assert "account.delete" in text


def test_a_person_is_added_and_may_sign_in(make, as_user, client, headers):
    sent = {"name": "Nina", "email": "nina@crm.example", "role": "rep", "team": "West"}
    as_user(make.alice).post(
        "/admin/users", data={**sent, "password": "correct horse"}, headers=headers
    )

    signed_in = client.post(
        "/login", data={"email": "nina@crm.example", "password": "correct horse"}
    )

    assert signed_in.status_code in (302, 303)
    assert [team.name for team in users.find("nina@crm.example").teams] == ["West"]


def test_a_refused_person_keeps_what_was_typed(make, as_user, headers):
    sent = {"name": "Nina", "email": "nobody", "role": "king", "password": "tiny1"}

    answer = as_user(make.alice).post("/admin/users", data=sent, headers=headers)

    assert answer.status_code == 422
    assert 'value="Nina"' in answer.text
    assert "Choose one of the roles." in answer.text
    assert "tiny1" not in answer.text


def test_a_name_leads_to_the_form_of_the_person(make, as_user):
    bob = make.bob

    text = as_user(make.alice).get("/admin/users").text

    assert f'<th scope="row" class="wrap"><a href="/admin/users/{bob.id}/edit"' in text


def test_a_person_gets_another_role(make, as_user, headers):
    sent = {"role": "manager", "active": "y"}

    as_user(make.alice).post(f"/admin/users/{make.bob.id}", data=sent, headers=headers)

    assert session.get(User, make.bob.id).role == "manager"


def test_who_is_let_go_is_signed_out_at_once(make, as_user):
    bobs = as_user(make.bob)

    as_user(make.alice).post(f"/admin/users/{make.bob.id}", data={"role": "rep"})

    assert bobs.get("/accounts").status_code == 302


def test_the_last_administrator_stays_one(make, as_user, headers):
    sent = {"role": "rep", "active": "y"}

    answer = as_user(make.alice).post(f"/admin/users/{make.alice.id}", data=sent, headers=headers)

    assert answer.status_code == 422
    assert "Somebody has to administer." in answer.text


def test_letters_are_listed_newest_first(make, as_user):
    for number in (1, 2):
        _kept(
            MailOutbox(
                key=f"k{number}",
                message_id=f"<{number}@crm.example>",
                recipient="bob@crm.example",
                subject=f"Łetter {number}",
                status="failed",
                error="550 no such box",
            )
        )

    text = as_user(make.alice).get("/admin/mail").text

    assert text.index("Łetter 2") < text.index("Łetter 1")
    assert "550 no such box" in text


def test_no_letters_is_a_state_too(make, as_user):
    assert "No letters yet" in as_user(make.alice).get("/admin/mail").text


@pytest.mark.parametrize("url, told", [(None, True), ("smtp://mail.crm.example", False)])
def test_the_page_of_letters_says_where_they_are_without_a_mail_server(
    make, as_user, monkeypatch, url, told
):
    usual = installation.settings()
    monkeypatch.setattr(installation, "settings", lambda: replace(usual, smtp_url=url))

    text = as_user(make.alice).get("/admin/mail").text

    assert ("Their text, with the link to set a password, is in the log" in text) is told


def test_datasets_are_listed_with_their_state(make, as_user):
    text = as_user(make.ivan).get("/admin/datasets").text

    assert "sales.yml" in text
    assert "Not read yet" in text


def test_health_says_what_is_well_and_what_is_not(make, as_user):
    text = as_user(make.alice).get("/admin/health").text

    assert "Fits this version" in text
    assert "Does not answer" in text
