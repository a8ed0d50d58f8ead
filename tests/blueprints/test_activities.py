"""The forms that note calls, meetings, tasks and notes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import Activity
from crmapp.services import activities
from tests.support.web import htmx


@pytest.fixture(params=["plain", "htmx"])
def headers(request):
    return htmx("div#drawer-body") if request.param == "htmx" else {}


def went(answer):
    return answer.headers.get("Location") or answer.headers.get("HX-Redirect")


def call(**values):
    return {"kind": "call", "subject": "Prices", "happens_at": "2026-06-15T12:00", **values}


@pytest.mark.parametrize(
    "kind, field",
    [("call", "call_type"), ("meeting", "status"), ("task", "status"), ("note", "notes")],
)
def test_each_kind_asks_for_its_own_fields(make, as_user, kind, field, headers):
    account = make.account()

    answer = as_user(make.bob).get(
        f"/accounts/{account.id}/activities/new?kind={kind}", headers=headers
    )

    assert f'name="{field}"' in answer.text
    assert ('name="call_type"' in answer.text) == (kind == "call")


def test_a_call_is_added_at_the_readers_time(make, as_user, headers):
    paris = make.user("anna", timezone="Europe/Paris")
    account = make.account()

    answer = as_user(paris).post(f"/accounts/{account.id}/activities", data=call(), headers=headers)

    assert went(answer) == f"/accounts/{account.id}/timeline"
    kept = session.scalars(select(Activity)).one()
    assert kept.happens_at == datetime(2026, 6, 15, 10, tzinfo=UTC)


def test_another_activity_of_the_kind_may_follow_at_once(make, as_user, headers):
    account = make.account()

    answer = as_user(make.bob).post(
        f"/accounts/{account.id}/activities", data=call(add_another="yes"), headers=headers
    )

    assert went(answer) == f"/accounts/{account.id}/activities/new?kind=call"


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": ""},
        {"happens_at": "tomorrow"},
        {"happens_at": "0001-01-01T00:00"},
        {"happens_at": "2026-06-15T12:00\x00"},
        {"contact_id": "999"},
        {"contact_id": "9" * 400},
        {"notes": "x" * 30_000},
    ],
)
def test_bad_input_is_refused_at_its_field(make, as_user, wrong, headers):
    account = make.account()

    answer = as_user(make.bob).post(
        f"/accounts/{account.id}/activities", data=call(**wrong), headers=headers
    )

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


@pytest.mark.parametrize("kind", ["lunch", "", "call'--"])
def test_a_kind_that_does_not_exist_is_not_found(make, as_user, kind):
    account, client = make.account(), as_user(make.bob)

    answer = client.post(f"/accounts/{account.id}/activities", data=call(kind=kind))

    assert answer.status_code == 404


def test_an_activity_is_changed_and_keeps_its_moment(make, as_user, headers):
    at = datetime(2026, 6, 15, 10, tzinfo=UTC)
    activity = make.activity(make.account(), happens_at=at, version=1)
    client = as_user(make.bob)

    shown = client.get(f"/activities/{activity.id}/edit", headers=headers).text
    sent = call(subject="New prices", happens_at="2026-06-15T10:00", version="1")
    client.post(f"/activities/{activity.id}", data=sent, headers=headers)

    assert 'value="2026-06-15T10:00"' in shown
    after = session.get(Activity, activity.id)
    assert (after.subject, after.happens_at) == ("New prices", at)


def test_who_comes_second_sees_both_subjects(make, as_user, headers):
    activity = make.activity(make.account(), "Called")
    activities.update(activity.id, {"subject": "Theirs"}, 1, by=make.alice)

    answer = as_user(make.bob).post(
        f"/activities/{activity.id}", data=call(subject="Mine", version="1"), headers=headers
    )

    assert answer.status_code == 409
    assert all(f'">{subject}<' in answer.text for subject in ("Mine", "Theirs", "Called"))


def test_a_reminder_is_kept_with_a_meeting(make, as_user):
    account = make.account()
    meeting = call(kind="meeting", remind_minutes="60")

    as_user(make.bob).post(f"/accounts/{account.id}/activities", data=meeting)

    assert session.scalars(select(Activity)).one().remind_minutes == 60


@pytest.mark.parametrize(
    "typed, kept, takes", [("45", 45, 45), ("", None, 60), ("1440", 1440, 1440)]
)
def test_a_meeting_has_a_length(make, as_user, typed, kept, takes):
    account, bob = make.account(), as_user(make.bob)
    meeting = call(kind="meeting", length_minutes=typed)

    bob.post(f"/accounts/{account.id}/activities", data=meeting)

    activity = session.scalars(select(Activity)).one()
    assert (activity.length_minutes, activity.takes) == (kept, takes)
    assert f"{takes:,} min" in bob.get(f"/accounts/{account.id}/timeline").text


@pytest.mark.parametrize("minutes", ["0", "1441", "-5", "1.5", "an hour", "٤٥", "9" * 400])
def test_a_length_that_no_meeting_has_is_refused_and_kept_in_the_form(make, as_user, minutes):
    account = make.account()
    meeting = call(kind="meeting", length_minutes=minutes)

    answer = as_user(make.bob).post(f"/accounts/{account.id}/activities", data=meeting)

    assert answer.status_code == 422
    assert "from 1 to 1440" in answer.text
    assert f'value="{minutes}"' in answer.text


def test_only_meetings_are_asked_for_their_length(make, as_user):
    account, bob = make.account(), as_user(make.bob)

    forms = {
        kind: bob.get(f"/accounts/{account.id}/activities/new?kind={kind}").text
        for kind in ("meeting", "task", "call")
    }

    assert [kind for kind, text in forms.items() if 'name="length_minutes"' in text] == ["meeting"]
    assert '<option value="45">' in forms["meeting"]


@pytest.mark.parametrize("minutes", ["30", "-1", "x", "15.0"])
def test_a_reminder_that_is_not_offered_is_refused(make, as_user, minutes):
    account = make.account()
    meeting = call(kind="meeting", remind_minutes=minutes)

    answer = as_user(make.bob).post(f"/accounts/{account.id}/activities", data=meeting)

    assert answer.status_code == 422
    assert "Enter 0, 15, 60 or 1440 minutes" in answer.text


@pytest.mark.parametrize(
    "values, late",
    [
        ({"kind": "task", "status": "not_started"}, True),
        ({"kind": "meeting", "status": None}, True),
        ({"kind": "task", "status": "completed"}, False),
        ({"kind": "call"}, False),
        ({"kind": "task", "happens_at": datetime(2026, 6, 15, 10, tzinfo=UTC)}, False),
    ],
)
def test_what_is_late_says_so_on_the_timeline(make, as_user, clock, values, late):
    account = make.account()
    make.activity(account, **{"happens_at": datetime(2026, 6, 15, 9, tzinfo=UTC), **values})

    text = as_user(make.bob).get(f"/accounts/{account.id}/activities").text

    assert (">Overdue<" in text) == late
