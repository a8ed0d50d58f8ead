"""Periods are counted from days that are passed in."""

from datetime import date

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
