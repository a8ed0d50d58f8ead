"""The grid's modes as pages, files and transactions: the same figures everywhere."""

import csv
import io
import re
from decimal import Decimal
from html import unescape

import duckdb
import pytest

from crmapp.config import ROOT
from tests.support.tables import Table
from tests.support.web import htmx

pytestmark = pytest.mark.usefixtures("sales")
CUSTOMERS = "/analytics/sales/customers"
RAW = str(ROOT / "datasets" / "vehicle_sales.parquet")
MODES = {
    "months": "?",
    "moving": "?mode=moving",
    "summary": "?mode=summary&period=quarter",
    "total": "?period=total",
    "variance": "?mode=variance&period=2025-02-11..2026-05-06&against=just_before",
    "share": "?mode=share&period=ytd",
    "matrix": "?mode=matrix&across=lines&top=5",
}


def opened(client, url, **more):
    response = client.get(url, **more)
    assert response.status_code == 200, response.text
    return response.text


def amount(text):
    return Decimal(text.replace(",", "").replace("\N{MINUS SIGN}", "-"))


def raw(sql):
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE sold AS SELECT *, sales::DECIMAL(12, 2) AS amount,"
            " (order_date::DATE + to_months(257))::DATE AS day FROM read_parquet(?)",
            [RAW],
        )
        return connection.execute(sql).fetchall()


# --- pages ----------------------------------------------------------------------------------------


def test_a_matrix_has_the_largest_as_columns_and_totals_both_ways(alice):
    table = Table.of(opened(alice, CUSTOMERS + MODES["matrix"]))

    expected = raw(
        "SELECT product_line, round(sum(amount)) FROM sold"
        " WHERE day BETWEEN '2025-11-01' AND '2026-10-31' GROUP BY 1 ORDER BY sum(amount) DESC"
    )
    largest = [name for name, _ in expected[:5]]
    assert table.heads[1] == ["Total", *largest, "Others"]
    assert [amount(table.total(name)) for name in largest] == [each for _, each in expected[:5]]
    others = sum(each for _, each in expected[5:])
    assert abs(amount(table.total("Others")) - others) <= 2
    first = [amount(text) for text in table.rows[0][-7:] if text != "–"]
    assert abs(first[0] - sum(first[1:])) <= 3


def test_an_average_is_computed_anew_in_both_totals_of_a_matrix(alice):
    url = f"{CUSTOMERS}?mode=matrix&across=lines&top=5&measures=average_price&period=total"

    table = Table.of(opened(alice, url))

    averages = dict(
        raw(
            "SELECT coalesce(product_line, 'Total'), round(sum(amount) / sum(quantity_ordered), 2)"
            " FROM sold GROUP BY ROLLUP (product_line)"
        )
    )
    shown = [name for name in table.heads[1] if name != "Others"]
    assert len(shown) == 6
    assert [table.total(name) for name in shown] == [f"{averages[name]:.2f}" for name in shown]


def test_shares_add_up_and_are_of_the_whole_when_one_searches(alice):
    whole = Table.of(opened(alice, f"{CUSTOMERS}?mode=share&size=200"))
    found = Table.of(opened(alice, f"{CUSTOMERS}?mode=share&q=euro+shopping"))

    assert whole.column("Cumulative share")[-1] == "100.0%"
    assert whole.total("Share") == "100.0%"
    classes = whole.column("Class")
    assert classes == sorted(classes)
    assert set(classes) == {"A", "B", "C"}
    assert found.rows[0] == whole.rows[0]
    assert found.total("Share") == found.column("Share")[0] == "10.9%"


def test_a_variance_is_sorted_by_the_difference_of_any_two_periods(alice):
    page = opened(alice, CUSTOMERS + MODES["variance"])

    differences = [amount(text) for text in Table.of(page).column("Variance")]
    assert differences == sorted(differences, reverse=True)
    assert "Feb 11, 2025 to May 6, 2026 stands against Nov 19, 2023 to Feb 10, 2025." in page


def test_each_rolling_year_ends_with_its_month(alice):
    table = Table.of(opened(alice, f"{CUSTOMERS}?mode=moving"))

    assert table.heads[1][:2] == ["to Oct 2026", "to Sep 2026"]
    ((value,),) = raw(
        "SELECT round(sum(amount)) FROM sold WHERE day BETWEEN '2025-10-01' AND '2026-09-30'"
    )
    assert amount(table.total("to Sep 2026")) == value


def test_the_year_to_date_has_a_column_for_each_of_its_months(alice):
    table = Table.of(opened(alice, f"{CUSTOMERS}?mode=months&period=ytd"))

    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct"]
    assert table.heads[1] == ["Total", *(f"{name} 2026" for name in months)]


def test_two_days_of_a_form_become_one_address(alice):
    form = re.search(r'id="grid-period-days">(.*?)</form>', opened(alice, CUSTOMERS), re.DOTALL)
    assert '<input type="hidden" name="mode" value="months">' in form[1]

    tidied = alice.get(f"{CUSTOMERS}?mode=share&from=2026-01-05&to=2026-03-31&q=")

    assert tidied.status_code == 303
    assert "period=2026-01-05..2026-03-31&mode=share" in unescape(tidied.headers["Location"])
    assert "Jan 5, 2026 – Mar 31, 2026" in opened(alice, tidied.headers["Location"])


