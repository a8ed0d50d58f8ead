"""Tokens for programs: made and shown once, seen again by their end, revoked."""

from __future__ import annotations

import re

import pytest

from crmapp.services import api_tokens

SENT = {"name": "Shop", "scopes": ["accounts:read"], "days": "90"}


def test_a_token_is_shown_once(make, as_user, client):
    person = as_user(make.bob)

    made = person.post("/preferences/tokens", data=SENT)

    word = re.search(r'value="(crm_[^"]+)"', made.text)[1]
    assert word not in person.get("/preferences/tokens").text
    asked = client.get("/api/v1/accounts", headers={"Authorization": f"Bearer {word}"})
    assert asked.status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "}, {"name": []}, {"scopes": []}, {"scopes": ["all"]}, {"days": "9999"},
        {"days": "x"},
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_made(make, as_user, wrong):
    answer = as_user(make.bob).post("/preferences/tokens", data={**SENT, **wrong})

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text or 'class="error' in answer.text
    assert not api_tokens.own(by=make.bob)


def test_each_revokes_hers_and_nobody_elses(make, as_user):
    api_tokens.make("Shop", ["accounts:read"], 30, by=make.bob)
    (token,) = api_tokens.own(by=make.bob)
    path = f"/preferences/tokens/{token.id}/revocation"

    assert as_user(make.mallory).post(path).status_code == 404
    assert len(api_tokens.own(by=make.bob)) == 1
    assert as_user(make.bob).post(path).status_code == 303
    assert not api_tokens.own(by=make.bob)


def test_an_administrator_sees_and_revokes_everybodys(make, as_user):
    api_tokens.make("Shop", ["accounts:read"], 30, by=make.bob)
    (token,) = api_tokens.own(by=make.bob)
    alice, everybody = as_user(make.alice), "/preferences/tokens?of=everybody"

    assert "Shop" in alice.get(everybody).text
    assert "Shop" not in alice.get("/preferences/tokens").text
    assert "Shop" not in as_user(make.mallory).get(everybody).text
    alice.post(f"/preferences/tokens/{token.id}/revocation?of=everybody")

    assert not api_tokens.own(by=make.bob)
