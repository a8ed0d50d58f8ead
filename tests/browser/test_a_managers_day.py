"""A manager's day: her team, the accounts of a rep who left, what a customer no longer buys."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visitors, arrive
from tests.browser.integrations.ways import Way, ways
from tests.browser.keyboard import press, tab_to
from tests.browser.placed import guests
from tests.browser.walk import WORKED, Walk

__all__ = ["guests"]
LEFT = "Lea Lenz"
HERS = ("Lenzburg Anna", "Lenzburg Ben", "Lenzburg Cleo")
VIEW = "Lenzburg at a glance"
CUSTOMER, NUMBER = "Herkku Gifts", "C041"


@pytest.fixture(scope="module", autouse=True)
def _who_left(browser, site, cookies) -> Iterator[None]:
    """A rep had three accounts and has left; the administrator shares a view of her people's."""
    visitors = Visitors(browser, site)
    walk = Walk(visitors.open(storage_state=cookies("alice"), locale="en-GB"))
    walk.page.goto("/admin/users/new")
    walk.field("Name").fill(LEFT)
    walk.field("E-mail").fill("lea@lenz.example")
    walk.field("Team").fill("Europe")
    walk.saves()
    walk.is_told("%(name)s is invited by e-mail to set a password.", name=LEFT)
    for name in HERS:
        walk.page.goto("/accounts/new")
        walk.field("Name").fill(name)
        walk.page.locator("#owner_id").select_option(label=LEFT)
        walk.saves()
        walk.comes_to(name)
    lets_her_go(walk)
    shares_a_view(walk)
    visitors.close()
    yield
    assert visitors.problems == []


def lets_her_go(walk: Walk) -> None:
    walk.page.goto("/admin/users")
    walk.page.get_by_role("row").filter(has_text=LEFT).get_by_role("link").first.click()
    walk.field("May sign in").uncheck()
    walk.saves()
    walk.is_told("%(name)s saved.", name=LEFT)


def shares_a_view(walk: Walk) -> None:
    walk.page.goto("/accounts?q=Lenzburg")
    walk.link("Save as view").click()
    walk.field("Name").fill(VIEW)
    walk.field("Everyone who may see accounts").check()
    walk.saves()
    walk.is_told("View “%(name)s” saved.", name=VIEW)


@ways("on a laptop", "in French", "without JavaScript", "on a phone")
def test_a_manager_lives_through_her_day(guests, way: Way):
    walk = guests("mona", way)

    looks_at_the_days_of_her_people(walk)
    opens_the_view(walk)
    asks_for_the_accounts_of_who_left(walk)
    gives_them_to(walk, "Rita Rep")
    run = walk.page.url
    sees_what_a_customer_no_longer_buys(walk)

    walk.goes_to(run)
    walk.undoes()
    walk.waits_for_the_receipt()
    expect(walk.number("Taken back")).to_have_text(str(len(HERS)))
    asks_for_the_accounts_of_who_left(walk)


def looks_at_the_days_of_her_people(walk: Walk) -> None:
    walk.goes_to("/")
    walk.comes_to(walk.say("My day"))
    walk.opens_tab("Team")
    walk.comes_to(walk.say("Days of the team"))
    walk.page.get_by_role("link", name="Rita Rep").click()
    walk.comes_to(walk.say("Day of %(name)s", name="Rita Rep"))


def opens_the_view(walk: Walk) -> None:
    arrive(walk.page, "/accounts") if walk.scripts else walk.goes_to("/accounts")
    walk.page.locator("#accounts-view-menu > summary").click()
    walk.page.locator("#accounts-view-menu .menu-item").filter(has_text=VIEW).click()
    expect(walk.page.locator("#accounts-view")).to_contain_text(VIEW)
    expect(rows(walk.page)).to_have_count(len(HERS))
    walk.looks_around()


def asks_for_the_accounts_of_who_left(walk: Walk) -> None:
    arrive(walk.page, "/accounts") if walk.scripts else walk.goes_to("/accounts")
    walk.page.locator("#accounts-filter [name=owner]").select_option(label=LEFT)
    if not walk.scripts:
        walk.page.get_by_role("button", name=walk.say("Apply"), exact=True).click()
    expect(rows(walk.page)).to_have_count(len(HERS))
    expect(walk.page.locator("#accounts-table")).to_contain_text(
        walk.say("Owner: %(name)s", name=LEFT)
    )
    walk.looks_around()


