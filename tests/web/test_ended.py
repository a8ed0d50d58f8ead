"""A form that is sent after its session has ended: what was typed is not lost, nothing written."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import Account
from tests.support.web import htmx

TYPED = {"name": "Half <typed>", "notes": "A long story.", "idempotency_key": "k"}


@pytest.fixture(params=[False, True], ids=["no token", "an old token"])
def checked(app, request):
    """With and without the protection against forgery, which has its say first."""
    app.config["WTF_CSRF_ENABLED"] = request.param


def written():
    return session.scalars(select(Account).where(Account.name.like("Half%"))).all()


@pytest.mark.usefixtures("checked")
def test_a_page_keeps_what_a_visitor_sent_until_she_has_signed_in(client):
    answer = client.post("/accounts", data=TYPED)

    assert answer.status_code == 401
    assert '<input type="hidden" name="name" value="Half &lt;typed&gt;">' in answer.text
    assert '<input type="hidden" name="idempotency_key" value="k">' in answer.text
    assert 'action="/accounts?"' in answer.text
    assert '<a class="btn primary" href="/login' in answer.text
    assert written() == []


@pytest.mark.usefixtures("checked")
def test_htmx_is_told_to_leave_the_form_alone(client):
    answer = client.post("/accounts", data=TYPED, headers=htmx("#drawer-body"))

    assert (answer.status_code, answer.headers["HX-Reswap"]) == (401, "none")
    assert "HX-Redirect" not in answer.headers
    assert "what you have typed is still here" in answer.text
    assert 'target="_blank"' in answer.text
    assert written() == []


def test_files_cannot_be_kept_and_the_page_says_so(client):
    sent = {**TYPED, "file": (BytesIO(b"%PDF-1.7"), "Offer.pdf")}

    assert "choose them again" in client.post("/accounts", data=sent).text
    assert "choose them again" not in client.post("/accounts", data=TYPED).text


def test_a_form_of_another_session_is_shown_again_with_what_was_typed(app, make, as_user):
    app.config["WTF_CSRF_ENABLED"] = True
    client = as_user(make.bob)

    answer = client.post("/accounts", data={**TYPED, "csrf_token": "old"})

    assert answer.status_code == 422
    assert "Half &lt;typed&gt;" in answer.text
    assert "A long story." in answer.text
    assert "look at it, and send it again" in answer.text
    assert written() == []
    token = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', answer.text)[-1]
    assert client.post("/accounts", data={**TYPED, "csrf_token": token}).status_code == 303
    assert [account.notes for account in written()] == ["A long story."]


def test_htmx_gets_the_token_of_the_new_session(app, make, as_user):
    app.config["WTF_CSRF_ENABLED"] = True
    client = as_user(make.bob)

    answer = client.post("/accounts", data=TYPED, headers=htmx("#drawer-body"))

    assert (answer.status_code, answer.headers["HX-Reswap"]) == (400, "none")
    (token,) = re.findall(r'"token": "([^"]+)"', answer.headers["HX-Trigger"])
    assert client.post("/accounts", data={**TYPED, "csrf_token": token}).status_code == 303


def test_a_refusal_of_a_form_of_another_session_is_said_as_ever(app, make, as_user):
    app.config["WTF_CSRF_ENABLED"] = True
    account = make.account(owner_id=make.mallory.id)

    answer = as_user(make.bob).post(f"/accounts/{account.id}", data={"csrf_token": "old"})

    assert answer.status_code == 404


def test_what_cannot_be_shown_again_is_refused(app, make, as_user):
    app.config["WTF_CSRF_ENABLED"] = True
    account = make.account(owner_id=make.bob.id)

    answer = as_user(make.mona).post(f"/accounts/{account.id}/deletion", data={"csrf_token": "old"})

    assert answer.status_code == 400
    assert make.again(Account, account.id).deleted_at is None
