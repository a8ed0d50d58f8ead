"""The days of people in zones whose clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmapp.domain.days import PATIENCE, Today, digest_due, zone_named

PARIS, NEW_YORK = ZoneInfo("Europe/Paris"), ZoneInfo("America/New_York")
ZONES = st.sampled_from([ZoneInfo("UTC"), PARIS, NEW_YORK, ZoneInfo("Pacific/Apia")])
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  (Hypothesis adds the zone)


def at(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    "zone, now, start, end",
    [
        (PARIS, "2026-06-15T22:30Z", "2026-06-15T22:00Z", "2026-06-16T22:00Z"),
        (NEW_YORK, "2026-06-16T03:59Z", "2026-06-15T04:00Z", "2026-06-16T04:00Z"),
        # The clocks go forward: 23 hours. They go back: 25.
        (PARIS, "2026-03-29T12:00Z", "2026-03-28T23:00Z", "2026-03-29T22:00Z"),
        (PARIS, "2026-10-25T12:00Z", "2026-10-24T22:00Z", "2026-10-25T23:00Z"),
        (NEW_YORK, "2026-03-08T12:00Z", "2026-03-08T05:00Z", "2026-03-09T04:00Z"),
        (NEW_YORK, "2026-11-01T12:00Z", "2026-11-01T04:00Z", "2026-11-02T05:00Z"),
    ],
)
def test_a_day_is_as_long_as_it_is_where_she_lives(zone, now, start, end):
    today = Today(at(now), zone)

    assert (today.start, today.end) == (at(start), at(end))


@given(MOMENTS, ZONES)
def test_a_moment_lies_in_its_own_day(now, zone):
    today = Today(now, zone)

    assert today.start <= now < today.end < today.horizon
    assert today.week <= today.start


@pytest.mark.parametrize(
    "zone, now, due, tomorrow, next_week",
    [
        # A Saturday; it was due at nine by her clock, and stays at nine.
        (PARIS, "2026-03-28T10:00Z", "2026-03-27T08:00Z", "2026-03-29T07:00Z", "2026-03-30T07:00Z"),
        (
            NEW_YORK, "2026-10-31T10:00Z", "2026-10-30T13:00Z", "2026-11-01T14:00Z",
            "2026-11-02T14:00Z",
        ),
        # The days are what they are called, whatever day it is due on.
        (PARIS, "2026-06-15T10:00Z", "2026-06-18T08:00Z", "2026-06-16T08:00Z", "2026-06-22T08:00Z"),
    ],
)  # fmt: skip
def test_what_is_put_off_keeps_its_time_by_her_clock(zone, now, due, tomorrow, next_week):
    today = Today(at(now), zone)

    assert today.tomorrow(at(due)) == at(tomorrow)
    assert today.next_week(at(due)) == at(next_week)


@given(MOMENTS, MOMENTS, ZONES)
def test_what_is_put_off_is_ahead(now, due, zone):
    today = Today(now, zone)

    assert today.tomorrow(due) >= today.end
    assert today.day_of(today.next_week(due)).weekday() == 0


@pytest.mark.parametrize(
    "now, due",
    [
        ("2026-06-15T04:59Z", None),
        ("2026-06-15T05:00Z", date(2026, 6, 15)),
        ("2026-06-15T07:59Z", date(2026, 6, 15)),
        ("2026-06-15T08:00Z", None),
    ],
)
def test_a_digest_comes_in_the_morning_or_not_at_all(now, due):
    assert digest_due(at(now), PARIS, 7, date(2026, 6, 14)) == due


@pytest.mark.parametrize("settled", [date(2026, 6, 15), date(2026, 6, 16)])
def test_a_day_that_is_settled_has_no_digest(settled):
    assert digest_due(at("2026-06-15T05:00Z"), PARIS, 7, settled) is None


@given(MOMENTS, ZONES, st.integers(0, 20))
def test_each_day_has_one_digest_whenever_one_looks(start, zone, hour):
    settled, sent = None, []
    for step in range(0, 72 * 60, 20):
        due = digest_due(start + timedelta(minutes=step), zone, hour, settled)
        if due is not None:
            sent.append(due)
            settled = due

    whole = {(start + timedelta(days=days)).astimezone(zone).date() for days in (1, 2)}
    assert len(set(sent)) == len(sent)
    # Only on the edges of what was looked at may one be missing (Apia has changed its day once).
    assert len(sent) >= len(whole)


def test_nobody_waits_longer_than_a_morning():
    assert timedelta(0) < PATIENCE < timedelta(hours=12)


@pytest.mark.parametrize("name", [None, "", "Mars/Olympus", "../etc/passwd"])
def test_a_zone_that_there_is_not_is_utc(name):
    assert str(zone_named(name)) == "UTC"
