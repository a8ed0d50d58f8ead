"""V1, V2, V15.3: what is sent is text, in one place, and only what its form asks for."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect

from crmapp.db import session
from crmapp.domain.records import ACCOUNT_FIELDS
from crmapp.domain.scopes import Scope
from crmapp.models import Account, User
from crmapp.services import accounts, api_tokens

PROGRAMS = ["{{ 7*7 }}", "${7*7}", "<%= 7*7 %>", "{% raw %}", "#{7*7}", "%(name)s %s {0.__class__}"]
"""What a template, or a string that is formatted, would carry out."""


def form(account, **values):
    return {"name": account.name, "version": account.version, **values}


def again(account):
    session.rollback()
    return session.get_one(Account, account.id)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_name_is_no_program(as_user, make, name):
    account, client = make.account("Acme", owner_id=make.bob.id), as_user(make.bob)

    client.post(f"/accounts/{account.id}", data=form(account, name=name))
    told = client.get(f"/accounts/{account.id}").text

    assert again(account).name == name
    assert name.replace("<", "&lt;").replace(">", "&gt;") in told
    assert "49" not in told.partition("<h1")[2].partition("</h1>")[0]


@pytest.mark.parametrize(
    "sent, meant", [("100%2525", "100%25"), ("a%2Bb", "a+b"), ("%26lt%3B", "&lt;")]
)
def test_what_was_encoded_is_decoded_once(as_user, make, sent, meant):
    make.account(f"Named {meant}")

    page = as_user(make.alice).get(f"/accounts?q={sent}").text

    assert f'value="{meant.replace("&", "&amp;")}"' in page
    assert "Named" in page


def test_a_form_is_read_from_its_body_and_the_first_of_two(as_user, make):
    account = make.account("Acme", owner_id=make.bob.id)
    body = f"name=First&name=Second&version={account.version}"

    answer = as_user(make.bob).post(
        f"/accounts/{account.id}?name=Third&version=99",
        data=body,
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status_code == 303
    assert again(account).name == "First"


def test_a_form_sets_nothing_but_its_own_fields(as_user, make):
    account = make.account("Acme", owner_id=make.bob.id, number="A-1")
    columns = {each.key: each for each in inspect(Account).columns}
    others = sorted(columns.keys() - ACCOUNT_FIELDS.keys() - {"version"})
    before = {name: getattr(account, name) for name in others}
    planted = dict.fromkeys(others, "1")

    answer = as_user(make.bob).post(
        f"/accounts/{account.id}", data={**planted, **form(account, name="Acme Ltd", number="A-1")}
    )

    told = again(account)
    assert answer.status_code == 303
    assert "deleted_at" in others
    stays = {name: value for name, value in before.items() if name not in DERIVED}
    assert {name: getattr(told, name) for name in stays} == stays


DERIVED = {
    *("created_at", "updated_at", "lineage"),
    *(
        each.key
        for each in inspect(Account).columns
        if any(part in each.key for part in ("key", "fold", "search"))
    ),
}
"""What follows from the name, or from who saved when."""


def test_a_program_sets_nothing_but_what_is_described(app, make):
    token = api_tokens.make("T", tuple(Scope), 30, by=make.bob)
    account = make.account("Acme", owner_id=make.bob.id)
    headers = {"Authorization": f"Bearer {token}", "If-Match": f'"{account.version}"'}

    answer = app.test_client().patch(
        f"/api/v1/accounts/{account.id}",
        json={"name": "Acme Ltd", "deleted_at": "2026-01-01T00:00:00Z", "id": 77},
        headers=headers,
    )

    assert answer.status_code in (200, 422)
    assert (again(account).deleted_at, again(account).id) == (None, account.id)


@pytest.mark.parametrize("path", ["/preferences", "/preferences/day", "/change"])
def test_nobody_gives_herself_a_role(as_user, make, path):
    planted = {"role": "admin", "active": "y", "email": "x@y.example", "teams": "1", "id": "1"}

    as_user(make.bob).post(path, data={**planted, "locale": "fr"})

    session.rollback()
    bob = session.get_one(User, make.bob.id)
    assert (bob.role, bob.email) == ("rep", "bob@crm.example")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-User-ID": "1"},
        {"X-Forwarded-User": "alice@crm.example"},
        {"X-Remote-User": "alice@crm.example"},
        {"X-Original-URL": "/health", "X-Rewrite-URL": "/health"},
        {"Authorization": "Basic YWxpY2U6YS1sb25nLWVub3VnaC1wYXNzcGhyYXNl"},
        {"Authentication-Token": "1"},
        {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"},
    ],
    ids=str,
)
def test_no_header_says_who_asks(client, make, headers):
    assert make.alice

    answer = client.get("/admin/users", headers=headers)

    assert answer.location.startswith("/login")


def test_values_are_checked_where_they_are_kept_whoever_sends_them(make):
    with pytest.raises(Exception, match="attention") as wrong:
        accounts.create({"name": "", "email": "no address", "credit_limit": "many"}, by=make.bob)

    assert {*wrong.value.fields} == {"name", "email", "credit_limit"}  # type: ignore[attr-defined]
