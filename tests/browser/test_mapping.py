"""From suggestions to a saved mapping and a plan whose bad cells are mended where they stand."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.look import CALM, barriers, check
from tests.browser.walk import Walk
from tests.browser.words import overflow


def looked_at(page: Page) -> list[str]:
    """Find what keeps people out of a page, or makes it too wide for a phone."""
    found = barriers(page)
    page.set_viewport_size({"width": 390, "height": 844})
    found += overflow(page)
    page.set_viewport_size({"width": 1280, "height": 760})
    return found


def out_of_sight(page: Page, region: str) -> int:
    """How many pixels of a table one has to scroll for on a phone."""
    page.set_viewport_size({"width": 390, "height": 844})
    hidden: int = page.locator(region).evaluate("box => box.scrollWidth - box.clientWidth")
    page.set_viewport_size({"width": 1280, "height": 760})
    return hidden


def begins(walk: Walk) -> None:
    walk.goes_to("/analytics/sales/customers?activity=all&q=Boston")
    walk.starts_adding()


def fixes_the_first_bad_cell(walk: Walk, value: str) -> None:
    cell = walk.page.locator("#upserts-fixes fieldset .field input").first
    cell.fill(value)
    walk.page.get_by_role("button", name=walk.say("Save fixes")).click()


def test_samples_follow_what_is_chosen_and_the_mapping_is_saved(
    open_as: Callable[..., Page],
) -> None:
    walk = Walk(open_as("mona", reduced_motion="reduce"), look=looked_at)
    page = walk.page
    begins(walk)
    page.locator("#fax").select_option("city")
    expect(page.locator("#upserts-field-fax .sample-bad").first).to_contain_text("phone number")
    page.locator("#upserts-field-name-steps > summary").click()
    page.locator("#upserts-field-name-step-1").select_option("upper")
    expect(page.locator("#upserts-field-name ins.sample").first).to_have_text(re.compile("[A-Z ]+"))
    expect(page.locator("#upserts-field-name-step-2")).to_be_visible()
    page.get_by_label("Save this mapping as").fill("Boston")
    page.get_by_role("button", name="Save mapping").click()
    walk.is_told("Saved as “%(name)s”, version %(number)s.", name="Boston", number=1)
    page.get_by_role("link", name="All saved mappings").click()
    walk.comes_to("Saved mappings")
    page.get_by_role("link", name="Boston").click()
    walk.comes_to("Boston")

    expect(page.locator(".timeline")).to_contain_text("Name takes the steps: UPPER CASE.")


def test_bad_cells_are_mended_in_the_preview_without_javascript_too(
    open_as: Callable[..., Page],
) -> None:
    for scripts in (True, False):
        walk = Walk(open_as("mona", java_script_enabled=scripts, **CALM))
        page = walk.page
        begins(walk)
        page.locator("#fax").select_option("city")
        rows = page.get_by_role("checkbox", name=re.compile("Yes, work on"))
        count = int(rows.get_attribute("value") or "0")
        rows.check()
        walk.previews(count)
        page.goto(page.url.partition("?")[0] + "?show=rejected")
        fixes_the_first_bad_cell(walk, "nowhere")
        bad = page.locator("#upserts-fixes fieldset [aria-invalid=true]")
        expect(bad).to_have_value("nowhere")
        if scripts:
            check(page)

        fixes_the_first_bad_cell(walk, "+1 617 555 0100")

        walk.is_told("1 row changed.")
        page.get_by_role("link", name="dealt with by hand").click()
        walk.comes_to("Fixes")
        if scripts:
            check(page)
            assert out_of_sight(page, "#upserts-fixes-region") <= 0
        page.get_by_role("button", name="Take back").click()
        walk.is_told("1 fix taken back.")
