"""The Sales tab: each figure leads to the transactions that add up to it."""

import re
from html import unescape

import pytest

from crmapp.domain import permissions
from crmapp.domain.permissions import Right, Role
from tests.support.shop import bought, lay_out_shop
from tests.support.snapshots import lay_out_sales
from tests.support.tables import Table


@pytest.fixture
def _sales(settings):
    lay_out_sales(settings)


def linked(page):
    """Return (address, figure) of the figures that lead to transactions."""
    found = re.findall(r'<a href="(/analytics/[^"]*transactions[^"]*)">([^<]+)</a>', page)
    return [(unescape(href), text) for href, text in found]


def amount(text):
    return float(text.replace(",", ""))


@pytest.fixture
def tab(make, as_user, settings):
    """Return a function from the lines of customer A to the Sales tab of its account."""

    def shown(*lines, **options):
        lay_out_shop(settings, *lines, **options)
        account = make.account()
        make.customer(account, "A")
        return as_user(make.carol).get(f"/accounts/{account.id}/sales").text

    return shown


@pytest.mark.usefixtures("_sales")
@pytest.mark.parametrize("keys", [["C034"], ["C034", "C045"]])
def test_each_figure_leads_to_the_transactions_that_add_up_to_it(make, as_user, keys):
    account = make.account(owner_id=make.bob.id)
    for key in keys:
        make.customer(account, key)
    client = as_user(make.bob)

    figures = linked(client.get(f"/accounts/{account.id}/sales").text)
    sums = [(href, text) for href, text in figures if re.search(r"of=value\.(m\d+|total)", href)]

    assert len(sums) >= 9
    for href, text in sums[::4]:
        if not re.fullmatch(r"[\d,.]+", text):
            continue
        behind = Table.of(client.get(href).text)
        assert round(amount(behind.totals[0][4])) == round(amount(text))


@pytest.mark.usefixtures("_sales")
def test_the_rhythm_stands_above_the_months(make, as_user):
    account = make.account()
    make.customer(account, "C034")

    text = as_user(make.carol).get(f"/accounts/{account.id}/sales").text

    assert "Oct 31, 2026" in text
    assert re.search(r"\d+ days?</b> <span>Usual time between orders", text)
    assert text.count('class="bar-column') == 12


@pytest.mark.usefixtures("_sales")
def test_no_two_months_of_the_chart_are_called_the_same(make, as_user):
    account = make.account()
    make.customer(account, "C034")

    text = as_user(make.user("marie", locale="fr")).get(f"/accounts/{account.id}/sales").text

    months = re.findall(r'text-anchor="middle">([^<]+)</text>', text)
    assert len(set(months)) == 12


@pytest.mark.usefixtures("_sales")
def test_who_may_not_open_the_grid_gets_no_links_into_it(make, as_user, monkeypatch):
    rights = permissions.GRANTS[Role.VIEWER] - {Right.GRID_VIEW}
    monkeypatch.setitem(permissions.GRANTS, Role.VIEWER, rights)
    account = make.account()
    make.customer(account, "C034")

    text = as_user(make.carol).get(f"/accounts/{account.id}/sales").text

    assert "Usual time between orders" in text
    assert "/analytics" not in text.partition("<main")[2]


def test_a_database_that_is_not_loaded_says_so_on_the_tab(make, as_user):
    account = make.account()
    make.customer(account, "C034")

    answer = as_user(make.carol).get(f"/accounts/{account.id}/sales")

    assert answer.status_code == 200
    assert "has not been loaded yet" in answer.text


@pytest.mark.usefixtures("_sales")
@pytest.mark.parametrize("keys", [["C032"], ["C032", "C080"]])
def test_what_was_lost_leads_to_the_transactions_of_the_account_alone(make, as_user, keys):
    account = make.account(owner_id=make.bob.id)
    for key in keys:
        make.customer(account, key)
    client = as_user(make.bob)

    page = client.get(f"/accounts/{account.id}/sales").text

    lost = [(href, text) for href, text in linked(page) if "account=" in href]
    assert len(lost) >= 4
    for href, text in lost:
        behind = Table.of(client.get(href).text)
        assert amount(behind.totals[0][4]) == amount(text)
    assert "Lost: Product lines" in page
    assert keys != ["C032"] or lost[0][1] == "64,603.44"


def test_an_account_that_orders_as_ever_has_lost_nothing(tab):
    page = tab(*bought("A", "Paper", "9.00", ["2025-08-01", "2026-02-01", "2026-08-01"]))

    assert "Nothing is lost and nothing shrinks." in page
    assert "Next order overdue by" not in page


def test_how_late_the_next_order_is_stands_with_how_it_is_computed(tab):
    page = tab(*bought("A", "Paper", "9.00", ["2026-07-01", "2026-08-01", "2026-09-01"]))

    assert re.search(r"<b>51 days</b> <span>Next order overdue by", page)  # 82 days, 31 are usual
    assert "The next order is overdue by the days beyond it" in page


def test_too_few_orders_make_no_rhythm_and_say_so(tab):
    page = tab(*bought("A", "Paper", "9.00", ["2025-07-01"]))

    assert "too few orders for a rhythm" in page
    assert "Usual time between orders:" not in page
    assert "Value (EUR)" in page


def test_what_came_back_since_is_marked_as_below_zero(tab):
    page = tab("2025-07-01,A,Paper,9.00", "2026-07-01,A,Paper,-5.00")

    assert re.search(r'<td class="num neg"><a href="[^"]*account=A[^"]*">-5.00</a></td>', page)


def test_a_database_that_does_not_say_what_accounts_buy_has_no_such_card(tab):
    page = tab("2025-07-01,A,Paper,9.00", categories=False)

    assert "Last order" in page
    assert "Lost" not in page
