"""Every page: no barriers in light or dark, no English among the French, never too wide."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from crmapp.errors import Unavailable
from crmapp.web.access import public
from tests.browser.conftest import Visitors, barriers, sleeping
from tests.browser.walk import BY_CODE, Walk
from tests.browser.words import english_words, overflow

PAGES = (
    "/accounts",
    "/accounts?q=nobody+is+called+so&active=yes&owner=me&team=none",
    "/accounts?deleted=yes",
    "/accounts/new",
    "/accounts/5",
    "/accounts/5/contacts",
    "/accounts/5/activities",
    "/accounts/5/sales",
    "/accounts/5/history",
    "/accounts/5/edit",
    "/accounts/5/deletion",
    "/accounts/5/contacts/new",
    "/accounts/5/activities/new?kind=call",
    "/accounts/5/activities/new?kind=task",
    "/accounts/61/contacts",
    "/accounts/61/sales",
    "/accounts/fields",
    "/accounts/locations",
    "/accounts/5/values/notes/edit",
    "/contacts/3/edit",
    "/activities/3/edit",
    "/analytics",
    "/analytics/sales/customers?size=25",
    "/analytics/sales/customers?period=ytd&measures=value,average_price&size=25",
    "/analytics/sales/products?period=total&size=25",
    "/analytics/sales/territories?q=zzz",
    "/analytics/sales/customers?sort=invented",
    "/analytics/sales/customers/transactions?of=value.total&key=C034",
    "/analytics/superstore/segments?period=total",
    "/mappings",
    "/analytics/superstore/customers?mode=share&activity=all&size=25",
    "/analytics/sales/customers?mode=matrix&across=lines&top=5&size=25",
    "/analytics/sales/products?mode=variance&period=2026-01-05..2026-03-31&against=just_before",
    "/analytics/sales/products?mode=moving&activity=without",
    "/analytics/sales/customers/transactions?mode=matrix&across=lines&top=5&of=value.other",
    "/analytics/sales/customers/favourites/new",
    "/analytics/sales/customers?view=bar&period=ytd&sort=value.variance&size=25",
    "/analytics/sales/customers?view=line&size=25",
    "/analytics/sales/customers?view=pareto&period=total&measures=value&size=25",
    "/runs",
    "/runs/1",
    "/runs/1?show=create",
    "/runs/1/undo",
    "/runs?status=failed",
    "/runs?status=done&kind=upsert&since=2026-01-01",
    "/preferences/mail",
    "/admin/matching",
    "/upserts/answers",
    "/admin",
    "/admin/users",
    "/admin/users/new",
    "/admin/users/3/edit",
    "/accounts/filters?q=a",
    "/admin/fields",
    "/admin/fields/new",
    "/admin/fields/1/edit",
    "/admin/fields/1/retirement",
    "/admin/fields/required",
    "/admin/pick-lists",
    "/admin/pick-lists/new",
    "/admin/pick-lists/terms",
    "/admin/pick-lists/terms/edit",
    "/admin/pick-lists/terms/history",
    "/admin/pick-lists/terms/deletion",
    "/admin/pick-lists/terms/values/new",
    "/admin/pick-lists/terms/values/37/edit",
    "/admin/pick-lists/terms/values/37/deletion",
    "/admin/mail",
    "/admin/datasets",
    "/admin/health",
    "/search",
    "/search?q=auto",
    "/search?q=zzzz",
    "/shortcuts",
    "/help",
    "/help?q=run",
    "/help/start",
    "/help/add-update",
    "/change",
    "/verify",
    "/accounts/999999",
    "/accounts?q=%00",
    "/preferences",
)
FOR_VISITORS = ("/login", "/reset")
WALKED = {
    "mappings.show", "upserts.fixes", "settings.replacement", "upserts.mapping", "upserts.plan",
    "grid.edit_favourite", "grid.confirm_favourite_deletion", "security.reset_password",
}  # fmt: skip
"""Pages that are on somebody's way, here or in another story."""
NO_PAGES = {
    "accounts.csv", "accounts.value", "accounts.xlsx",
    "assets.file", "assets.script", "assets.stylesheet", "grid.csv", "grid.database", "grid.xlsx",
    "databases.text", "grid.favourite", "health.live",
    "health.ready", "home", "runs.failed_rows", "runs.progress", "security.static",
}  # fmt: skip
"""What answers with something else than a page, or leads to one."""
WALKED |= {"databases.columns", "databases.new", "databases.preview", "databases.show"}
COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules that may hold in the light and not in the dark: nothing but colours differs."""
CALM = {"reduced_motion": "reduce", "color_scheme": "light"}


@pytest.fixture(scope="module")
def visitors(browser, site) -> Iterator[Visitors]:
    visitors = Visitors(browser, site)
    yield visitors
    visitors.close()


@pytest.fixture(scope="module")
def tour(visitors, cookies) -> Callable[[str], Page]:
    """Return a function that opens an address for alice, or a visitor, always on the same page."""
    alice = visitors.open(storage_state=cookies("alice"), **CALM)
    visitor = visitors.open(**CALM)
    alice.goto("/admin/fields/new")
    alice.get_by_label("English label").fill("Delivery zone")
    alice.get_by_role("button", name="Save").click()
    alice.wait_for_url(lambda url: "/new" not in url)

    def to(address: str) -> Page:
        page = visitor if address in FOR_VISITORS else alice
        page.goto(address)
        return page

    return to


@pytest.fixture(autouse=True)
def nothing_breaks(visitors) -> Iterator[None]:
    visitors.problems.clear()
    yield
    assert visitors.problems == []


def check(page: Page) -> None:
    """Look at the page in light and dark, and on a phone."""
    found: dict[str, list[str]] = {}
    page.emulate_media(color_scheme="dark")
    found["dark"] = barriers(page, COLOURS)
    page.emulate_media(color_scheme="light")
    found["light"] = barriers(page)
    size = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    found["phone"] = overflow(page)
    page.set_viewport_size(size or {"width": 1280, "height": 760})
    assert found == {"light": [], "dark": [], "phone": []}, page.url


def test_every_page_is_in_the_tour(app):
    places = app.url_map.bind("localhost")
    toured = {places.match(address.partition("?")[0])[0] for address in PAGES + FOR_VISITORS
              if address != "/preferences"}  # fmt: skip
    pages = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}

    assert pages - NO_PAGES - WALKED == toured


@pytest.mark.parametrize("address", PAGES + FOR_VISITORS)
def test_a_page_has_no_barriers(tour, address):
    check(tour(address))


def test_no_page_speaks_english_to_the_french(new_page, cookies):
    page = new_page(storage_state=cookies("alice"), locale="fr-FR")
    found = {}
    for address in PAGES:
        page.goto(address)
        found[address] = english_words(page)

    assert {address: words for address, words in found.items() if words} == {}


def opens(link: str, address: str) -> Callable[[Page], None]:
    """Return what opens a drawer from the page at ``address``."""

    def drawer(page: Page) -> None:
        page.goto(address)
        page.get_by_role("link", name=link, exact=True).first.click()
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
    expect(page.locator("#accounts-form .callout").first).to_be_visible()


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
    "its deletion": opens("Delete account", "/accounts/7"),
    "a contact": opens("Add a contact", "/accounts/7"),
    "a call": opens("Log a call", "/accounts/7"),
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
def test_what_opens_on_a_page_has_no_barriers(visitors, cookies, open_it):
    page = visitors.open(storage_state=cookies("alice"), **CALM)

    open_it(page)

    check(page)
    page.context.close()


@pytest.mark.parametrize("address", ["/admin", "/accounts/7", "/analytics/sales/customers?size=25"])
def test_a_viewers_page_has_no_barriers(open_as, address):
    page = open_as("vera", **CALM)

    page.goto(address)

    check(page)


def test_what_a_run_did_fits_the_width_of_a_phone(open_as):
    page = open_as("alice", viewport={"width": 390, "height": 844})
    page.goto("/runs/1?show=create")

    region = page.locator("#runs-rows-region")

    assert region.evaluate("box => box.scrollWidth - box.clientWidth") <= 0


def test_a_table_of_a_few_rows_takes_no_more_room_than_they_do(open_as):
    page = open_as("alice")
    page.goto("/analytics/sales/lines?q=trains")

    boxes = [page.locator(each).bounding_box() for each in ("#grid-region", "#grid-region table")]

    assert boxes[0]["height"] - boxes[1]["height"] < 4


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
    for name in ("Rename or share", "Delete"):
        page.goto(page.get_by_role("link", name=name, exact=True).get_attribute("href"))
        check(page)
        page.go_back()
        page.locator("#grid-favourites summary").click()


@pytest.mark.parametrize("error, says", [(RuntimeError(), "500"), (Unavailable(), "503")])
def test_a_failure_has_no_barriers(app, serve, browser, monkeypatch, error, says):
    @public
    def fail() -> None:
        raise error

    monkeypatch.setitem(app.view_functions, "health.live", fail)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    page = browser.new_page(base_url=serve(), **CALM)

    page.goto("/health")

    expect(page.get_by_role("main")).to_contain_text(says)
    check(page)
    page.context.close()
