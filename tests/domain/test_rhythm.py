"""The order rhythm of a customer."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from crmapp.domain.rhythm import Rhythm, is_lost, rhythm

FIRST = date(2026, 1, 1)


def days(*after):
    return [FIRST + timedelta(each) for each in after]


def test_who_never_ordered_has_no_rhythm():
    assert rhythm([], FIRST) == Rhythm()


@pytest.mark.parametrize("after", [(0,), (0, 30)])
def test_a_few_orders_make_no_rhythm_but_have_a_last_one(after):
    assert rhythm(days(*after), FIRST + timedelta(400)) == Rhythm(days(*after)[-1])


def test_the_usual_gap_is_the_median_so_that_one_long_break_changes_little():
    assert rhythm(days(0, 30, 60, 90, 400), FIRST + timedelta(400)).gap == 30


def test_two_orders_on_a_day_are_one():
    assert rhythm(days(0, 0, 10, 20), FIRST + timedelta(20)).gap == 10


@pytest.mark.parametrize("today, late", [(20, 0), (30, 0), (31, 1), (75, 45)])
def test_an_order_is_overdue_once_the_usual_gap_has_passed(today, late):
    assert rhythm(days(0, 10, 20), FIRST + timedelta(today)).overdue == late


def test_the_order_of_the_days_does_not_matter():
    assert rhythm(days(20, 0, 10), FIRST + timedelta(25)) == Rhythm(days(20)[0], 10, 0)


@pytest.mark.parametrize(
    "after, silent, lost",
    [
        ((), 1000, False),
        ((0,), 365, False),
        ((0, 30), 366, True),
        ((0, 10, 20), 90, False),
        ((0, 10, 20), 91, True),
        ((0, 100, 200), 200, False),
        ((0, 100, 200), 201, True),
    ],
)
def test_something_is_lost_after_two_usual_gaps_or_a_year_if_there_is_no_rhythm(
    after, silent, lost
):
    ordered = days(*after)
    today = max(ordered, default=FIRST) + timedelta(silent)

    assert is_lost(rhythm(ordered, today), today) == lost
