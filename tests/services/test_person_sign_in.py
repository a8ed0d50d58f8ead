"""A person signs in there and comes back: with a code, with a refusal, or with somebody else's."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from crmapp.connectors.errors import AuthFailed, ConnectorError
from crmapp.db import session
from crmapp.errors import Forbidden, Invalid, NotConnected
from crmapp.services import connections, person_sign_in
from crmapp.services.connection_tokens import tokens_of
from crmapp.services.person_sign_in import Back, begin, finish
from tests.support.connections import connect, control, rest, salesforce, sign_in_there, xml

HERE = "http://localhost:8000/admin/connections/x/callback"
WAYS = pytest.mark.parametrize("system", ["salesforce", "intacct"])


@pytest.fixture
def place(request, system):
    return request.getfixturevalue("org" if system == "salesforce" else "intacct")


def set_up(make, system, place, **more):
    wanted = salesforce if system == "salesforce" else rest
    flow = "web" if system == "salesforce" else "authorization_code"
    connect(system, wanted(place, flow, **more), by=make.alice)


def refresh_token():
    session.rollback()
    return tokens_of(connections.of("salesforce").tokens).refresh


@WAYS
def test_after_she_has_signed_in_the_connection_works(make, system, place):
    set_up(make, system, place)
    assert connections.check(system, by=make.alice).kind == "credentials"
    begun = begin(system, HERE, by=make.alice)

    finish(system, sign_in_there(begun.url), begun.kept, by=make.alice)

    assert connections.check(system, by=make.alice) is None
    assert tokens_of(connections.of(system).tokens).refresh


def test_a_refresh_token_that_is_rotated_is_used_once_each(make, org):
    control(org, "app", rotates=True)
    set_up(make, "salesforce", org)
    begun = begin("salesforce", HERE, by=make.alice)
    finish("salesforce", sign_in_there(begun.url), begun.kept, by=make.alice)
    seen = {refresh_token()}

    for _ in range(3):
        control(org, "expire_tokens")
        with connections.opened("salesforce") as connector:
            assert connector.count("Account")
        seen.add(refresh_token())

    assert len(seen) == 4


@WAYS
def test_what_is_kept_of_a_sign_in_shows_nothing(make, system, place):
    set_up(make, system, place)

    begun = begin(system, HERE, by=make.alice)

    state = parse_qs(urlsplit(begun.url).query)["state"][0]
    assert state not in begun.kept
    assert "code_challenge_method=S256" in begun.url


@WAYS
def test_who_refuses_there_is_told_what_to_do(make, system, place):
    set_up(make, system, place)
    begun = begin(system, HERE, by=make.alice)

    with pytest.raises(Invalid) as refused:
        finish(system, sign_in_there(begun.url, "deny"), begun.kept, by=make.alice)

    assert "Sign in again and allow it" in str(refused.value.fields[""])


def test_a_refusal_that_nobody_knows_is_said_in_its_own_words(make, org):
    set_up(make, "salesforce", org)
    begun = begin("salesforce", HERE, by=make.alice)
    state = parse_qs(urlsplit(begun.url).query)["state"][0]

    with pytest.raises(Invalid) as refused:
        finish("salesforce", Back(state, "", "odd", "a <b>word</b>"), begun.kept, by=make.alice)

    assert "odd a <b>word</b>" in str(refused.value.fields[""])


def test_a_sign_in_that_was_begun_elsewhere_is_refused(make, org):
    set_up(make, "salesforce", org)
    mine = begin("salesforce", HERE, by=make.alice)
    back = sign_in_there(mine.url)
    others = begin("salesforce", HERE, by=make.ivan)

    for kept, person in ((others.kept, make.alice), ("", make.alice), (mine.kept, make.ivan)):
        with pytest.raises(Invalid, match="attention"):
            finish("salesforce", back, kept, by=person)

    assert connections.of("salesforce").tokens == ""


def test_a_sign_in_ends_after_a_while(make, org, clock):
    set_up(make, "salesforce", org)
    begun = begin("salesforce", HERE, by=make.alice)
    back = sign_in_there(begun.url)
    clock.shift(person_sign_in.LONGEST + timedelta(seconds=1))

    with pytest.raises(Invalid) as refused:
        finish("salesforce", back, begun.kept, by=make.alice)

    assert "took too long" in str(refused.value.fields[""])


def test_tokens_for_older_settings_are_not_taken(make, org):
    set_up(make, "salesforce", org)
    begun = begin("salesforce", HERE, by=make.alice)
    back = sign_in_there(begun.url)
    set_up(make, "salesforce", org, budget="5")

    with pytest.raises(Invalid) as refused:
        finish("salesforce", back, begun.kept, by=make.alice)

    assert "changed meanwhile" in str(refused.value.fields[""])


def test_a_code_is_taken_once(make, org):
    set_up(make, "salesforce", org)
    begun = begin("salesforce", HERE, by=make.alice)
    back = sign_in_there(begun.url)
    finish("salesforce", back, begun.kept, by=make.alice)

    with pytest.raises(AuthFailed):
        finish("salesforce", back, begun.kept, by=make.alice)


def test_a_place_that_does_not_answer_is_told_as_such(make, org):
    set_up(make, "salesforce", org)
    begun = begin("salesforce", HERE, by=make.alice)
    back = sign_in_there(begun.url)
    set_up(make, "salesforce", "http://127.0.0.1:1")
    begun = begin("salesforce", HERE, by=make.alice)
    back = Back(parse_qs(urlsplit(begun.url).query)["state"][0], back.code)

    with pytest.raises(ConnectorError):
        finish("salesforce", back, begun.kept, by=make.alice)


def test_a_connection_that_signs_in_by_itself_needs_nobody(make, org, intacct):
    connect("salesforce", salesforce(org), by=make.alice)
    connect("intacct", xml(intacct), by=make.alice)

    for system in ("salesforce", "intacct"):
        with pytest.raises(Invalid):
            begin(system, HERE, by=make.alice)


def test_others_cannot_sign_in(make):
    with pytest.raises(Forbidden):
        begin("salesforce", HERE, by=make.bob)
    with pytest.raises(NotConnected):
        begin("salesforce", HERE, by=make.alice)
