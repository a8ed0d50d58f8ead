"""The page on which an administrator says which accounts a person sees and changes."""

from __future__ import annotations

import pytest

from crmapp.models import User
from tests.support.web import htmx


@pytest.fixture(autouse=True)
def territories(make):
    make.value("territory", "north", label_en="The North")


def said(user):
    return user.sees, user.edits, user.territories


def send(client, user, **typed):
    data = {"sees": "role", "edits": "role", **typed}
    return client.post(f"/admin/users/{user.id}/reach", data=data)


def test_what_was_chosen_is_kept_and_shown_again(make, as_user):
    client = as_user(make.alice)

    answer = send(
        client, make.bob, sees="some", sees_some=["territory", "team"], edits="some",
        territories=["north"],
    )  # fmt: skip

    assert answer.location == "/admin/users"
    assert said(make.again(User, make.bob.id)) == (["team", "territory"], [], ["north"])
    assert client.get("/admin/users").text.count(">Restricted<") == 1
    page = client.get(f"/admin/users/{make.bob.id}/reach").text
    assert '<option selected value="some">' in page
    assert page.count(" checked ") == 3


def test_as_the_role_has_it_is_shown_in_words(make, as_user):
    client = as_user(make.alice)

    of_bob = client.get(f"/admin/users/{make.bob.id}/reach").text
    of_mona = client.get(f"/admin/users/{make.mona.id}/reach").text

    assert "As the role has it: the person’s own, the teams’ and those of nobody" in of_bob
    assert of_mona.count("As the role has it: all") == 2


def test_ticks_that_would_not_count_are_told_and_stay(make, as_user):
    answer = send(as_user(make.alice), make.bob, sees="all", sees_some=["team"])

    assert answer.status_code == 422
    assert "or untick these" in answer.text
    assert answer.text.count(" checked ") == 1
    assert said(make.again(User, make.bob.id)) == (None, None, None)


def test_a_choice_that_is_not_offered_is_refused(make, as_user):
    client = as_user(make.alice)

    for typed in ({"sees": "none"}, {"edits": ""}, {"territories": ["atlantis"]}):
        assert send(client, make.bob, **typed).status_code == 422


def test_the_page_of_an_administrator_says_why_there_is_nothing_to_choose(make, as_user):
    client = as_user(make.alice)

    page = client.get(f"/admin/users/{make.alice.id}/reach", headers=htmx("div#drawer-body"))

    assert "sees and changes every account" in page.text
    assert "<form" not in page.text


def test_what_is_closed_is_gone_from_her_next_page_on(make, as_user):
    account = make.account("Acme", team_id=make.bob.teams[0].id)
    bob, alice = as_user(make.bob), as_user(make.alice)
    before = bob.get(f"/accounts/{account.id}").status_code

    send(alice, make.bob, sees="some", sees_some=["unowned"])

    assert before == 200
    assert bob.get(f"/accounts/{account.id}").status_code == 404
    assert "Acme" not in bob.get("/accounts").text
