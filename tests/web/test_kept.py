"""Parts of pages that are kept: each reader's own, in her language, with this answer's token."""

from __future__ import annotations

import re
from contextvars import Context

import pytest
from flask import render_template
from flask_login import login_user

from crmapp.db import session
from crmapp.domain.permissions import Role
from crmapp.models import User
from crmapp.web.kept import Kept


@pytest.fixture
def written(app, monkeypatch):
    """Count how often a part is written."""
    templates = []
    monkeypatch.setattr(
        "crmapp.web.kept.render_template",
        lambda name, **context: templates.append(name) or render_template(name, **context),
    )
    return templates


def sidebar(app, kept, user, path="/accounts", role=None, **cookies):
    """Return the sidebar of a page at ``path``, in a context of its own as in a real server."""
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())

    def show(user_id):
        with app.test_request_context(path, headers={"Cookie": cookie}):
            who = session.get_one(User, user_id)
            who.role = role or who.role
            login_user(who)
            return str(kept.part("_sidebar.html"))

    return Context().run(show, user.id)


def test_a_part_is_written_once_for_a_reader(app, make, written):
    kept = Kept()

    first, second = (sidebar(app, kept, make.bob, path) for path in ("/accounts", "/accounts?q=a"))

    assert written == ["_sidebar.html"]
    assert 'name="next" value="/accounts"' in first
    assert 'name="next" value="/accounts?q=a"' in second


def test_a_part_holds_the_token_of_the_answer_that_it_is_in(app, make):
    kept = Kept()

    pages = [sidebar(app, kept, make.bob) for _ in "12"]

    tokens = [set(re.findall(r'name="csrf_token" value="([^"]+)"', page)) for page in pages]
    assert all(len(found) == 1 for found in tokens)
    assert tokens[0] != tokens[1]
    assert not any("\ue000" in page for page in pages)


def test_no_reader_gets_the_part_of_another(app, make, written):
    kept = Kept()

    texts = [sidebar(app, kept, person) for person in (make.bob, make.alice)]
    french = sidebar(app, kept, make.bob, locale="fr")
    dark = sidebar(app, kept, make.bob, theme="dark")
    elsewhere = sidebar(app, kept, make.bob, "/analytics")

    assert len(written) == 5
    assert "bob@crm.example" in texts[0]
    assert "bob@crm.example" not in texts[1]
    assert "/admin" in texts[1]
    assert "/admin" not in texts[0]
    assert "Se déconnecter" in french
    assert len({*texts, french, dark, elsewhere}) == 5


def test_a_reader_whose_role_changed_gets_a_new_part(app, make):
    kept = Kept()

    before, after = (sidebar(app, kept, make.bob, role=role) for role in (Role.REP, Role.ADMIN))

    assert "/admin" not in before
    assert "/admin" in after


def test_what_is_filled_in_is_never_markup(make, as_user):
    client = as_user(make.bob)
    client.get("/accounts?q=harmless")

    text = client.get("/accounts", query_string={"q": '"><script>x</script>'}).text

    assert "<script>x" not in text
    assert 'value="&#34;&gt;&lt;script&gt;' in text


def test_inputs_decide_what_is_written(make, as_user):
    client = as_user(make.bob)

    active, inactive = (client.get(f"/accounts?active={word}").text for word in ("yes", "no"))

    assert '<option value="yes" selected>' in active
    assert '<option value="no" selected>' in inactive


def test_a_row_is_kept_until_its_account_changes(make, as_user):
    account = make.account("Acme", location="Lyon")
    client = as_user(make.mona)
    client.get("/accounts")
    address = f"/accounts/{account.id}/values/location"

    client.post(address, data={"location": "Graz", "version": "1", "idempotency_key": "k"})

    assert "<td>Graz</td>" in client.get("/accounts").text
    assert "<td>Lyon</td>" not in client.get("/accounts").text


@pytest.mark.parametrize("name", ["words", "csrf_token", "anything"])
def test_what_somebody_typed_is_never_taken_for_what_comes_later(make, as_user, name):
    typed = f"\ue000{name}\ue001"

    page = as_user(make.bob).get("/accounts", query_string={"location": typed, "q": "acme"})

    assert page.status_code == 200
    assert f"<span>{typed}</span>" in page.text


def test_an_account_that_cannot_be_does_not_decide_about_the_pages_of_others(make, as_user):
    account = make.account("Acme")
    client = as_user(make.bob)
    client.get("/accounts/0")

    text = client.get(f"/accounts/{account.id}").text

    assert f'<input type="hidden" name="account" value="{account.id}">' in text
