"""On paper stands what a page is about, in dark ink, and all of it."""

from __future__ import annotations

import re

import pytest

LEFT_OUT = (".side", ".tools", ".tabs", ".pager", ".bar-actions", ".crumbs", "#palette", ".origin")
PAPER = 1047  # CSS pixels of an A4 page that lies across, less its margins


@pytest.mark.parametrize(
    "address, shows",
    [
        ("/accounts", "Alpha Cognac"),
        ("/accounts/5", "54, rue Royale"),
        ("/analytics/sales/customers?size=25", "Euro Shopping Channel"),
        ("/runs/1", "The receipt balances"),
    ],
)
def test_a_page_is_printed_without_what_one_can_only_press(open_as, address, shows):
    page = open_as("alice", viewport={"width": PAPER, "height": 740})
    page.goto(address)
    page.emulate_media(media="print")

    assert page.get_by_text(shows).first.is_visible()
    seen = [part for part in LEFT_OUT for each in page.locator(part).all() if each.is_visible()]
    assert seen == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER


def test_paper_stays_white_for_who_works_in_the_dark(open_as):
    page = open_as("alice", color_scheme="dark")
    page.goto("/accounts/5")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.emulate_media(media="print", color_scheme="dark")

    ink = page.evaluate("getComputedStyle(document.querySelector('h1')).color")
    lightness = re.match(r"oklch\(([\d.]+)", ink)
    assert lightness, ink
    assert float(lightness[1]) < 0.4


def test_a_table_is_printed_whole_not_only_the_rows_in_sight(open_as):
    page = open_as("alice")
    page.goto("/accounts")
    page.emulate_media(media="print")

    cut = page.evaluate(
        "() => { const box = document.querySelector('.grid');"
        " return [getComputedStyle(box).overflow, box.scrollHeight - box.clientHeight]; }"
    )

    assert cut == ["visible", 0]
