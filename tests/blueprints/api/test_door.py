"""Who gets in: a good token with the scope, as often as it may, and nobody else."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from crmapp.services import api_tokens, sweeper, users
from crmapp.web.extensions import limiter
from tests.blueprints.api.conftest import Program


def test_nobody_gets_in_without_a_token(client):
    answer = client.get("/api/v1/accounts")

    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json["title"] == "No good token"
    assert "Bearer" in answer.json["detail"]


def test_no_address_opens_without_a_token_but_the_document(app, client):
    limiter.enabled = False
    answers = {}
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("api."):
            method = min((rule.methods or set()) - {"HEAD", "OPTIONS"})
            address = re.sub(r"<[^>]*>", "1", rule.rule)
            answers[rule.endpoint] = client.open(address, method=method).status_code

    assert answers.pop("api.openapi") == 200
    assert len(answers) > 10
    assert set(answers.values()) == {401}


def test_a_cookie_is_no_token(make, as_user):
    assert as_user(make.alice).get("/api/v1/accounts").status_code == 401


@pytest.mark.parametrize("word", ["", "crm_forged", "crm_" + "a" * 4000, "crm_ü"])
def test_a_forged_token_is_refused(app, make, word):
    make.account("Acme")

    assert Program(app.test_client(), word).get("/accounts").status_code == 401


def test_an_expired_token_is_refused(make, program, clock):
    theirs = program(make.bob)
    assert theirs.get("/accounts").status_code == 200

    clock.shift(timedelta(days=31))

    assert theirs.get("/accounts").status_code == 401


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=3650)])
def test_a_clock_that_steps_back_makes_no_expired_token_good(make, as_user, program, clock, back):
    theirs = program(make.bob)
    clock.shift(timedelta(days=31))
    sweeper.sweep()

    clock.shift(-back)

    assert theirs.get("/accounts").status_code == 401
    assert "Expired" in as_user(make.bob).get("/preferences/tokens").text


def test_one_that_expired_is_revoked_like_any_other(make, program, clock):
    program(make.bob)
    clock.shift(timedelta(days=31))
    sweeper.sweep()
    (token,) = api_tokens.own(by=make.bob)

    api_tokens.revoke(token.id, by=make.bob)

    assert api_tokens.own(by=make.bob) == []


def test_a_revoked_token_is_refused(make, program):
    theirs = program(make.bob)
    (token,) = api_tokens.own(by=make.bob)

    api_tokens.revoke(token.id, by=make.bob)

    assert theirs.get("/accounts").status_code == 401


def test_the_token_of_somebody_who_left_is_refused(make, program):
    theirs = program(make.bob)

    users.set_active(make.bob.id, False, by=make.alice)
    assert theirs.get("/accounts").status_code == 401

    users.set_active(make.bob.id, True, by=make.alice)
    assert theirs.get("/accounts").status_code == 401
    assert api_tokens.own(by=make.bob) == []


def test_a_token_without_the_scope_is_told_which_one(make, program):
    answer = program(make.alice, "accounts:read").post("/accounts", {"name": "Acme"})

    assert answer.status_code == 403
    assert answer.json["scope"] == "accounts:write"
    assert answer.json["title"] == "The token lacks a scope"
    assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


def test_who_may_write_may_read(make, program):
    assert program(make.bob, "accounts:write").get("/accounts").status_code == 200


def test_a_token_gives_nobody_a_right_that_she_lacks(make, program):
    answer = program(make.carol).post("/accounts", {"name": "Acme"})

    assert answer.status_code == 403
    assert answer.json["right"] == "account.create"


def test_a_token_needs_no_form(app, make, program):
    app.config["WTF_CSRF_ENABLED"] = True

    assert program(make.bob).post("/accounts", {"name": "Acme"}).status_code == 201


def test_no_answer_sets_a_cookie(make, program):
    assert "Set-Cookie" not in program(make.bob).get("/accounts").headers


def test_who_asks_too_often_is_told_to_wait(make, program):
    theirs, others = program(make.bob), program(make.mona)

    answers = [theirs.get("/accounts?limit=1").status_code for _ in range(601)]

    assert answers == [200] * 600 + [429]
    answer = theirs.get("/contacts")  # whatever she asks
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.content_type == "application/problem+json"
    assert others.get("/accounts").status_code == 200


def test_who_tries_tokens_is_told_to_wait_wherever_she_tries_them(app, make):
    nobody = Program(app.test_client(), "crm_forged")

    answers = [nobody.get(f"/{path}").status_code for path in ("accounts", "contacts") * 6]

    assert answers == [401] * 10 + [429] * 2


def test_the_use_of_a_token_is_noted(make, program):
    program(make.bob).get("/accounts")

    (token,) = api_tokens.own(by=make.bob)
    assert token.used_at is not None


def test_a_token_is_not_kept(make):
    word = api_tokens.make("Shop", ["accounts:read"], 30, by=make.bob)

    (token,) = api_tokens.own(by=make.bob)
    assert word not in repr(vars(token))
    assert word.endswith(token.tail)


@pytest.mark.parametrize("path", ["/nothing", "/accounts/0", "/accounts/9999999", "/fields/user"])
def test_what_is_not_there_is_a_problem_too(make, program, path):
    answer = program(make.alice).get(path)

    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"


def test_a_method_that_there_is_not_names_those_there_are(make, program):
    answer = program(make.alice).ask("PUT", "/accounts")

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert answer.content_type == "application/problem+json"
