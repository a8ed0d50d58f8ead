"""The transactions behind a number: they add up to it, for whoever may see them."""

import re
from html import unescape

import pytest

from crmapp.config import ROOT
from tests.support import duck
from tests.support.tables import Table
from tests.support.web import htmx

pytestmark = pytest.mark.usefixtures("sales")
CUSTOMERS = "/analytics/sales/customers"
TRANSACTIONS = CUSTOMERS + "/transactions"
RAW = str(ROOT / "datasets" / "vehicle_sales.parquet")


def links(page):
    """The addresses of numbers, in the order of the page."""
    return [unescape(href) for href in re.findall(rf'href="({TRANSACTIONS}\?[^"]+)"', page)]


def amount(text):
    return float(text.replace(",", ""))


def test_every_number_of_a_grid_leads_to_transactions_that_add_up_to_it(alice):
    page = alice.get(CUSTOMERS + "?size=25").text
    shown = Table.of(page)
    numbers = [text for row in [*shown.totals, *shown.rows] for text in row[-13:] if text != "–"]
    numbers[1:13] = []  # of the totals, the first has a link: in the menu above the table

    found = links(page)

    assert len(found) == len(numbers)
    for href, number in list(zip(found, numbers, strict=True))[::40]:
        behind = Table.of(alice.get(href).text)
        assert round(amount(behind.totals[0][4])) == round(amount(number))


def test_transactions_are_those_of_the_raw_table(alice):
    page = alice.get(TRANSACTIONS + "?of=value.m12&key=C034&size=200").text

    expected = duck.ask(
        "SELECT order_number::VARCHAR, order_line_number::VARCHAR, product_code,"
        " sales::DECIMAL(12, 2)::DOUBLE"
        " FROM read_parquet(?) WHERE customer_name = 'Euro Shopping Channel'"
        " AND order_date + to_months(257) BETWEEN '2026-10-01' AND '2026-10-31'",
        [RAW],
    )
    rows = [(row[1], row[2], row[9].split()[-1], amount(row[4])) for row in Table.of(page).rows]
    assert sorted(rows) == sorted(expected)
    assert "<h1>Euro Shopping Channel</h1>" in page


def test_transactions_come_newest_first_and_in_pages(alice):
    first = Table.of(alice.get(TRANSACTIONS + "?of=value.total&key=C034&size=25").text)
    second = Table.of(alice.get(TRANSACTIONS + "?of=value.total&key=C034&size=25&page=2").text)

    days = [row[0] for row in first.rows + second.rows]
    assert len(days) == len(first.rows) + len(second.rows) > 25
    assert first.totals == second.totals
    assert not set(map(tuple, first.rows)) & set(map(tuple, second.rows))


def test_a_variance_has_the_transactions_of_both_years(alice):
    def count(of):
        page = alice.get(f"{TRANSACTIONS}?period=ytd&of=value.{of}&key=C034").text
        return int(re.search(r"([\d,]+) transactions", page)[1].replace(",", ""))

    assert count("variance") == count("current") + count("previous")


def test_a_rep_gets_the_transactions_of_her_own_customers_only(make, as_user):
    account = make.account("Euro Shopping Channel", owner_id=make.bob.id)
    make.customer(account, "C034")
    bob = as_user(make.bob)

    own, others, total = (
        bob.get(f"{TRANSACTIONS}?of=value.total{key}").text
        for key in ("&key=C034", "&key=C056", "")
    )

    assert "Euro Shopping Channel" in own
    assert "No transaction stands behind this number" in others
    assert Table.of(total).totals == Table.of(own).totals


@pytest.mark.parametrize(
    "args", ["of=nothing", "of=value.m13&key=C034", "key=C034", "of=value.m1&focus.customers=99999"]
)
def test_a_number_that_is_not_there_is_refused(alice, args):
    assert alice.get(f"{TRANSACTIONS}?{args}").status_code in (404, 422)


def test_facts_without_a_key_have_their_label(alice):
    page = alice.get("/analytics/sales/territories/transactions?of=value.total&key=(none)").text

    assert "<h1>(none)</h1>" in page


def test_the_other_numbers_of_the_row_are_in_a_menu(alice):
    page = alice.get(TRANSACTIONS + "?of=value.m12&key=C034", headers=htmx()).text

    assert page.count("hx-get") == 13
    assert 'aria-current="true">Value (USD) – Oct 2026' in page


def test_a_number_narrowed_down_to_accounts_stays_so_on_every_page(alice):
    address = "/analytics/sales/lines/transactions?mode=total&of=value.total&key=Classic Cars"
    page = alice.get(f"{address}&account=C034&size=25").text

    assert "<h1>Classic Cars · Euro Shopping Channel</h1>" in page
    onward = re.findall(r'href="([^"]*transactions[^"]*)"', page)
    assert onward
    assert all("account=C034" in each for each in onward)


def test_a_rep_does_not_get_others_transactions_by_naming_their_account(make, as_user):
    make.customer(make.account("Euro Shopping Channel", owner_id=make.bob.id), "C034")
    bob = as_user(make.bob)
    address = "/analytics/sales/lines/transactions?mode=total&of=value.total&key=Classic Cars"

    own, others = (bob.get(f"{address}&account={key}").text for key in ("C034", "C056"))

    assert "Euro Shopping Channel" in own
    assert "No transaction stands behind this number" in others
