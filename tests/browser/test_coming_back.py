"""Back, reload and an expired session in the middle of work: always a page, never a part of one."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from crmapp.services.demo import PASSWORD
from tests.browser.walk import Walk


def is_whole(page: Page, heading: str) -> None:
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    expect(page.locator("main")).to_have_count(1)
    expect(page).to_have_title(re.compile("crmapp$"))


def test_back_leads_through_the_states_of_a_list(open_as):
    page = open_as("mona")
    page.goto("/accounts")
    rows = page.locator("#accounts-table tbody").get_by_role("row")
    page.get_by_role("searchbox").fill("Boards")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile("q=Boards"))
    page.get_by_role("columnheader", name="Location").get_by_role("link").click()
    expect(page).to_have_url(re.compile("sort=location"))
    rows.get_by_role("link").first.click()
    is_whole(page, "Boards & Toys Co.")

    page.go_back()
    is_whole(page, "Accounts")
    expect(rows).to_have_count(1)
    page.go_back()
    expect(page).not_to_have_url(re.compile("sort="))
    is_whole(page, "Accounts")
    expect(rows).to_have_count(1)
    page.go_back()
    expect(rows).not_to_have_count(1)
    is_whole(page, "Accounts")
    page.go_forward()
    expect(rows).to_have_count(1)
    page.reload()
    is_whole(page, "Accounts")


def test_back_leads_through_the_states_of_the_grid(open_as):
    page = open_as("mona")
    walk = Walk(page)
    page.goto("/analytics/sales/customers?size=25")
    pages = page.locator("#grid-foot .pager")
    page.get_by_role("link", name="Next page").click()
    expect(pages).to_contain_text("26–50")
    page.get_by_role("columnheader", name="Name").get_by_role("link").click()
    expect(pages).to_contain_text("1–25")
    walk.selects("C001")
    page.goto("/runs")

    page.go_back()
    is_whole(page, "Sales")
    expect(walk.row("C001").get_by_role("checkbox")).to_be_checked()
    page.go_back()
    expect(pages).to_contain_text("26–50")
    is_whole(page, "Sales")
    page.go_back()
    expect(pages).to_contain_text("1–25")
    expect(page.get_by_role("columnheader", name="Name")).not_to_have_attribute(
        "aria-sort", "ascending"
    )


def test_a_session_that_ends_in_the_middle_leads_to_the_sign_in_page_and_back(open_as):
    page = open_as("vera")
    page.goto("/analytics/sales/customers?size=25")
    page.context.clear_cookies()

    page.get_by_role("link", name="Next page").click()

    page.wait_for_url("**/login?next=*")
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    expect(page.locator("#grid-sheet")).to_have_count(0)
    page.get_by_label("E-mail address").fill("vera@demo.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/analytics/sales/customers?*page=2*")
    is_whole(page, "Sales")
    expect(page.locator("#grid-foot .pager")).to_contain_text("26–50")


def test_a_server_that_is_away_is_said_in_a_toast_and_what_was_typed_stays(open_as):
    walk = Walk(open_as("mona"))
    walk.opens_form_of_a_new_account()
    walk.field("Name").fill("Written in a tunnel")
    walk.page.context.set_offline(True)

    walk.saves()

    walk.is_told("The server did not answer. Nothing was lost: please try again.")
    expect(walk.field("Name")).to_have_value("Written in a tunnel")
    walk.page.context.set_offline(False)
    walk.saves()
    walk.comes_to("Written in a tunnel")


def sign_in_aside(page: Page, name: str) -> None:
    """Sign in in another tab, and close it."""
    aside = page.context.new_page()
    aside.goto("/login")
    aside.get_by_label("E-mail address").fill(f"{name}@demo.example")
    aside.get_by_label("Password").fill(PASSWORD)
    aside.get_by_role("button", name="Sign in").click()
    expect(aside.get_by_role("navigation", name="Main")).to_be_visible()
    aside.close()


def test_a_session_that_ends_over_a_form_takes_nothing_of_what_was_typed(open_as):
    walk = Walk(open_as("mona"))
    walk.opens_form_of_a_new_account()
    walk.field("Name").fill("Written over lunch")
    walk.page.context.clear_cookies()

    walk.saves()
    walk.is_told("Sign in in a new tab")
    sign_in_aside(walk.page, "mona")
    walk.saves()

    walk.is_told(
        "You have signed in or out since this page was opened. What you have typed is still here:"
        " please send it again."
    )
    expect(walk.field("Name")).to_have_value("Written over lunch")
    walk.saves()
    walk.comes_to("Written over lunch")


def test_a_form_is_kept_without_scripts_until_its_sender_has_signed_in_again(open_as):
    page = open_as("mona", java_script_enabled=False)
    page.goto("/accounts/new")
    page.get_by_label("Name", exact=True).fill("Written before the train")
    page.context.clear_cookies()

    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have been signed out")
    sign_in_aside(page, "mona")
    page.get_by_role("button", name="Go on").click()

    expect(page.get_by_label("Name", exact=True)).to_have_value("Written before the train")
    expect(page.get_by_role("alert")).to_contain_text("Here is what you typed")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Written before the train")).to_be_visible()
