"""A newcomer brings her own table of sales and works with it: from the file to accounts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crmapp.config import ROOT
from tests.browser.look import CALM, check
from tests.browser.walk import WORKED, Walk, content
from tests.browser.words import english_words
from tests.support import duck

WAYS: dict[str, tuple[dict[str, Any], str, Any]] = {
    "on a laptop": ({}, "en", content),
    "in French, without JavaScript": (
        {"locale": "fr-FR", "java_script_enabled": False},
        "fr",
        content,
    ),
}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Sales as an ERP exports them: semicolons, codes with zeros, recent dates, a broken row."""
    path = tmp_path / "export.csv"
    duck.ask(
        f"""COPY (
            SELECT order_date + INTERVAL 21 YEAR AS "Invoice date",
                LPAD(CAST(DENSE_RANK() OVER (ORDER BY customer_name) AS VARCHAR), 5, '0')
                    AS "Customer no",
                customer_name AS "Customer name", phone AS "Phone", city AS "City",
                country AS "Country", product_code AS "Product code",
                product_line AS "Product line", quantity_ordered AS "Quantity",
                CAST(sales AS DECIMAL(12, 2)) AS "Amount"
            FROM '{ROOT / "datasets" / "vehicle_sales.parquet"}'
        ) TO '{path}' (HEADER, DELIMITER ';')"""  # noqa: S608  (our own paths)
    )
    with path.open("a") as file:
        file.write("soon;00001;Nobody;;;;P;L;1;1.00\n")
    return path


@pytest.mark.parametrize("options, language, look", WAYS.values(), ids=WAYS.keys())
def test_a_newcomer_sees_her_own_sales_and_makes_accounts_of_them(
    open_as, table, options, language, look
):
    scripts = options.get("java_script_enabled", True)
    walk = Walk(open_as("alice", **options), language, scripts, look)
    title = f"Vendite {len(options)}"

    walk.goes_to("/analytics")
    walk.link("New database").click()
    sends(walk, table)
    names(walk, title)
    loads(walk)
    walk.link("Open in the grid").click()
    expect(walk.page.locator("#grid-table")).to_be_visible()
    walk.goes_to(f"{walk.page.url.partition('?')[0]}?period=total&sort=customer_no")
    walk.selects(f"0000{5 + len(options)}")
    walk.starts_adding()
    walk.previews(1)
    walk.runs(1)
    walk.waits_for_the_receipt()


def sends(walk: Walk, table: Path) -> None:
    walk.comes_to(walk.say("New database"))
    walk.page.locator("input[name=file]").set_input_files(table)
    walk.page.get_by_role("button", name=walk.say("Send and look at it")).click()
    walk.comes_to(walk.say("Columns of %(database)s", database="Export"))


def names(walk: Walk, title: str) -> None:
    for name in ("label_en", "label_fr"):
        walk.page.locator(f"#{name}").fill(title)
    walk.page.get_by_role("button", name=walk.say("Preview"), exact=True).click()
    walk.comes_to(walk.say("Preview of %(database)s", database=title))
    expect(walk.page.locator("#databases-grid")).to_contain_text("Euro Shopping Channel")
    expect(walk.page.locator("#databases-rejected")).to_contain_text("export.csv:2825")


def loads(walk: Walk) -> None:
    walk.page.get_by_role("button", name=walk.say("Create database")).click()
    walk.page.wait_for_url(re.compile(r"/runs/\d+$"))
    receipt = walk.page.locator("#runs-refresh")
    expect(receipt).to_be_visible(timeout=WORKED)
    expect(walk.number("Loaded")).to_have_text(re.compile("2.823"))
    expect(walk.number("Rejected")).to_have_text("1")
    walk.looks_around()


def test_the_pages_of_a_database_have_no_barriers_and_no_english_in_french(open_as, table, site):
    page = open_as("alice", **CALM)
    walk = Walk(page)
    walk.goes_to("/databases/new")
    page.get_by_role("button", name="Send and look at it").click()
    expect(page.get_by_role("alert")).to_be_visible()
    check(page)
    sends(walk, table)
    page.locator("#databases-reading summary").click()
    check(page)
    columns = page.url
    names(walk, "Ventas")
    check(page)
    preview = page.url
    loads(walk)
    check(page)
    run = page.url
    database = preview.replace("/preview", "")
    page.goto(database)
    check(page)
    page.goto("/admin/datasets")
    check(page)
    assert_french(open_as("alice", locale="fr-FR"), columns, preview, database, run)
    retires(page, database)


def assert_french(page: Page, *addresses: str) -> None:
    found = {}
    for address in ("/databases/new", "/admin/datasets", *addresses):
        page.goto(address)
        found[address] = [line for line in english_words(page) if not OF_THE_TABLE.search(line)]
    assert {address: lines for address, lines in found.items() if lines} == {}


OF_THE_TABLE = re.compile(
    r"Invoice date|Customer n|Phone|Country|Product|Quantity|Amount|Customers|^(name|label|sql|key)"
)
"""What the table's own headings and the dataset file say stays as it is."""


def retires(page: Page, database: str) -> None:
    page.goto(database)
    page.get_by_role("button", name="Retire").click()
    expect(page.get_by_text("This database is retired")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Delete for good").click()
    page.wait_for_url("**/admin/datasets")
    expect(page.locator("#toasts")).to_contain_text("The database was deleted")