@pytest.mark.parametrize("days", ["from=2026-03-31&to=2026-01-05", "from=2026-01-05", "to=x&from="])
def test_days_that_are_no_period_are_refused(alice, days):
    refused = alice.get(f"{CUSTOMERS}?{days}")

    assert refused.status_code == 422
    assert "period needs two days, the earlier one first" in refused.text


@pytest.mark.parametrize("mode", MODES)
def test_every_link_of_every_menu_leads_somewhere(alice, mode):
    page = opened(alice, CUSTOMERS + MODES[mode])

    links = re.findall(r'<a class="menu-item(?: tall)?" href="([^"]+)" hx-get', page)
    assert len(links) > 15
    for link in links:
        assert alice.get(unescape(link), headers=htmx()).status_code == 200


def test_the_way_into_another_dimension_keeps_the_mode(alice):
    selection = alice.post(f"{CUSTOMERS}/selection{MODES['matrix']}", data={"key": ["C034"]})
    url = unescape(selection.headers["Location"]).replace("/customers?", "/customers/selection?")

    focused = alice.post(url, data={"act": "focus", "into": "lines"}).headers["Location"]

    table = Table.of(opened(alice, focused))
    assert "mode=matrix&across=customers" in unescape(focused)
    assert table.heads[1] == ["Total", "Euro Shopping Channel"]
    assert table.column("Total") == table.column("Euro Shopping Channel")


# --- what stands behind, and files ----------------------------------------------------------------


@pytest.mark.parametrize("mode", ["months", "moving", "summary", "total", "variance", "matrix"])
def test_a_number_of_every_mode_has_its_transactions(alice, mode):
    page = opened(alice, f"{CUSTOMERS}{MODES[mode]}&measures=value&size=25")
    columns = [text for text in Table.of(page).heads[-1] if "ariance" not in text]

    behind = re.findall(
        r'<a href="([^"]+transactions[^"]+)"[^>]*>(?:<svg.*?</svg>)?([^<]+)</a></td>', page
    )

    kept = [
        (unescape(href), text)
        for href, text in behind
        if not re.search(r"of=value\.(variance|percent)", href)
    ]
    assert len({re.search(r"of=value\.\w+", href)[0] for href, _ in kept}) == len(
        columns if mode != "total" else ["value"]
    )
    for href, text in kept[::17]:
        total = Table.of(opened(alice, href)).totals[0][4]
        assert round(amount(total)) == round(amount(text))


def test_behind_a_share_stand_the_transactions_of_its_entity(alice):
    page = opened(alice, CUSTOMERS + MODES["share"])
    href = unescape(re.search(r'href="([^"]+of=value\.share&amp;key=C034)"', page)[1])

    total = Table.of(opened(alice, href)).totals[0][4]

    assert round(amount(total)) == amount(Table.of(page).rows[0][-4])


@pytest.mark.parametrize("args", ["mode=matrix&across=lines&of=value.other",
                                  "mode=months&period=ytd&of=value.m11"])  # fmt: skip
def test_a_column_that_is_not_there_now_has_no_transactions(alice, args):
    refused = alice.get(f"{CUSTOMERS}/transactions?{args}")

    assert refused.status_code == 422
    assert "is none of those that can be used: value." in refused.text


def test_behind_rows_without_figures_stands_nothing(alice):
    page = opened(alice, f"{CUSTOMERS}?activity=without")

    assert "Transactions behind the total" not in page
    url = f"{CUSTOMERS}/transactions?activity=without&of=value.total"
    assert "No transaction stands behind this number" in opened(alice, url)


@pytest.mark.parametrize("mode", MODES)
def test_a_file_is_what_is_shown(alice, mode):
    page = Table.of(opened(alice, f"{CUSTOMERS}{MODES[mode]}&size=200"))

    response = alice.get(CUSTOMERS + ".csv" + MODES[mode])
    header, *lines, total = csv.reader(io.StringIO(response.text.removeprefix("\ufeff")))

    width = len(page.rows[0]) - 5
    assert [line[:4] for line in lines] == [row[1:5] for row in page.rows]
    for line, row in zip([*lines, total], [*page.rows, page.totals[0]], strict=True):
        for text, shown in zip(line[-width:], row[-width:], strict=True):
            assert same(text, shown)
    heads = page.heads[-1][-width:]
    assert [name.rpartition(" – ")[2] for name in header[-width:]] == [
        name.rpartition(" – ")[2] for name in heads
    ]


def same(text, shown):
    """Whether a file's cell and a page's say the same, but for rounding."""
    if text in ("", "A", "B", "C"):
        return shown == (text or "–")
    if shown.endswith("%"):
        return abs(Decimal(text) * 100 - amount(shown[:-1])) <= Decimal("0.051")
    return abs(Decimal(text) - amount(shown)) <= Decimal("0.5")
