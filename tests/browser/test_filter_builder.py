"""A person builds a filter of the list of accounts, mends a mistake, and takes a condition away."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.integrations.ways import CUSTOMER, ways
from tests.browser.walk import Walk


@ways("on a laptop", "in French", "without JavaScript", "on a phone")
def test_a_filter_is_built_of_any_fields_and_its_conditions_taken_away(open_as, way):
    language = {"locale": "fr-FR"} if way.language == "fr" else {}
    page = open_as("alice", reduced_motion="reduce", **way.options, **language)
    walk = Walk(page, way.language, way.scripts, way.look)
    walk.goes_to("/accounts")
    walk.link("Any field").click()
    walk.comes_to(walk.say("Filter accounts by any field"))

    asks(walk, "0-0", "name", "contains").fill("ÂTELIER")
    presses(walk, "Add a condition")
    much = asks(walk, "0-1", "credit_limit", "lt")
    much.fill("much")
    page.locator("#every-0").select_option("any")
    presses(walk, "Show accounts")
    error = walk.say("Enter an amount, like 1250.00.")
    expect(page.locator("#filter-error-0-1")).to_have_text(error)
    expect(much).to_have_value("much")
    walk.looks_around()
    much.fill("-1")
    presses(walk, "Show accounts")

    chips = page.locator("a.chip")
    expect(chips).to_have_count(2)
    expect(walk.link(CUSTOMER)).to_be_visible()
    walk.looks_around()
    chips.last.click()
    expect(chips).to_have_count(1)
    expect(chips).to_contain_text("ÂTELIER")
    expect(walk.link(CUSTOMER)).to_be_visible()


def asks(walk: Walk, row: str, field: str, operator: str) -> Locator:
    """She chooses a field and what to ask of it; returns where its value is entered."""
    chooses(walk, row, "field", field)
    chooses(walk, row, "operator", operator)
    return walk.page.locator(f"#filter-value-{row}")


def chooses(walk: Walk, row: str, what: str, value: str) -> None:
    """Without JavaScript a button of the row shows what follows from her choice."""
    control = walk.page.locator(f"#filter-{what}-{row}")
    if walk.scripts:
        with walk.page.expect_response(lambda response: "filter-builder" in response.url):
            control.select_option(value)
    else:
        control.select_option(value)
        condition = walk.page.locator(f"#accounts-filter-condition-{row}")
        condition.get_by_role("button", name=walk.say("Update")).click()
    expect(walk.page.locator(f"#filter-{what}-{row}")).to_have_value(value)
    expect(walk.page.locator(f"#filter-value-{row}")).to_be_visible()


def presses(walk: Walk, name: str) -> None:
    """She presses a button that is seen; Enter has one of its own."""
    walk.page.get_by_role("button", name=walk.say(name), exact=True).last.click()
