"""Nothing is cut off that would fit, and no space is left for nothing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

PHONE = {"width": 390, "height": 844}
LAPTOP = {"width": 1280, "height": 760}
WIDER = """(what) => [...document.querySelectorAll(what)]
    .filter((one) => one.scrollWidth > one.clientWidth)
    .map((one) => one.ariaLabel || one.getAttribute("aria-label"))"""


def height(page: Page, selector: str) -> float:
    box = page.locator(selector).first.bounding_box()
    assert box
    return box["height"]


@pytest.mark.parametrize(
    "address, size, what",
    [
        ("/accounts/fields", PHONE, ".grid"),
        ("/accounts/5/history", PHONE, ".grid"),
        ("/accounts/5/sales", LAPTOP, ".grid, .tabs"),
    ],
)
def test_a_page_that_can_show_all_its_columns_does(open_as, address, size, what):
    page = open_as("alice", viewport=size)
    page.goto(address)

    assert page.evaluate(WIDER, what) == []


def test_a_list_of_one_row_is_as_high_as_its_row(open_as):
    page = open_as("alice")
    page.goto("/accounts?q=Boards")

    assert height(page, "#accounts-region") - height(page, "#accounts-region table") < 4


def test_a_history_leaves_no_empty_lines(open_as):
    page = open_as("alice")
    page.goto("/accounts/5/history")
    body, parts = height(page, ".event-body"), [".event-body > p", ".event-part > table"]

    assert body - sum(height(page, part) for part in parts) < 10


def test_who_proves_that_it_is_her_sees_a_card_of_the_usual_width(open_as):
    page = open_as("alice")
    page.goto("/verify")
    box = page.locator(".sign-in").bounding_box()

    assert box
    assert box["width"] == 400


def test_a_long_tag_stays_in_its_card(open_as):
    page = open_as("alice")
    page.goto("/accounts/new")
    page.get_by_label("Name").fill("Tagged at length")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Tags").fill("x" * 60)
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(re.compile(r"/accounts/\d+$"))
    card = page.locator(".card").filter(has_text="Tags").bounding_box()
    tag = page.locator(".facts .tag").bounding_box()

    assert card
    assert tag
    assert tag["x"] + tag["width"] < card["x"] + card["width"]
