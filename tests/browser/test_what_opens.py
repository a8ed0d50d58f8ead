"""What opens on a page, and the pages that are on the way of a run: no barriers there either."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import sleeping
from tests.browser.look import CALM, check
from tests.browser.walk import BY_CODE, WORKED, Walk


def opens(link: str, address: str) -> Callable[[Page], None]:
    """Return what opens a drawer from the page at ``address``."""

    def drawer(page: Page) -> None:
        page.goto(address)
        page.get_by_role("link", name=link, exact=True).first.click()
        expect(page.get_by_role("dialog").get_by_role("heading").first).to_be_visible()

    return drawer


def chooses(action: str, address: str) -> Callable[[Page], None]:
    """Return what opens a drawer from the menu of the account at ``address``."""

    def drawer(page: Page) -> None:
        page.goto(address)
        Walk(page).chooses(action)
        expect(page.get_by_role("dialog").get_by_role("heading").first).to_be_visible()

    return drawer


def unfolds(menu: str, address: str) -> Callable[[Page], None]:
    """Return what opens a menu on the page at ``address``."""

    def menu_box(page: Page) -> None:
        page.goto(address)
        page.locator(f"{menu} > summary").click()
        expect(page.locator(f"{menu} .menu-box")).to_be_visible()

    return menu_box


def opens_the_palette(page: Page) -> None:
    page.goto("/accounts/5")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette [role=option]").first).to_be_visible()
    page.keyboard.type("a")
    expect(page.locator("#palette-accounts-1")).to_be_visible()


def is_refused(page: Page) -> None:
    """Save a form with nothing in it."""
    opens("New account", "/accounts")(page)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()


def selects(page: Page) -> None:
    page.goto(BY_CODE)
    Walk(page).selects("C051", "C052")
    page.locator("#grid-actions > summary").click()


def is_late(page: Page) -> None:
    """Save a form that somebody else has saved in the meantime."""
    page.goto("/accounts/62/edit")
    other = page.context.new_page()
    for each, phone in ((other, "+48 1"), (page, "+48 2")):
        if each is other:
            other.goto("/accounts/62/edit")
        each.get_by_label("Phone", exact=True).fill(phone)
        each.get_by_role("button", name="Save", exact=True).click()
        expect(each.locator(".toast, .callout").first).to_be_visible()
    other.close()
    expect(page.locator("#accounts-form [data-summary]")).to_be_focused()


def edits_in_place(page: Page) -> None:
    page.goto("/accounts/9")
    page.get_by_role("link", name="Edit Phone").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Phone")).to_be_focused()


def is_late_in_place(page: Page) -> None:
    """Save a value that somebody else has saved in the meantime."""
    edits_in_place(page)
    other = page.context.new_page()
    edits_in_place(other)
    for each, phone in ((other, "+48 3"), (page, "+48 4")):
        each.get_by_role("textbox", name="Phone").fill(phone)
        each.keyboard.press("Enter")
        expect(each.locator(".toast, .callout").first).to_be_visible()
    other.close()
    expect(page.get_by_role("link", name="Take theirs")).to_be_visible()


def chooses_a_location(page: Page) -> None:
    unfolds("#accounts-location-menu", "/accounts")(page)
    page.get_by_role("checkbox", name="Boston").check()
    expect(page.locator(".chip")).to_contain_text("Location: Boston")


def deletes(page: Page) -> None:
    page.goto("/accounts/63/deletion")
    page.get_by_role("button", name="Delete account").click()
    page.wait_for_url("**/accounts")
    page.goto("/accounts/63")
    expect(page.get_by_role("button", name="Restore")).to_be_visible()


STATES: dict[str, Callable[[Page], None]] = {
    "a new account": opens("New account", "/accounts"),
    "an account": opens("Edit", "/accounts/7"),
    "its deletion": chooses("Delete account", "/accounts/7"),
    "a contact": chooses("Add a contact", "/accounts/7"),
    "a call": opens("Log a call", "/accounts/7"),
    "what can be done": unfolds("#accounts-record-menu", "/accounts/7"),
    "a person": opens("Add a person", "/admin/users"),
    "an undo": opens("Undo run", "/runs/1"),
    "a refused form": is_refused,
    "a late form": is_late,
    "a value in place": edits_in_place,
    "a late value": is_late_in_place,
    "a location": chooses_a_location,
    "a deleted account": deletes,
    "the person's menu": unfolds("#person-menu", "/accounts"),
    "the palette": opens_the_palette,
    "the columns": unfolds("#grid-columns", "/analytics/sales/lines"),
    "the periods": unfolds("#grid-period", "/analytics/sales/lines"),
    "a selection and the actions": selects,
}


@pytest.mark.parametrize("open_it", STATES.values(), ids=STATES.keys())
def test_what_opens_on_a_page_has_no_barriers(open_as, open_it):
    page = open_as("alice", **CALM)

    open_it(page)

    check(page)


def test_a_run_has_no_barriers_from_its_mapping_to_its_receipt(open_as, site):
    walk = Walk(open_as("mona", **CALM))
    page = walk.page
    walk.creates_account("Saveley & Henriot, Co.")

    walk.goes_to(BY_CODE)
    walk.selects("C053", "C072", "C073")
    walk.starts_adding()
    check(page)
    with sleeping(site):
        page.get_by_role("button", name="Preview 3 rows").click()
        expect(page.get_by_role("progressbar")).to_be_visible()
        check(page)
    expect(page.locator(".plan-says")).to_be_visible(timeout=60_000)
    for tab in ("To create", "To decide"):
        walk.opens_tab(tab)
        check(page)
    with sleeping(site):
        walk.runs(2)
        check(page)
    expect(page.locator("#runs-receipt")).to_be_visible(timeout=60_000)
    expect(page.locator("#runs-left-out")).to_contain_text("Saveley")
    check(page)


def test_a_replaced_value_has_no_barriers_from_its_deletion_to_the_receipt(open_as):
    page = open_as("alice", **CALM)
    page.goto("/admin/pick-lists/call_type")
    page.get_by_role("link", name="Delete Initial call").click()
    page.get_by_label("Replace it by").select_option("Sales call")
    check(page)
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".plan-says")).to_be_visible(timeout=WORKED)
    check(page)

    page.get_by_role("button", name="Run:").click()

    expect(page.locator("#runs-receipt")).to_contain_text("Changes made", timeout=WORKED)
    check(page)
    page.locator("#runs-receipt").get_by_role("link", name="Removals").click()
    expect(page.locator("#runs-rows-region")).to_contain_text("Initial call")
    check(page)


def test_a_favourite_has_no_barriers_from_its_name_to_its_end(open_as):
    page = open_as("mona", **CALM)
    page.goto("/analytics/sales/customers?period=ytd")

    page.locator("#grid-favourites summary").click()
    page.get_by_role("link", name="Save as a favourite").click()
    page.locator("#grid-favourite").get_by_label("Name").fill("Year to date")
    page.locator("#grid-favourite").get_by_role("button", name="Save").click()
    expect(page.locator("#grid-favourites summary")).to_contain_text("Year to date")
    page.locator("#grid-table thead a").first.click()
    expect(page.locator("#grid-favourites summary")).to_contain_text("changed")
    page.locator("#grid-favourites summary").click()
    check(page)
    page.goto(page.get_by_role("link", name="Rename or share").get_attribute("href"))
    check(page)
    page.go_back()
    page.locator("#grid-favourites summary").click()
    page.goto(page.get_by_role("link", name="Delete", exact=True).get_attribute("href"))
    check(page)
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".toast").first).to_be_visible()


def test_a_phone_shows_the_open_tab_of_a_strip_that_is_too_wide(open_as):
    page = open_as("alice", viewport={"width": 390, "height": 844})

    page.goto("/admin/subscriptions")

    strip = page.locator(".tabs").first
    assert strip.evaluate("strip => strip.scrollWidth > strip.clientWidth")
    expect(strip.locator("[aria-current]")).to_be_in_viewport(ratio=0.9)  # its line is cut
