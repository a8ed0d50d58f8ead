"""The grid's pages: who may open them, what they show, where their links lead."""

import re
from decimal import Decimal
from html import unescape

import duckdb
import pytest

from crmapp.config import ROOT
from crmapp.services import datasets
from tests.analytics.conftest import SHOP, SOLD
from tests.support.snapshots import REFRESHED
from tests.support.tables import Table
from tests.support.web import htmx

pytestmark = pytest.mark.usefixtures("sales")
CUSTOMERS = "/analytics/sales/customers"
RAW = str(ROOT / "datasets" / "vehicle_sales.parquet")
SOLD_LATELY = """
CREATE TABLE sold AS SELECT *, sales::DECIMAL(12, 2) AS amount,
(order_date::DATE + to_months(257))::DATE AS day FROM read_parquet(?);
CREATE VIEW lately AS SELECT * FROM sold WHERE day BETWEEN '2025-11-01' AND '2026-10-31'
"""
PEOPLE = ("alice", "bob", "carol")
PAGES = ("/analytics", CUSTOMERS, "/analytics/sales/products?period=ytd")


@pytest.fixture
def bob(make, as_user):
    """A rep who sees the customer C034 and nobody else's."""
    account = make.account("Euro Shopping Channel", owner_id=make.bob.id)
    make.customer(account, "C034")
    return as_user(make.bob)


@pytest.fixture
def shop(tmp_path, monkeypatch, settings):
    """Return a function that loads a small database from the lines of its table."""
    monkeypatch.setattr(type(settings), "datasets_dir", tmp_path)
    (tmp_path / "shop.yml").write_text(SHOP, encoding="utf-8")

    def load(lines):
        (tmp_path / "sold.csv").write_text(lines, encoding="utf-8")
        datasets.refresh("shop", lambda: REFRESHED)

    return load


def raw(sql):
    """Ask the raw table, by hand: the one line of an answer."""
    with duckdb.connect() as connection:
        for statement in SOLD_LATELY.split(";"):
            connection.execute(statement, [RAW] if "?" in statement else [])
        return connection.execute(sql).fetchone()


def opened(client, url=CUSTOMERS, **more):
    response = client.get(url, **more)
    assert response.status_code == 200, response.text
    return response.text


# --- who ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("person", PEOPLE)
def test_who_may_see_the_grid_opens_it(make, as_user, person, page):
    client = as_user(getattr(make, person))

    assert client.get(page).status_code == 200
    assert client.get(page, headers=htmx()).status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_a_visitor_signs_in_first(client, page):
    assert client.get(page).headers["Location"].startswith("/login?next=")
    assert client.get(page, headers=htmx()).headers["HX-Redirect"].startswith("/login?next=")
    assert client.post(f"{CUSTOMERS}/selection").headers["Location"].startswith("/login")


@pytest.mark.parametrize("page", PAGES)
def test_who_lacks_the_right_is_told_which(make, as_user, page):
    guest = as_user(make.user("guest", role="guest"))

    refused = guest.get(page)

    assert refused.status_code == 403
    assert "grid.view" in refused.text


def test_a_part_of_the_page_is_the_sheet_alone(alice):
    part = opened(alice, headers=htmx())

    assert part.startswith('<div id="grid-sheet"')
    assert "<html" not in part


def test_a_rep_sees_the_figures_of_her_customers(bob):
    table = Table.of(opened(bob))

    assert [row[1:3] for row in table.rows] == [["C034", "Euro Shopping Channel"]]
    assert table.total("Total") == "567,256"


def test_a_rep_without_customers_is_told_why_she_sees_nothing(make, as_user):
    page = opened(as_user(make.bob))

    assert "None of the accounts that are open to you has figures here." in page


# --- what -----------------------------------------------------------------------------------------


def test_the_databases_are_listed_with_their_dimensions(alice):
    page = opened(alice, "/analytics")

    for dimension in ("customers", "products", "lines", "countries", "territories"):
        assert f'href="/analytics/sales/{dimension}"' in page


