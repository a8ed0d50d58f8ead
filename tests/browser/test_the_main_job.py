"""From a prospect entered by hand to a run over the Sales database, and back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import sleeping
from tests.browser.walk import Walk
from tests.support.processes import Installation

CHANGED, SAME, NEW, ANSWERED, LAST = "C058", "C059", "C061", "C062", "C080"
TABS = [
    "Details",
    "Timeline",
    re.compile("Contacts"),
    re.compile("Files"),
    "Sales",
    "Salesforce account details",
]


def colour(cell: Locator) -> list[int]:
    """Return the red, green and blue of what stands behind a cell's text."""
    painted: list[int] = cell.evaluate(
        """cell => {
            const pen = document.createElement("canvas").getContext("2d");
            pen.fillStyle = getComputedStyle(cell).backgroundColor;
            pen.fillRect(0, 0, 1, 1);
            return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
        }"""
    )
    return painted


def test_a_manager_enters_a_prospect_by_hand(open_as):
    walk = Walk(open_as("mona"))
    page = walk.page

    walk.opens_form_of_a_new_account()
    drawer = page.locator("dialog#drawer")
    expect(drawer).to_be_visible()
    expect(drawer.locator(".hint").first).to_be_visible()
    walk.field("Phone").fill("+48 42 555 0123")
    with page.expect_response(lambda answer: answer.url.endswith("/accounts")) as refused:
        walk.saves()

    assert refused.value.status == 422
    expect(drawer.get_by_role("alert")).to_contain_text("Name")
    expect(walk.field("Name")).to_be_focused()
    expect(walk.field("Name")).to_have_attribute("aria-invalid", "true")
    expect(walk.field("Phone")).to_have_value("+48 42 555 0123")
    expect(page.locator("#accounts-record-menu")).to_have_count(0)

    walk.field("Name").fill("Zażółć Modele")
    walk.saves()

    toast = walk.is_told("Account “%(name)s” added.", name="Zażółć Modele").bounding_box()
    assert toast
    assert toast["y"] + toast["height"] < 200
    walk.comes_to("Zażółć Modele")
    tabs = page.locator(".tabs").get_by_role("link")
    expect(tabs).to_have_text(TABS)
    for action in ("Log a call", "Add a task", "Edit"):
        expect(page.get_by_role("link", name=action, exact=True)).to_be_visible()

    walk.adds_contact("Adam", "Bąk")
    walk.adds_contact("Łucja", "Żak")
    walk.makes_primary("Łucja Żak")
    walk.logs_call("Asked for the price list")
    walk.opens_history()
    changes = page.locator(".timeline .event")
    expect(changes.first).to_contain_text("Łucja Żak")
    expect(changes.last).to_contain_text("Mona Manager")

    page.goto("/accounts?q=" + "zazolc")
    expect(page.get_by_role("row").filter(has_text="Zażółć Modele")).to_contain_text("Łucja Żak")


def test_a_manager_adds_customers_as_accounts_and_takes_it_back(open_as, site):
    walk = Walk(open_as("mona"))

    chooses_customers_on_two_pages(walk)
    maps_and_previews(walk)
    run = watches_the_run(walk, site)
    looks_at_an_account(walk, run)
    somebody_answers_the_phone(open_as("alice"))
    walk.goes_to(run)
    walk.undoes()
    walk.waits_for_the_receipt("Completed with errors")
    what_was_edited_is_kept(walk)


def chooses_customers_on_two_pages(walk: Walk) -> None:
    page = walk.page
    page.goto("/accounts")
    page.get_by_role("link", name="Analytics").click()
    page.get_by_label("Dimensions of Sales").get_by_role("link", name="Customers").click()
    walk.comes_to("Sales")
    dimension = page.locator("#grid-dimensions").get_by_role("link", name="Customers")
    expect(dimension).to_have_attribute("aria-current", "page")
    page.locator("#grid-activity > summary").click()
    page.get_by_role("link", name="With and without figures").click()
    expect(page.get_by_text("92 rows", exact=True)).to_be_visible()
    page.get_by_role("columnheader", name="Code").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Code")).to_have_attribute(
        "aria-sort", "ascending"
    )
    page.locator("#grid-size-25").click()
    shown = page.locator("#grid-foot .pager")
    expect(shown).to_contain_text("1–25 of 92")
    for rows in ("26–50", "51–75"):
        page.get_by_role("link", name="Next page").click()
        expect(shown).to_contain_text(rows)

    walk.selects(CHANGED, SAME, NEW, ANSWERED)

    plain = colour(walk.row("C060").get_by_role("rowheader"))
    blue = colour(walk.row(NEW).get_by_role("rowheader"))
    assert blue != plain
    assert blue[2] > blue[0]
    expect(walk.row(NEW).get_by_role("checkbox")).to_be_checked()
    page.get_by_role("link", name="Next page").click()
    walk.selects(LAST)
    expect(page.locator("#grid-actions > summary")).to_contain_text("5 selected")
    page.get_by_role("link", name="Previous page").click()
    expect(walk.row(NEW).get_by_role("checkbox")).to_be_checked()


