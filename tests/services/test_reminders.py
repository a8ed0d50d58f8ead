"""Digests and reminders: each once, on its day, to whoever may read it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from crmapp.db import session, unit_of_work
from crmapp.mail import messages
from crmapp.models import Activity, MailOutbox, User
from crmapp.services import reminders
from tests.conftest import NOW

HOUR = timedelta(hours=1)
SEVEN = datetime(2026, 6, 15, 5, 0, tzinfo=UTC)  # in Paris
pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def anna(make):
    """She lives in Paris and reads about her day at seven."""
    anna = make.user("anna", timezone="Europe/Paris", digest_hour=7, locale="en")
    return anna.id


def task(make, owner, subject="Send prices", due=NOW, **values):
    account = values.pop("account", None) or make.account("Toys", owner_id=owner)
    known = {"kind": "task", "owner_id": owner, "happens_at": due}
    return make.activity(account, subject, **{**known, **values})


def letters():
    session.rollback()
    return session.scalars(select(MailOutbox).order_by(MailOutbox.id)).all()


class TestDigest:
    def test_it_comes_at_her_hour_by_her_clock(self, make, anna, clock):
        task(make, anna)
        clock.move_to(SEVEN - timedelta(seconds=1))
        assert reminders.send_due() == 0

        clock.move_to(SEVEN)
        assert reminders.send_due() == 1

        (letter,) = letters()
        assert (letter.recipient, letter.kind) == ("anna@crm.example", "digest")
        assert letter.params == {"day": "2026-06-15"}

    def test_it_comes_once_a_day(self, make, anna, clock):
        task(make, anna, due=SEVEN - 9 * HOUR)
        for hours in (0, 1, 2, 24, 25):
            clock.move_to(SEVEN + hours * HOUR)
            reminders.send_due()

        assert [letter.params["day"] for letter in letters()] == ["2026-06-15", "2026-06-16"]

    def test_days_on_which_nothing_ran_are_not_made_up_for(self, make, anna, clock):
        task(make, anna)
        clock.move_to(SEVEN + timedelta(days=5, hours=4))

        assert reminders.send_due() == 0

    def test_a_day_with_nothing_to_tell_is_settled_without_a_letter(self, make, anna, clock):
        clock.move_to(SEVEN)
        reminders.send_due()
        task(make, anna)

        assert reminders.send_due() == 0
        assert make.again(User, anna).digest_day == date(2026, 6, 15)

    @pytest.mark.parametrize("values", [{"digest_hour": None}, {"active": False}])
    def test_who_wants_none_or_has_left_gets_none(self, make, anna, clock, values):
        task(make, anna)
        with unit_of_work():
            session.execute(update(User).where(User.id == anna).values(**values))
        clock.move_to(SEVEN)

        assert reminders.send_due() == 0

    def test_it_tells_what_is_late_and_what_is_due_in_her_time(self, make, anna, clock):
        task(make, anna, "Late", SEVEN - 30 * HOUR)
        task(make, anna, "Today", SEVEN + 3 * HOUR)
        task(make, anna, "Another day", SEVEN + 30 * HOUR)
        task(make, anna, "Secret", account=make.account(owner_id=make.mallory.id))
        clock.move_to(SEVEN)
        reminders.send_due()

        written = messages.write(letters()[0])

        assert "Monday" in written.subject
        for text in (written.text, written.html):
            assert text.index("Late") < text.index("Today")
            assert "10:00" in text
            assert "Another day" not in text
            assert "Secret" not in text

    @pytest.mark.parametrize("values", [{"active": False}, {"role": "nobody"}])
    def test_what_she_may_not_read_any_more_is_not_told(self, make, anna, clock, values):
        task(make, anna, "Private")
        clock.move_to(SEVEN)
        reminders.send_due()
        with unit_of_work():
            session.execute(update(User).where(User.id == anna).values(**values))

        try:
            told = messages.write(letters()[0]).text
        except messages.Unwritable:
            told = ""

        assert "Private" not in told

    def test_a_letter_that_waited_until_all_was_done_is_not_sent(self, make, anna, clock):
        done = task(make, anna).id
        clock.move_to(SEVEN)
        reminders.send_due()
        with unit_of_work():
            session.execute(update(Activity).where(Activity.id == done).values(status="completed"))

        with pytest.raises(messages.Unwritable):
            messages.write(letters()[0])

    def test_a_letter_that_waited_for_days_is_not_sent(self, make, anna, clock):
        task(make, anna)
        clock.move_to(SEVEN)
        reminders.send_due()
        clock.move_to(SEVEN + 24 * HOUR)

        with pytest.raises(messages.Unwritable):
            messages.write(letters()[0])


class Died(BaseException):
    """What kills the sweeper in between."""


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    steps=st.lists(st.tuples(st.integers(0, 15 * 60), st.booleans()), min_size=1, max_size=12),
    hour=st.integers(0, 23),
    zone=st.sampled_from(["UTC", "Europe/Paris", "America/New_York"]),
)
def test_a_person_gets_at_most_one_digest_a_day_however_often_the_sweeper_dies(
    make, clock, monkeypatch, steps, hour, zone
):
    with unit_of_work():
        session.execute(delete(MailOutbox))
    name = f"p{make._numbers.__next__()}"
    person = make.user(name, timezone=zone, digest_hour=hour).id
    task(make, person, due=NOW - 24 * HOUR)
    at, expected = NOW, set()
    clock.move_to(at)
    for minutes, dies in steps:
        at += timedelta(minutes=minutes)
        clock.move_to(at)
        due = _due(person, at)
        if dies:
            with monkeypatch.context() as patched:
                patched.setattr(reminders, "later", _die)
                try:
                    reminders.send_due()
                except Died:
                    session.rollback()
        else:
            reminders.send_due()
            expected |= {due} - {None}

    hers = [each.params["day"] for each in letters() if each.user_id == person]
    assert sorted(hers) == sorted(day.isoformat() for day in expected)


def _die(*_args):
    raise Died


def _due(person_id, now):
    person = session.get_one(User, person_id)
    zone = reminders.zone_named(person.timezone)
    found = reminders.digest_due(now, zone, person.digest_hour, person.digest_day)
    session.rollback()
    return found


class TestReminder:
    @pytest.mark.parametrize("minutes", [0, 15, 60, 1440])
    def test_it_comes_so_long_before(self, make, clock, minutes):
        bob, due = make.bob.id, NOW + timedelta(days=2)
        task(make, bob, due=due, remind_minutes=minutes)
        clock.move_to(due - timedelta(minutes=minutes, seconds=1))
        assert reminders.send_due() == 0

        clock.move_to(due - timedelta(minutes=minutes))

        assert [reminders.send_due() for _time in range(3)] == [1, 0, 0]
        assert "Send prices" in messages.write(letters()[0]).subject

    def test_one_that_is_moved_reminds_again(self, make, clock):
        moved = task(make, make.bob.id, due=NOW + HOUR, remind_minutes=60).id
        reminders.send_due()
        with unit_of_work():
            session.execute(
                update(Activity).where(Activity.id == moved).values(happens_at=NOW + 3 * HOUR)
            )
        clock.move_to(NOW + 2 * HOUR)

        assert reminders.send_due() == 1

    def test_one_whose_time_is_long_past_is_not_sent(self, make, clock):
        task(make, make.bob.id, due=NOW, remind_minutes=0)
        clock.move_to(NOW + reminders.LATE)

        assert reminders.send_due() == 0

    @pytest.mark.parametrize(
        "values",
        [
            {"status": "completed"},
            {"status": "cancelled"},
            {"remind_minutes": None},
            {"owner_id": None},
            {"deleted_at": NOW},
            {"kind": "note"},
        ],
    )
    def test_nobody_is_reminded_of_what_is_not_hers_to_do(self, make, values):
        task(make, make.bob.id, **{"remind_minutes": 0, **values})

        assert reminders.send_due() == 0

    def test_nobody_is_reminded_of_an_account_that_she_does_not_see(self, make):
        account = make.account(owner_id=make.mallory.id)
        task(make, make.bob.id, account=account, remind_minutes=0)

        assert reminders.send_due() == 0

    def test_more_of_them_than_are_read_at_once_all_come(self, make, monkeypatch):
        monkeypatch.setattr(reminders, "_AT_ONCE", 2)
        for number in range(5):
            task(make, make.bob.id, f"Call {number}", remind_minutes=0)

        assert reminders.send_due() == 5

    @pytest.mark.parametrize("values", [{"status": "completed"}, {"happens_at": NOW + HOUR}])
    def test_what_changed_before_it_was_sent_is_not_told(self, make, values):
        changed = task(make, make.bob.id, remind_minutes=0).id
        reminders.send_due()
        with unit_of_work():
            session.execute(update(Activity).where(Activity.id == changed).values(**values))

        with pytest.raises(messages.Unwritable):
            messages.write(letters()[0])