def test_a_database_opens_with_its_first_dimension(alice):
    assert alice.get("/analytics/sales").headers["Location"] == CUSTOMERS


def test_the_active_dimension_is_marked_for_those_who_do_not_see_colour(alice):
    page = opened(alice)

    assert re.findall(r'class="btn primary"[^>]*aria-current="page">([^<]+)<', page) == [
        "Customers"
    ]


def test_totals_are_of_everything_that_matches_not_of_the_page(alice):
    total, last_month = raw(
        "SELECT round(sum(amount)), round(sum(amount) FILTER (WHERE month(day) = 10)) FROM lately"
    )

    table = Table.of(opened(alice, f"{CUSTOMERS}?size=25"))

    assert len(table.rows) == 25
    assert Decimal(table.total("Total").replace(",", "")) == total
    assert Decimal(table.total("Oct 2026").replace(",", "")) == last_month


def test_an_average_is_computed_anew_in_the_total(alice):
    (average,) = raw("SELECT round(sum(amount) / sum(quantity_ordered), 2) FROM sold")

    table = Table.of(opened(alice, f"{CUSTOMERS}?period=total"))

    assert table.total("Average price (USD)") == f"{average:.2f}"


def test_a_measure_has_a_column_per_month_and_its_total_in_sight(alice):
    heads = Table.of(opened(alice)).heads

    assert heads[0][-1] == "Value (USD)"
    assert heads[1][:2] == ["Total", "Nov 2025"]
    assert heads[1][-1] == "Oct 2026"


def test_year_to_date_stands_against_last_year(alice):
    page = opened(alice, f"{CUSTOMERS}?period=ytd&measures=value,quantity")

    table = Table.of(page)
    assert table.heads[1] == 2 * ["Year to date", "Last year to date", "Variance", "% variance"]
    assert "Year to date is Jan 1, 2026 to Oct 31, 2026" in unescape(page)


def test_what_is_less_is_red_and_has_a_minus_sign(alice):
    page = opened(alice, f"{CUSTOMERS}?period=ytd&sort=value.variance")

    assert Table.of(page).rows[0][-2].startswith("\N{MINUS SIGN}")
    assert re.search(r'<td class="num neg"><a [^>]+>\N{MINUS SIGN}[\d,]+</a></td>', page)


def test_numbers_are_written_in_the_readers_language(make, as_user):
    french = as_user(make.user("fleur", role="viewer", locale="fr"))

    table = Table.of(opened(french))

    assert table.totals[0][-13] == "5\u202f202\u202f332"
    assert table.heads[0][1:3] == ["Code", "Nom"]


def test_properties_are_those_that_were_chosen(alice):
    table = Table.of(opened(alice, f"{CUSTOMERS}?properties=name,phone&q=Euro+Shopping"))

    assert table.heads[0][1:3] == ["Name", "Phone"]
    assert table.rows[0][1:3] == ["Euro Shopping Channel", "(91) 555 94 44"]


def test_facts_without_a_key_have_a_row_of_their_own(alice):
    names = [row[1] for row in Table.of(opened(alice, "/analytics/sales/territories")).rows]

    assert "(none)" in names


def test_a_property_with_several_values_is_marked_and_explained(alice, shop):
    shop(SOLD)

    page = opened(alice, "/analytics/shop/buyers?period=total")

    assert re.search(r">Ann &amp; Co<abbr title=[^>]+>\*</abbr>", page)
    assert "* There are several values; the latest by date is shown." in page


def test_the_notes_say_how_old_the_figures_are(alice):
    page = opened(alice)

    assert "Loaded on Nov 22, 2026, with figures to Oct 31, 2026." in page
    assert "All dates are moved by whole months" in page


