"""The command palette and the keys, by keyboard alone, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import arrive


def opens(page: Page) -> None:
    page.wait_for_load_state()  # a page that is still coming has no script that listens
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    expect(page.locator("#palette [role=option]").first).to_be_visible()


def chosen(page: Page):
    return page.locator("#palette [role=option][aria-selected=true]")


def test_an_account_is_opened_by_a_few_keys(open_as):
    page = open_as("alice")
    page.goto("/runs")
    opens(page)

    page.keyboard.type("auto")
    expect(page.locator("#palette-accounts-3")).to_be_visible()
    first = chosen(page).inner_text()
    page.keyboard.press("ArrowDown")
    expect(chosen(page)).not_to_have_text(first)
    expect(page.locator("#palette-words")).to_be_focused()
    expect(page.locator("#palette-words")).to_have_attribute(
        "aria-activedescendant", "palette-accounts-2"
    )
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(r"/accounts/\d+$"))
    expect(page.get_by_role("heading", level=1)).to_have_text(first.splitlines()[0])


def test_who_types_quickly_gets_the_answer_to_what_she_typed(open_as):
    page = open_as("alice")
    page.goto("/accounts")
    opens(page)

    page.keyboard.type("baane mini")
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(r"/accounts/\d+$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Baane Mini Imports")


def test_escape_closes_it_and_the_focus_returns(open_as):
    page = open_as("alice")
    page.goto("/accounts")
    page.locator(".find").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#palette")).to_be_visible()

    page.keyboard.press("Escape")

    expect(page.locator("#palette")).to_be_hidden()
    expect(page.locator(".find")).to_be_focused()


def test_an_action_opens_in_the_drawer_over_the_page(open_as):
    page = open_as("alice")
    page.goto("/accounts/5")
    opens(page)

    page.keyboard.type("log a")
    expect(chosen(page)).to_contain_text("Log a call")
    page.keyboard.press("Enter")

    expect(page.locator("#drawer").get_by_label("Subject")).to_be_visible()
    expect(page.locator("#palette")).to_be_hidden()
    assert page.url.endswith("/accounts/5")


def test_a_preference_is_set_and_the_reader_stays_where_she_is(open_as):
    page = open_as("ron")
    page.goto("/accounts")
    for words, theme in (("theme dark", "dark"), ("theme as", "system")):
        opens(page)
        page.keyboard.type(words)
        expect(chosen(page)).to_contain_text("Theme")
        page.keyboard.press("Enter")
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        assert page.url.endswith("/accounts")


def test_a_list_is_walked_by_keys(open_as):
    page = open_as("alice")
    page.goto("/accounts")
    links = page.locator("#accounts-table tbody th a")

    for key, place in (("j", 0), ("j", 1), ("k", 0)):
        page.keyboard.press(key)
        expect(links.nth(place)).to_be_focused()
    page.keyboard.press("n")
    expect(links.first).not_to_have_text("Alpha Cognac")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("jc")
    expect(page.get_by_role("searchbox")).to_have_value("jc")


def test_rows_of_the_grid_are_ticked_by_keys(open_as):
    page = open_as("alice")
    page.goto("/analytics/sales/lines")
    boxes = page.locator("#grid-table tbody .tick input")

    page.keyboard.press("j")
    page.keyboard.press("x")

    expect(boxes.first).to_be_checked()


@pytest.mark.parametrize(
    "keys, place", [("gr", "/runs"), ("ga", "/accounts"), ("gn", "/analytics")]
)
def test_two_keys_lead_to_a_place(open_as, keys, place):
    page = open_as("alice")
    page.goto("/admin")

    for key in keys:
        page.keyboard.press(key)

    page.wait_for_url(f"**{place}")


def test_keys_that_are_switched_off_do_nothing_but_the_palette_opens(open_as):
    page = open_as("rita")
    arrive(page, "/accounts")
    page.keyboard.press("?")
    sheet = page.locator("#drawer")
    sheet.get_by_role("button", name="Off").click()
    expect(page.locator("html")).to_have_attribute("data-shortcuts", "off")

    page.goto("/accounts")
    page.keyboard.press("c")
    page.keyboard.press("j")

    expect(page.locator("body")).to_be_focused()
    expect(page.locator("#drawer")).to_be_hidden()
    opens(page)
    page.goto("/shortcuts")
    page.get_by_role("main").get_by_role("button", name="On").click()
    expect(page.locator("html")).to_have_attribute("data-shortcuts", "on")


def test_it_fills_a_phone(open_as):
    page = open_as("alice", viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    page.goto("/accounts")
    page.locator(".find").click()
    expect(page.locator("#palette [role=option]").first).to_be_visible()

    assert page.locator("#palette").bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}


def test_without_javascript_the_button_leads_to_a_page_that_finds(open_as):
    page = open_as("alice", java_script_enabled=False)
    page.goto("/accounts")
    page.locator(".find").click()
    page.get_by_role("main").get_by_role("searchbox").fill("baane")
    page.get_by_role("main").get_by_role("button", name="Search").click()
    page.get_by_role("main").get_by_role("link", name="Baane Mini Imports").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Baane Mini Imports")
