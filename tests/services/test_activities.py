"""Calls, meetings, tasks and notes of an account."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crmapp.db import session
from crmapp.errors import Conflict, Forbidden, Invalid, NotFound
from crmapp.models import Activity
from crmapp.services import activities

NOON = "2026-06-15T12:00:00+00:00"


def kept(activity_id):
    session.rollback()
    return session.get(Activity, activity_id)


def call(**values):
    return {"kind": "call", "subject": "Prices", "happens_at": NOON, **values}


def test_a_call_is_noted_with_its_type(make):
    account = make.account()

    activity = kept(activities.add(account.id, call(call_type="Follow up"), by=make.bob))

    assert (activity.kind, activity.call_type, activity.owner_id) == (
        "call",
        "follow_up",
        make.bob.id,
    )
    assert activity.happens_at == datetime(2026, 6, 15, 12, tzinfo=UTC)


def test_a_note_takes_no_status(make):
    typed = {"kind": "note", "subject": "Hm", "happens_at": NOON, "status": "completed"}

    activity = kept(activities.add(make.account().id, typed, by=make.bob))

    assert activity.status is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "lunch"},
        {"kind": ""},
        {"subject": ""},
        {"happens_at": ""},
        {"happens_at": "2026-06-15T12:00"},
        {"happens_at": "9999-12-31T23:59:59-23:59"},
        {"call_type": "gossip"},
        {"contact_id": "1e3"},
        {"contact_id": "999999999999"},
    ],
)
def test_a_wrong_value_is_named_by_its_field(make, wrong):
    with pytest.raises(Invalid) as invalid:
        activities.add(make.account().id, call(**wrong), by=make.bob)

    assert list(invalid.value.fields) == list(wrong)


def test_a_contact_of_another_account_is_refused(make):
    elsewhere = make.contact(make.account("Other"))

    with pytest.raises(Invalid) as invalid:
        activities.add(make.account().id, call(contact_id=str(elsewhere.id)), by=make.bob)

    assert list(invalid.value.fields) == ["contact_id"]


def test_changing_an_activity_keeps_its_kind(make):
    activity = make.activity(make.account(), kind="task")

    activities.update(activity.id, call(status="Completed"), 1, by=make.bob)

    after = kept(activity.id)
    assert (after.kind, after.status, after.subject) == ("task", "completed", "Prices")


def test_two_who_change_one_field_of_an_activity_conflict(make):
    activity = make.activity(make.account())
    activities.update(activity.id, {"subject": "First"}, 1, by=make.bob)

    with pytest.raises(Conflict) as conflict:
        activities.update(activity.id, {"subject": "Second"}, 1, by=make.mona)

    assert conflict.value.theirs == {"subject": "First"}


def test_a_form_sent_twice_adds_one_activity(make):
    account = make.account()

    assert len({activities.add(account.id, call(), by=make.bob, key="k") for _ in "12"}) == 1


def test_activities_of_another_reps_account_are_not_found(make):
    account = make.account(owner_id=make.mallory.id)
    activity = make.activity(account)

    for attempt in (
        lambda: activities.get(activity.id, by=make.bob),
        lambda: activities.add(account.id, call(), by=make.bob),
        lambda: activities.update(activity.id, call(), 1, by=make.bob),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_a_viewer_cannot_add_or_change_activities(make):
    activity = make.activity(make.account())

    for attempt in (
        lambda: activities.add(activity.account_id, call(), by=make.carol),
        lambda: activities.update(activity.id, call(), 1, by=make.carol),
    ):
        with pytest.raises(Forbidden) as forbidden:
            attempt()
        assert forbidden.value.right == "activity.edit"
