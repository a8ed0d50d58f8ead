"""What an account bought before and no longer buys, and what that was worth."""

from decimal import Decimal

import pytest

from crmapp.services import account_sales
from tests.support.shop import bought, lay_out_shop

MONTHLY_2025 = [f"2025-{month:02}-10" for month in range(1, 13)]
THIS_YEAR = [f"2026-{month:02}-10" for month in range(1, 12)]


@pytest.fixture
def figures(make, settings):
    """Return a function from lines that customer A bought to the figures of its account."""

    def of(*lines, keys=("A",), **options):
        lay_out_shop(settings, *lines, **options)
        account = make.account()
        for key in keys:
            make.customer(account, key)
        (found,), problems = account_sales.of(account.id, by=make.mona)
        assert problems == []
        return found

    return of


def said(figures):
    """Return what is said of the categories: lost or shrinking, and what they were worth."""
    return [
        (each.key, "lost" if each.lost else "shrinking" if each.shrinking else "", each.before)
        for each in figures.categories
    ]


def test_what_was_bought_monthly_and_then_not_for_months_is_lost(figures):
    found = figures(*bought("A", "Paper", "10.00", [*MONTHLY_2025, *THIS_YEAR[:7]]))

    assert said(found) == [("Paper", "lost", Decimal("100.00"))]
    assert found.categories[0].now == Decimal("90.00")


def test_what_is_bought_once_a_year_is_not_lost_in_between(figures):
    once_a_year = ["2024-03-01", "2025-03-01", "2026-03-01"]

    found = figures(*bought("A", "Paper", "10.00", once_a_year))

    assert said(found) == [("Paper", "", Decimal("10.00"))]


def test_what_was_worth_most_comes_first(figures):
    found = figures(
        *bought("A", "Ink", "5.00", ["2025-02-01"]),
        *bought("A", "Paper", "90.00", ["2025-02-01"]),
        *bought("A", "Pens", "20.00", ["2025-02-01"]),
    )

    assert [each.key for each in found.categories] == ["Paper", "Pens", "Ink"]
    assert all(each.lost for each in found.categories)


def test_what_is_less_than_half_of_the_year_before_shrinks(figures):
    found = figures(
        *bought("A", "Ink", "10.00", [*MONTHLY_2025, *THIS_YEAR]),
        *bought("A", "Paper", "10.00", MONTHLY_2025),
        *bought("A", "Paper", "2.00", THIS_YEAR),
    )

    assert [(key, word) for key, word, _ in said(found)] == [("Ink", ""), ("Paper", "shrinking")]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        bought("A", "Paper", "10.00", ["2026-05-01"]),
        bought("A", "Paper", "10.00", ["2024-10-31"]),
        bought("A", "Paper", "-10.00", ["2025-02-01", "2025-03-01"]),
        ["2025-02-01,A,Paper,10.00", "2025-03-01,A,Paper,-10.00"],
        ["2025-02-01,A,,10.00"],
    ],
    ids=[
        "nothing",
        "only lately",
        "only long ago",
        "only returns",
        "all of it sent back",
        "of no group",
    ],
)
def test_what_was_not_bought_in_the_year_before_cannot_be_lost(figures, lines):
    assert figures(*lines).categories == ()


def test_who_never_bought_has_no_last_order(figures):
    rhythm = figures().rhythm

    assert (rhythm.last, rhythm.gap, rhythm.overdue) == (None, None, 0)


def test_a_return_is_no_order(figures):
    monthly = bought("A", "Paper", "10.00", THIS_YEAR[:6])

    found = figures(*monthly, *bought("A", "Paper", "-3.00", ["2026-11-20"]))

    assert str(found.rhythm.last) == "2026-06-10"
    assert found.rhythm.overdue == 165 - 31


def test_what_goes_back_after_the_last_order_leaves_a_figure_below_zero(figures):
    found = figures(
        *bought("A", "Paper", "10.00", ["2025-02-01"]),
        *bought("A", "Paper", "-4.00", ["2026-02-01"]),
    )

    assert said(found) == [("Paper", "lost", Decimal("10.00"))]
    assert found.categories[0].now == Decimal("-4.00")


def test_what_one_customer_of_an_account_still_buys_is_not_lost(figures):
    found = figures(
        *bought("A", "Paper", "10.00", MONTHLY_2025),
        *bought("B", "Paper", "10.00", THIS_YEAR),
        keys=("A", "B"),
    )

    assert said(found) == [("Paper", "", Decimal("100.00"))]


def test_of_others_nothing_counts(figures):
    found = figures(
        *bought("A", "Paper", "10.00", ["2025-02-01"]),
        *bought("B", "Paper", "10.00", THIS_YEAR),
    )

    assert said(found) == [("Paper", "lost", Decimal("10.00"))]


def test_a_database_that_does_not_say_what_accounts_buy_has_no_categories(figures):
    found = figures(*bought("A", "Paper", "10.00", MONTHLY_2025), categories=False)

    assert found.categories == ()
    assert found.rhythm.gap == 31
