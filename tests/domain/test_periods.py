"""Periods are counted from days that are passed in."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmapp.domain import periods
from crmapp.domain.periods import Period

days = st.dates(date(1990, 1, 1), date(2090, 12, 31))


def test_rolling_months_are_the_last_twelve_full_ones():
    found = periods.rolling_months(date(2026, 11, 22))

    assert found[0] == Period("m1", date(2025, 11, 1), date(2025, 11, 30))
    assert found[-1] == Period("m12", date(2026, 10, 1), date(2026, 10, 31))


def test_the_month_of_today_is_not_full_even_on_its_last_day():
    assert periods.rolling_months(date(2026, 10, 31))[-1].end == date(2026, 9, 30)


@given(days)
def test_rolling_months_follow_each_other_without_a_gap(today):
    found = periods.rolling_months(today)

    starts = [periods.month_number(month.start) for month in found]
    assert starts == list(range(periods.month_number(today) - 12, periods.month_number(today)))
    assert all(month.end.toordinal() + 1 == after.start.toordinal()
               for month, after in zip(found, found[1:], strict=False))  # fmt: skip


def test_year_to_date_compares_with_the_same_days_of_last_year():
    current, previous = periods.year_to_date(date(2026, 10, 31))

    assert (current.start, current.end) == (date(2026, 1, 1), date(2026, 10, 31))
    assert (previous.start, previous.end) == (date(2025, 1, 1), date(2025, 10, 31))


def test_a_leap_day_is_compared_with_the_28th():
    _, previous = periods.year_to_date(date(2024, 2, 29))

    assert previous.end == date(2023, 2, 28)


@pytest.mark.parametrize(
    "ends, today, months",
    [
        (date(2005, 5, 31), date(2026, 11, 22), 257),
        (date(2005, 5, 30), date(2026, 11, 22), 258),
        (date(2026, 10, 31), date(2026, 11, 1), 0),
        (date(2026, 11, 5), date(2026, 11, 22), 0),
    ],
)
def test_data_moves_so_that_its_last_full_month_is_last_month(ends, today, months):
    assert periods.months_to_last(ends, today) == months


@given(days, st.integers(-600, 600))
def test_moving_by_months_keeps_the_day_or_takes_the_last(day, months):
    moved = periods.add_months(day, months)

    assert periods.month_number(moved) == periods.month_number(day) + months
    assert moved.day == day.day or (
        moved.day < day.day and moved == periods.month(periods.month_number(moved), "").end
    )


@pytest.mark.parametrize(
    "start, end, before, just_before",
    [
        ("2026-10-01", "2026-10-31", "2025-10-01 2025-10-31", "2026-09-01 2026-09-30"),
        ("2025-02-01", "2025-02-28", "2024-02-01 2024-02-29", "2025-01-01 2025-01-31"),
        ("2024-02-10", "2024-02-29", "2023-02-10 2023-02-28", "2024-01-21 2024-02-09"),
        ("2026-01-05", "2026-03-31", "2025-01-05 2025-03-31", "2025-10-11 2026-01-04"),
        ("2026-07-01", "2026-09-30", "2025-07-01 2025-09-30", "2026-04-01 2026-06-30"),
    ],
)
def test_a_period_has_one_a_year_before_and_one_just_before(start, end, before, just_before):
    period = Period("", date.fromisoformat(start), date.fromisoformat(end))

    found = periods.year_before(period), periods.just_before(period)

    assert [f"{one.start} {one.end}" for one in found] == [before, just_before]


@given(st.dates(date(1950, 1, 1), date(2090, 1, 1)), st.integers(0, 800))
def test_what_is_just_before_ends_the_day_before_and_is_as_long(start, days):
    period = Period("", start, start + timedelta(days=days))

    before = periods.just_before(period)

    assert before.end + timedelta(days=1) == period.start
    if not periods.is_whole_months(period):
        assert before.end - before.start == period.end - period.start


@given(st.dates(date(1950, 1, 1), date(2090, 1, 1)), st.integers(0, 800))
def test_the_months_in_a_period_are_all_its_days(start, days):
    period = Period("", start, start + timedelta(days=days))

    months = periods.months_in(period)

    assert (months[0].start, months[-1].end) == (period.start, period.end)
    assert all(a.end + timedelta(days=1) == b.start for a, b in pairwise(months))
    assert all(one.start.month == one.end.month for one in months)


def test_a_rolling_year_ends_with_its_month():
    found = periods.rolling_year(Period("", date(2024, 2, 3), date(2024, 2, 9)))

    assert (found.start, found.end) == (date(2023, 3, 1), date(2024, 2, 29))