def rows(page: Page) -> Locator:
    return page.locator("#accounts-region tbody tr")


def gives_them_to(walk: Walk, name: str) -> None:
    """She takes all that match, reads what would happen, and waits until it is done."""
    page = walk.page
    if walk.scripts:
        page.locator("#accounts-tick-all").check()
    page.locator("#accounts-bulk-all").check()
    page.locator("#accounts-bulk-menu > summary").click()
    page.get_by_role("button", name=walk.say("Assign owner")).click()
    walk.comes_to(walk.say("Assign owner"))
    page.locator("#owner_id").select_option(label=name)
    page.locator("#accounts-bulk").get_by_role("button", name=walk.say("Preview")).click()
    text = walk.count("%(count)s account changes.", "%(count)s accounts change.", len(HERS))
    expect(page.locator(".plan-says")).to_contain_text(text, timeout=WORKED)
    for account in HERS:
        expect(page.locator("#runs-rows")).to_contain_text(account)
    walk.looks_around()
    walk.runs(len(HERS))
    walk.waits_for_the_receipt()
    expect(walk.number("Changed")).to_have_text(str(len(HERS)))


def sees_what_a_customer_no_longer_buys(walk: Walk) -> None:
    """What was lost stands above; its worth leads to the lines behind it."""
    walk.goes_to(f"/accounts?q={NUMBER}")
    walk.page.get_by_role("link", name=CUSTOMER, exact=True).click()
    walk.comes_to(CUSTOMER)
    walk.opens_tab("Sales")
    expect(stat(walk, "Next order overdue by")).to_be_visible()
    worth = stat(walk, "Lost: %(what)s", what="").get_by_role("link")
    figure = worth.inner_text()
    worth.click()
    expect(walk.page.get_by_role("heading", level=1)).to_contain_text(f"· {CUSTOMER}")
    expect(walk.page.locator("tfoot")).to_contain_text(figure)
    walk.looks_around()


def stat(walk: Walk, label: str, **values: object) -> Locator:
    return walk.page.locator(".stat").filter(has_text=walk.say(label, **values))


def test_a_manager_lives_through_her_day_by_keyboard(open_as):
    walk = Walk(open_as("mona", reduced_motion="reduce"))
    page = walk.page

    arrive(page, "/")
    press(page, "Team")
    walk.comes_to("Days of the team")
    press(page, "Rita Rep")
    walk.comes_to("Day of Rita Rep")
    arrive(page, "/accounts")
    tab_to(page, r"Anybody\s(.|\s)*")  # the filter has no id: it is known by what it offers
    page.keyboard.type("Lea")
    expect(rows(page)).to_have_count(len(HERS))
    gives_them_by_keyboard(walk)
    walk.waits_for_the_receipt()
    run = page.url
    arrive(page, f"/accounts?q={NUMBER}")
    press(page, CUSTOMER)
    walk.comes_to(CUSTOMER)
    press(page, "Sales")
    expect(stat(walk, "Lost: Product lines")).to_be_visible()
    press(page, stat(walk, "Lost: Product lines").get_by_role("link").inner_text())
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"· {CUSTOMER}")

    arrive(page, run)
    press(page, "Undo run")
    expect(page.get_by_role("dialog")).to_be_visible()
    press(page, "Undo run")
    expect(page.get_by_text("Takes back run")).to_be_visible()
    walk.waits_for_the_receipt()
    expect(walk.number("Taken back")).to_have_text(str(len(HERS)))


def gives_them_by_keyboard(walk: Walk) -> None:
    page = walk.page
    press(page, "accounts-tick-all", "Space")
    press(page, "accounts-bulk-all", "Space")
    press(page, "Actions")
    press(page, "Assign owner")
    walk.comes_to("Assign owner")
    tab_to(page, "owner_id")
    page.keyboard.type("Rita")
    press(page, "Preview")
    expect(page.locator(".plan-says")).to_be_visible(timeout=WORKED)
    press(page, f"Run: {len(HERS)} accounts")
    page.wait_for_url(re.compile(r"/runs/\d+$"))
