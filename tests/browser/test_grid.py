"""The grid in a real browser: rows are chosen by mouse and keyboard, with scripts and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import arrive
from tests.browser.look import barriers

CUSTOMERS = "/analytics/sales/customers"


def rows(page):
    return page.locator("#grid-table tbody tr")


def number(page, row):
    """A cell of a row that is neither its box nor its name."""
    return rows(page).nth(row).locator("td.num").first


def expect_selected(page, count):
    text = f"{count} selected" if count else ""
    expect(page.locator("#grid-foot .selected-count")).to_have_text(text)


@pytest.fixture
def grid(open_as):
    page = open_as("alice")
    arrive(page, CUSTOMERS)
    return page


def test_clicked_rows_turn_blue_and_a_shifted_click_takes_all_between(grid):
    number(grid, 1).click()
    expect_selected(grid, 1)

    number(grid, 4).click(modifiers=["Shift"])

    expect_selected(grid, 4)
    expect(grid.locator("#grid-table tbody tr.selected")).to_have_count(4)


def test_quick_clicks_are_all_kept(grid):
    for row in range(6):
        number(grid, row).click()

    expect_selected(grid, 6)
    expect(grid.locator("#grid-table tbody input:checked")).to_have_count(6)


def test_a_row_is_chosen_by_the_keyboard_which_stays_there(grid):
    box = rows(grid).nth(2).locator("input")
    box.focus()

    grid.keyboard.press("Space")

    expect_selected(grid, 1)
    expect(box).to_be_focused()


def test_a_refused_tick_is_taken_back_and_said(grid):
    grid.locator("#grid-table tbody input").first.evaluate("box => box.value = 'nobody'")

    number(grid, 0).click()

    expect(grid.locator(".toast")).to_contain_text("choose the rows again")
    expect(grid.locator("#grid-table tbody input:checked")).to_have_count(0)


def test_all_are_chosen_in_two_steps_and_back_undoes_clearing(grid):
    grid.locator("#grid-tick-all").click()
    expect_selected(grid, 50)
    grid.get_by_role("button", name=re.compile("Select all .* matching")).click()
    total = int(grid.locator(".grid-tools .count").inner_text().split()[0])
    expect_selected(grid, total)
    number(grid, 3).click()
    expect_selected(grid, total - 1)

    grid.locator("#grid-clear").click()
    expect_selected(grid, 0)
    grid.go_back()

    expect_selected(grid, total - 1)


def test_a_search_keeps_the_cursor_and_back_leads_to_all(grid):
    search = grid.locator("#grid-search")
    search.press_sequentially("gift", delay=40)
    expect(grid.locator(".grid-tools .count")).not_to_have_text("80 rows")
    expect(grid).to_have_url(re.compile("q=gift"))
    expect(search).to_be_focused()

    grid.go_back()

    expect(grid.locator(".grid-tools .count")).to_have_text("80 rows")
    expect(search).to_have_value("")


def test_a_menu_gives_the_focus_back_to_its_button(grid):
    grid.locator("#grid-period summary").click()
    grid.get_by_role("link", name="Year to date").click()

    expect(grid.locator("#grid-period > summary")).to_be_focused()
    expect(grid).to_have_url(re.compile("period=ytd"))


def test_any_days_are_shown(grid):
    grid.locator("#grid-period summary").click()
    days = grid.locator("#grid-period-days")
    days.get_by_label("From").fill("2025-02-11")
    days.get_by_label("To").fill("2025-05-06")
    days.get_by_role("button").click()

    expect(grid).to_have_url(re.compile(r"period=2025-02-11\.\.2025-05-06"))
    expect(grid.locator("#grid-period > summary")).to_contain_text("Feb 11, 2025")
    expect(grid.locator("#grid-table thead")).to_contain_text("Total")


def test_what_goes_when_it_is_used_leaves_the_focus_with_the_table(grid):
    grid.locator("#grid-tick-all").click()
    expect_selected(grid, 50)

    for button, left in (("#grid-all", 80), ("#grid-clear", 0)):
        grid.locator(button).focus()
        grid.keyboard.press("Enter")
        expect_selected(grid, left)
        expect(grid.locator("#grid-region")).to_be_focused()


def test_rows_are_chosen_without_scripts(open_as):
    page = open_as("alice", java_script_enabled=False)
    page.goto(CUSTOMERS)
    rows(page).nth(1).locator("input").check()
    rows(page).nth(2).locator("input").check()
    page.get_by_role("button", name="Update selection").last.click()
    expect_selected(page, 2)

    page.locator("#grid-actions summary").click()
    page.get_by_role("button", name="Focus into Products").click()

    expect(page.locator(".chip")).to_contain_text("Customers: 2")


def test_choosing_a_row_moves_nothing_on_a_phone(open_as):
    page = open_as("alice", viewport={"width": 390, "height": 844})
    arrive(page, CUSTOMERS)
    table = page.locator("#grid-table")
    before = table.bounding_box()["y"] + page.evaluate("scrollY")

    rows(page).nth(1).locator("th").click()
    expect_selected(page, 1)

    assert table.bounding_box()["y"] + page.evaluate("scrollY") == before


def test_figures_are_in_sight_on_a_phone(open_as):
    page = open_as("alice", viewport={"width": 390, "height": 844})
    page.goto(CUSTOMERS)

    figure = rows(page).first.locator("td.num").first.bounding_box()

    assert figure["x"] + figure["width"] < 390


def test_all_are_chosen_after_their_number_has_changed(grid):
    grid.locator("#grid-tick-all").click()
    expect_selected(grid, 50)
    grid.locator("#grid-table input[name=count]").evaluate("field => field.value = '7'")

    grid.locator("#grid-all").click()
    expect(grid.locator(".toast")).to_contain_text("The number of rows has changed to")
    grid.locator("#grid-all").click()

    total = int(grid.locator(".grid-tools .count").inner_text().split()[0])
    expect_selected(grid, total)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_grid_has_no_barriers(open_as, width, scheme):
    page = open_as("alice", color_scheme=scheme, viewport={"width": width, "height": 844})
    page.goto(CUSTOMERS)
    number(page, 1).click()
    expect_selected(page, 1)
    page.locator("#grid-actions summary").click()

    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_double_click_on_a_number_or_enter_shows_its_transactions(grid):
    name = rows(grid).nth(0).get_by_role("rowheader").inner_text()

    number(grid, 0).dblclick()

    expect(grid.get_by_role("heading", level=1)).to_have_text(name)
    grid.go_back()
    number(grid, 0).locator("a").focus()
    grid.keyboard.press("Enter")
    expect(grid.get_by_role("heading", level=1)).to_have_text(name)


def test_how_many_rows_are_selected_is_read_whole_on_a_phone(open_as):
    page = open_as("mona", locale="fr-FR", viewport={"width": 390, "height": 844})
    page.goto("/analytics/sales/customers?size=25")
    page.locator("#grid-table tbody tr").first.get_by_role("checkbox").check()

    badge = page.locator("#grid-actions .badge")

    expect(badge).to_have_text("1 sélectionnée")
    for words in page.locator("#grid-actions > summary > span").all():
        assert words.evaluate("each => each.scrollWidth - each.clientWidth") <= 0
