"""A person's calendar, read by the library that programs read it with."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from icalendar import Calendar
from sqlalchemy import update

from crmapp.db import session, unit_of_work
from crmapp.models import Account, User
from crmapp.services import calendars, doing
from tests.conftest import NOW

pytestmark = pytest.mark.usefixtures("clock")
DAY = timedelta(days=1)


def entries(reader):
    session.rollback()
    read = Calendar.from_ical(calendars.written(reader))
    return [each for each in read.walk() if each.name in ("VEVENT", "VTODO")]


def planned(make, subject="Visit", kind="meeting", due=NOW + DAY, **values):
    bob = make.bob
    account = values.pop("account", None) or make.account("Toys", owner_id=bob.id)
    known = {"kind": kind, "owner_id": bob.id, "happens_at": due}
    return make.activity(account, subject, **{**known, **values})


def test_a_meeting_is_an_event_in_utc(make):
    planned(make, notes="Bring samples")

    (event,) = entries(make.bob)

    assert (event.name, str(event["summary"])) == ("VEVENT", "Visit · Toys")
    assert event["dtstart"].dt == NOW + DAY
    assert event["dtstart"].to_ical().endswith(b"Z")
    assert event["dtend"].dt.tzinfo is UTC or event["dtend"].to_ical().endswith(b"Z")
    assert str(event["description"]).startswith("Bring samples\n\nhttp")


@pytest.mark.parametrize("length, minutes", [(None, 60), (25, 25), (1440, 1440)])
def test_a_meeting_ends_after_its_length(make, length, minutes):
    planned(make, length_minutes=length)

    (event,) = entries(make.bob)

    assert event["dtend"].dt - event["dtstart"].dt == timedelta(minutes=minutes)


def test_a_task_is_a_to_do_with_its_status(make):
    made = planned(make, kind="task")
    (before,) = entries(make.bob)
    doing.complete(made.id, by=make.bob)

    (after,) = entries(make.bob)

    assert (before.name, before["due"].dt, str(before["status"])) == (
        "VTODO",
        NOW + DAY,
        "NEEDS-ACTION",
    )
    assert (str(after["status"]), after["completed"].dt) == ("COMPLETED", NOW)
    assert (before["uid"], before["sequence"] + 1) == (after["uid"], after["sequence"])


def test_a_change_says_when_it_was(make, clock):
    made = planned(make, kind="task")
    clock.move_to(NOW + timedelta(hours=2))
    doing.complete(made.id, by=make.bob)

    (after,) = entries(make.bob)

    assert after["last-modified"].dt == NOW + timedelta(hours=2)


@pytest.mark.parametrize(
    "text", ['Lunch; 50%, \\ "x"', "BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT", "é" * 200, "a\r\nb:c"]
)
def test_text_comes_through_as_text(make, text):
    planned(make, "Visit", notes=text)

    (event,) = entries(make.bob)

    said = str(event["description"]).partition("\n\nhttp")[0]
    assert said.replace("\r\n", "\n") == text.replace("\r\n", "\n")


@pytest.mark.parametrize("days, stands", [(-91, False), (-89, True), (364, True), (366, False)])
def test_it_goes_back_a_season_and_ahead_a_year(make, days, stands):
    planned(make, due=NOW + days * DAY)

    assert bool(entries(make.bob)) == stands


@pytest.mark.parametrize(
    "values", [{"kind": "call"}, {"kind": "note"}, {"owner_id": None}, {"deleted_at": NOW}]
)
def test_only_what_is_planned_and_hers_stands_there(make, values):
    planned(make, **values)

    assert entries(make.bob) == []


def test_what_she_may_not_see_any_more_is_gone_at_the_next_reading(make):
    mallory = make.mallory.id
    made = planned(make, notes="Their secret")
    assert b"secret" in calendars.written(make.bob)

    with unit_of_work():
        session.execute(
            update(Account).where(Account.id == made.account_id).values(owner_id=mallory)
        )

    assert entries(make.bob) == []


def test_the_same_activities_are_the_same_bytes(make, clock):
    planned(make)
    first = calendars.written(make.bob)
    clock.move_to(NOW + timedelta(hours=1))

    assert calendars.written(make.bob) == first


def test_a_new_word_makes_the_old_one_void(make):
    bob = make.bob
    old = calendars.renew(by=bob)
    new = calendars.renew(by=make.bob)

    assert calendars.reader_of(old) is None
    assert calendars.reader_of(new).id == make.bob.id


def test_the_word_itself_is_not_kept(make):
    word = calendars.renew(by=make.bob)

    kept = make.again(User, make.bob.id)
    assert word not in (kept.calendar_hash or "")
    assert kept.calendar_since == NOW


def test_a_closed_calendar_has_no_reader(make):
    word = calendars.renew(by=make.bob)

    calendars.revoke(by=make.bob)

    assert calendars.reader_of(word) is None