def test_a_property_that_is_a_list_is_written_as_it_is(alice, shop, settings):
    sold = settings.datasets_dir / "sold.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT DATE '2026-10-03' AS day, 'a1' AS code, 'Ann' AS name, 'North' AS region,"
            f" ['1', '2'] AS phone, 1 AS ticket, 10.1 AS amount, 1 AS pieces) TO '{sold}'"
        )
    (settings.datasets_dir / "shop.yml").write_text(SHOP.replace("sold.csv", sold.name))
    shop("")

    assert "[&#39;1&#39;, &#39;2&#39;]" in opened(alice, "/analytics/shop/buyers")


# --- sort, search, pages --------------------------------------------------------------------------


def test_every_head_sorts_and_says_so(alice):
    page = opened(alice, f"{CUSTOMERS}?sort=name")

    names = [row[2] for row in Table.of(page).rows]
    assert names == sorted(names, key=str.casefold)
    assert page.count("aria-sort") == 1
    assert re.search(r'aria-sort="ascending"><a id="grid-sort-name" href="[^"]*sort=-name"', page)
    assert len(set(re.findall(r'id="(grid-sort-[^"]+)"', page))) == 17


def test_a_search_narrows_rows_and_totals(alice):
    table = Table.of(opened(alice, f"{CUSTOMERS}?q=gift"))

    (total,) = raw("SELECT round(sum(amount)) FROM lately WHERE customer_name ILIKE '%gift%'")
    assert all("gift" in " ".join(row).lower() for row in table.rows)
    assert Decimal(table.total("Total").replace(",", "")) == total


def test_the_pager_leads_through_all_rows_once(alice):
    url, codes = f"{CUSTOMERS}?size=25", []
    while url:
        page = opened(alice, url)
        codes += [row[1] for row in Table.of(page).rows]
        following = re.search(r'href="([^"]+)" aria-label="Next page"', page)
        url = unescape(following[1]) if following else ""

    assert len(codes) == len(set(codes)) == 80


def test_a_page_behind_the_end_is_the_last_one_and_says_so(alice):
    page = opened(alice, f"{CUSTOMERS}?page=99")

    assert "There is only this page." in opened(alice, f"{CUSTOMERS}?page=99&q=C034")
    assert "There are 2 pages; this is the last." in page
    assert "51–80 of 80" in page


def test_what_a_form_sends_becomes_one_address_per_state(alice):
    untidy = f"{CUSTOMERS}?q=&period=ytd&measures=quantity&measures=value"

    tidied = alice.get(untidy)

    assert tidied.status_code == 303
    assert alice.get(tidied.headers["Location"]).status_code == 200
    pushed = alice.get(untidy, headers=htmx()).headers["HX-Push-Url"]
    assert pushed == tidied.headers["Location"]
    assert "measures=quantity,value" in pushed


def test_a_change_of_period_forgets_a_sort_that_is_gone(alice):
    page = opened(alice, f"{CUSTOMERS}?sort=-value.m3")

    links = re.findall(r'<a class="menu-item" href="([^"]+)"', page)
    assert links
    for link in links:
        assert alice.get(unescape(link)).status_code == 200


def test_nothing_found_says_what_to_take_away(alice):
    page = opened(alice, f"{CUSTOMERS}?q=xyzzy")

    assert "Nothing matches “\u2068xyzzy\u2069” here." in page
    assert re.search(r'href="[^"]*"[^>]*><span>Clear the search</span>', page)


# --- not ready ------------------------------------------------------------------------------------


def test_a_database_that_is_not_loaded_says_what_to_do(alice, settings):
    (settings.snapshots_dir / "sales" / "current").unlink()

    for page in ("/analytics", "/analytics/sales", CUSTOMERS):
        assert "crmapp datasets refresh sales" in alice.get(page).text


def test_a_mistake_in_the_file_is_told_to_those_who_can_mend_it(
    alice, make, as_user, shop, tmp_path
):
    shop(SOLD)
    (tmp_path / "shop.yml").write_text("name: shop\n")

    assert "shop.yml:1" in opened(alice, "/analytics")
    assert "shop.yml:1" not in opened(as_user(make.carol), "/analytics")
    assert opened(alice, "/analytics/shop/buyers")
