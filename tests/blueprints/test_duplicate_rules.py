"""The rules for accounts that may exist already, as an administrator sets them."""

from __future__ import annotations

import pytest

from crmapp.domain.duplicate_keys import USUAL, Effect, Key
from crmapp.services import duplicate_rules
from tests.support.pages import flat
from tests.support.web import htmx

WAYS = pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])
ADDRESS = "/admin/duplicate-rules"


def sent(version=0, **chosen):
    return {**{key.value: effect.value for key, effect in USUAL.items()}, "version": version} | (
        chosen
    )


@WAYS
def test_rules_are_set_and_their_change_is_kept(make, as_user, headers):
    alice = as_user(make.alice)

    answer = alice.post(ADDRESS, data=sent(phone="block"), headers=headers)

    assert answer.status_code == (200 if headers else 303)
    assert duplicate_rules.rules() == {**USUAL, Key.PHONE: Effect.BLOCK}
    page = flat(alice.get(ADDRESS))
    assert "Alice" in page
    assert "Same phone number: Warn, now Block" in page


def test_the_page_says_that_runs_do_not_follow_the_rules(make, as_user):
    assert "Imports, the grid and CRM mappings do not follow these rules" in flat(
        as_user(make.ivan).get(ADDRESS)
    )


@pytest.mark.parametrize("wrong", [{"phone": "explode"}, {"phone": ""}, {"website": "Block"}])
def test_an_effect_that_there_is_none_of_is_refused(make, as_user, wrong):
    answer = as_user(make.alice).post(ADDRESS, data=sent(**wrong, tax_id="ignore"))

    assert answer.status_code == 422
    assert "Choose block, warn or ignore for each key." in answer.text
    assert 'name="tax_id" value="ignore" checked' in answer.text
    assert duplicate_rules.rules() == USUAL


@WAYS
def test_who_saves_over_what_she_did_not_see_is_told(make, as_user, headers):
    alice = as_user(make.alice)
    alice.post(ADDRESS, data=sent(phone="block"))

    answer = alice.post(ADDRESS, data=sent(phone="ignore"), headers=headers)

    assert answer.status_code == 409
    assert 'name="phone" value="ignore" checked' in answer.text
    assert duplicate_rules.rules()[Key.PHONE] is Effect.BLOCK


def test_saving_the_same_rules_changes_nothing(make, as_user):
    as_user(make.alice).post(ADDRESS, data=sent())

    assert duplicate_rules.version() == 0


@pytest.mark.parametrize("who", ["mona", "bob", "carol"])
def test_who_may_not_set_the_rules_learns_what_she_lacks(make, as_user, who):
    client = as_user(getattr(make, who))

    assert client.get(ADDRESS).status_code == 403
    assert client.post(ADDRESS, data=sent(phone="block")).status_code == 403
    assert duplicate_rules.rules() == USUAL
