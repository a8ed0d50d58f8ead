"""A clock that steps back lets nobody in who was out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmapp.services import api_tokens
from tests.blueprints.api.conftest import Program
from tests.blueprints.test_second_step import code_of, enter, is_in, turned_on

HOUR = timedelta(hours=1)
BACK = pytest.mark.parametrize("back", [HOUR, timedelta(days=3650)], ids=str)


def test_a_code_of_an_earlier_time_is_not_good_after_a_later_one(app, as_user, make, clock):
    key = turned_on(as_user(make.bob))

    clock.shift(-HOUR)
    during = app.test_client()
    enter(during, make.bob)
    during.post("/tf-validate", data={"code": code_of(key)})

    clock.shift(HOUR)
    after = app.test_client()
    enter(after, make.bob)
    after.post("/tf-validate", data={"code": code_of(key)})

    assert (is_in(during), is_in(after)) == (False, True)


@BACK
def test_a_token_that_was_revoked_stays_so(app, make, clock, back):
    theirs = Program(app.test_client(), api_tokens.make("Sync", ["accounts:read"], 30, by=make.bob))
    before = theirs.get("/accounts").status_code
    (token,) = api_tokens.own(by=make.bob)
    api_tokens.revoke(token.id, by=make.bob)

    clock.shift(-back)

    assert (before, theirs.get("/accounts").status_code) == (200, 401)


@BACK
def test_who_waits_after_wrong_passwords_waits_no_less(client, make, clock, back):
    for _ in range(5):
        enter(client, make.bob, "wrong horse battery")

    clock.shift(-back)
    enter(client, make.bob)

    assert not is_in(client)
