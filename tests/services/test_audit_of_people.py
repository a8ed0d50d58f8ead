"""What becomes of a person's reach, sessions and tokens is noted, and by whom."""

from __future__ import annotations

import pytest

from crmapp.db import session, unit_of_work
from crmapp.errors import Forbidden, Invalid, NotFound
from crmapp.models import AuditEvent
from crmapp.services import api_tokens, reaches, sign_ins


def events():
    return session.query(AuditEvent).order_by(AuditEvent.id).all()


def restrict(make, sees, edits, by=None):
    reaches.restrict(make.bob.id, sees=sees, edits=edits, territories=(), by=by or make.alice)


def test_who_restricts_a_person_is_noted_with_what_it_was_before(make):
    restrict(make, ["team"], None)
    restrict(make, ["all"], [])

    first, second = events()
    assert (first.kind, first.by_id, first.about_id) == (
        "person_restricted",
        make.alice.id,
        str(make.bob.id),
    )
    assert first.details == {"sees": [None, ["team"]]}
    assert second.details == {"sees": [["team"], ["all"]], "edits": [None, []]}


def test_a_restriction_that_is_the_same_or_refused_notes_nothing(make):
    restrict(make, None, None)
    with pytest.raises(Invalid):
        restrict(make, ["everything"], None)
    with pytest.raises(Forbidden):
        restrict(make, ["all"], None, by=make.bob)

    assert events() == []


def test_who_signs_a_person_out_in_one_browser_is_noted(make):
    bob, alice = make.bob, make.alice
    with unit_of_work():
        _word, there = sign_ins.begin(bob.id, agent="Firefox", address="192.0.2.7")
    sign_ins.end(there, bob.id, by=alice)
    with pytest.raises(NotFound):
        sign_ins.end(there, bob.id, by=alice)

    (event,) = events()
    assert (event.kind, event.by_id, event.about_id) == (
        "sign_in_ended",
        make.alice.id,
        str(make.bob.id),
    )


def test_a_token_is_noted_when_it_is_made_and_once_when_it_is_revoked(make):
    word = api_tokens.make("Till", ["accounts:read"], 30, by=make.bob)
    (token,) = api_tokens.own(by=make.bob)
    for _again in range(2):
        api_tokens.revoke(token.id, by=make.alice)

    made, revoked = events()
    assert (made.kind, made.by_id, made.about_id) == ("token_made", make.bob.id, str(token.id))
    assert made.details == {"scopes": ["accounts:read"], "days": 30}
    assert (revoked.kind, revoked.by_id) == ("token_revoked", make.alice.id)
    assert revoked.details == {"person": make.bob.id}
    assert word not in repr([vars(each) for each in events()])