def maps_and_previews(walk: Walk) -> None:
    page = walk.page
    walk.starts_adding()
    expect(page.locator("#name")).to_have_value("name")
    expect(page.locator("#number")).to_have_value("code")
    expect(page.locator("#upserts-samples-number .sample")).to_have_text([CHANGED, SAME, NEW])
    expect(page.get_by_role("radio", name="Number")).to_be_checked()
    page.get_by_label("Fax", exact=True).select_option("city")
    expect(page.locator("#upserts-samples-fax .sample").first).to_be_visible()
    page.get_by_label("Fax", exact=True).select_option("")

    walk.previews(5)

    tabs = page.locator("#upserts-plan .tabs")
    expect(tabs.get_by_role("link", name="To create")).to_contain_text("3")
    expect(tabs.get_by_role("link", name="To update")).to_contain_text("1")
    expect(tabs.get_by_role("link", name="Unchanged")).to_contain_text("1")
    expect(page.get_by_text("Nothing has been written yet.")).to_be_visible()
    walk.opens_tab("To update")
    change = page.locator("#runs-rows .change")
    expect(change.locator("del")).to_contain_text("+1 555 01")
    expect(change.locator("ins")).not_to_have_text(change.locator("del").inner_text())
    page.goto("/accounts?q=Technics")
    expect(page.get_by_text("No account matches")).to_be_visible()
    page.go_back()


def watches_the_run(walk: Walk, site: Installation) -> str:
    page = walk.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.install()
    with sleeping(site):
        run = walk.runs(4)
        expect(page.locator("#runs-progress")).to_contain_text("Queued")
        page.clock.fast_forward(2_000)
        expect(page.get_by_role("progressbar")).to_be_visible()
    walk.is_told(
        "Run %(id)s is done: %(created)s created, %(updated)s updated.",
        id=run.rpartition("/")[2], created=3, updated=1,
    )  # fmt: skip
    walk.waits_for_the_receipt()
    assert any("/progress" in url for url in asked)

    asked.clear()
    page.clock.fast_forward(120_000)
    page.reload()

    assert not [url for url in asked if "/progress" in url]
    for label, number in {"Rows in": 5, "Created": 3, "Updated": 1, "Unchanged": 1}.items():
        expect(walk.number(label)).to_have_text(str(number))
    return run


def looks_at_an_account(walk: Walk, run: str) -> None:
    page = walk.page
    walk.opens_tab("Creations")
    page.locator("#runs-rows").get_by_role("link", name="Online Diecast Creations Co.").click()
    walk.comes_to("Online Diecast Creations Co.")
    walk.opens_tab("Sales")
    figures = page.locator("#accounts-sales-sales").get_by_role("cell")
    expect(figures.filter(has_text=re.compile("[1-9]")).first).to_be_visible()
    walk.opens_history()
    made = page.locator(".timeline .event").last
    expect(made.locator("tr").filter(has_text="Number")).to_contain_text(NEW)
    made.get_by_role("link", name=f"Run {run.rpartition('/')[2]}: Sales · Customers").click()
    page.wait_for_url(run)


def somebody_answers_the_phone(page: Page) -> None:
    """Another person changes one of the accounts that the run has made."""
    walk = Walk(page)
    walk.goes_to("/accounts?q=Online+Mini+Collectables")
    page.get_by_role("link", name="Online Mini Collectables", exact=True).click()
    walk.link("Edit").first.click()
    walk.field("Phone").fill("+1 617 555 0177")
    walk.saves()
    walk.is_told("Account “%(name)s” saved.", name="Online Mini Collectables")


def what_was_edited_is_kept(walk: Walk) -> None:
    page = walk.page
    expect(walk.number("Changes to take back")).to_have_text("4")
    expect(walk.number("Taken back")).to_have_text("3")
    expect(walk.number("Kept")).to_have_text("1")
    kept = page.locator("#runs-left-out").get_by_role("row").filter(has_text="Online Mini")
    expect(kept).to_contain_text("Phone")
    page.goto("/accounts?q=Online")
    rows = page.locator("#accounts-table tbody").get_by_role("row")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("+1 617 555 0177")
    page.goto("/accounts?q=Motor+Mint")
    expect(rows).to_contain_text("+1 555 01")


def test_without_a_selection_the_exact_number_has_to_be_confirmed(open_as):
    walk = Walk(open_as("mona"))
    page = walk.page
    walk.goes_to("/analytics/sales/customers?activity=all&q=Tokyo")
    expect(page.get_by_text("1 row", exact=True)).to_be_visible()
    expect(walk.opens_actions()).to_contain_text(
        "Nothing is selected: works on the only row in view"
    )
    page.locator("#grid-actions > summary").click()
    walk.starts_adding()
    confirmation = page.get_by_role("checkbox", name="Yes, work on the 1 row in view")
    expect(confirmation).not_to_be_checked()

    page.get_by_role("button", name="Preview 1 row").click()

    expect(page.get_by_role("alert")).to_contain_text("Confirm the number of rows")
    expect(confirmation).to_be_focused()
    confirmation.check()
    walk.previews(1)
    expect(page.get_by_role("button", name="Run: 1 account")).to_be_visible()


@pytest.mark.parametrize("person", ["rita", "vera"])
def test_who_may_not_add_accounts_is_told_which_right_is_missing(open_as, person):
    page = open_as(person)
    page.goto("/analytics/sales/customers")
    menu = Walk(page).opens_actions()
    action = menu.get_by_role("button", name="Add/update account")
    expect(action).to_be_disabled()
    expect(menu).to_contain_text("grid.add_update_accounts")

    action.evaluate("button => { button.disabled = false; }")
    with page.expect_navigation() as navigation:
        action.click()

    assert navigation.value
    assert navigation.value.status == 403
    expect(page.get_by_role("main")).to_contain_text("grid.add_update_accounts")
    expect(page.get_by_role("main")).to_contain_text("An administrator, under Admin > People")
