"""A manager gives many accounts to somebody else: chosen, looked at, done and taken back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import arrive
from tests.browser.integrations.ways import PHONE, Way, ways
from tests.browser.walk import WORKED, Walk

NAMES = ("Anna", "Ben", "Cleo")


@ways("on a laptop", "in French", "without JavaScript", "on a phone")
def test_a_manager_reassigns_all_that_match_but_one_and_undoes_it(open_as, way: Way):
    locale = {"fr": "fr-FR"}.get(way.language, "en-GB")
    page = open_as("mona", locale=locale, reduced_motion="reduce", **way.options)
    walk = Walk(page, way.language, way.scripts, way.look)
    family = f"Zwilling {way.language}{len(way.options)}{way.scripts}"
    adds(walk, family)
    chooses_all_but_ben(walk, family)

    asks_for_an_owner(walk, family)
    sees_what_would_happen(walk)
    walk.runs(2)
    walk.waits_for_the_receipt()
    expect(walk.number("Changed")).to_have_text("2")
    run = page.url
    assert owners(walk, family) == ["Rita Rep", "Mona Manager", "Rita Rep"]

    walk.goes_to(run)
    walk.undoes()
    walk.waits_for_the_receipt()
    assert owners(walk, family) == ["Mona Manager"] * 3


def adds(walk: Walk, family: str) -> None:
    for name in NAMES:
        walk.page.goto("/accounts/new")
        walk.field("Name").fill(f"{family} {name}")
        walk.saves()
        walk.comes_to(f"{family} {name}")


def chooses_all_but_ben(walk: Walk, family: str) -> None:
    """Without JavaScript she ticks those that she means; with it, all on the page and then all."""
    page = walk.page
    walk.goes_to(f"/accounts?q={family}")
    boxes = [tick(walk, f"{family} {name}") for name in NAMES]
    if not walk.scripts:
        boxes[0].check()
        boxes[2].check()
        return
    bar = page.locator("#accounts-bulk-bar")
    expect(bar).to_be_hidden()
    page.locator("#accounts-tick-all").check()
    every = page.get_by_label(re.compile(walk.say("Select all: %(label)s", label="")))
    every.check()
    boxes[1].uncheck()
    expect(every).to_be_checked()
    expect(bar).to_be_visible()
    walk.looks_around()


def tick(walk: Walk, name: str):
    return walk.page.get_by_label(walk.say("Select %(name)s", name=name), exact=True)


def asks_for_an_owner(walk: Walk, family: str) -> None:
    page = walk.page
    page.locator("#accounts-bulk-menu > summary").click()
    page.get_by_role("button", name=walk.say("Assign owner")).click()
    walk.comes_to(walk.say("Assign owner"))
    preview = page.locator("#accounts-bulk").get_by_role("button", name=walk.say("Preview"))
    preview.click()
    wrong = walk.say("Enter a value, or say that the field is to be emptied.")
    expect(page.locator("#accounts-bulk .err")).to_contain_text(wrong)
    walk.looks_around()
    page.locator("#owner_id").select_option(label="Rita Rep")
    preview.click()


def sees_what_would_happen(walk: Walk) -> None:
    text = walk.count("%(count)s account changes.", "%(count)s accounts change.", 2)
    expect(walk.page.locator(".plan-says")).to_contain_text(text, timeout=WORKED)
    expect(walk.page.locator("#runs-rows")).to_contain_text("Rita Rep")
    walk.looks_around()


def owners(walk: Walk, family: str) -> list[str]:
    walk.page.goto(f"/accounts?q={family}")
    rows = walk.page.locator("#accounts-region tbody tr")
    expect(rows).to_have_count(3)
    return [row.locator("td").nth(5).inner_text() for row in rows.all()]


def test_a_manager_deletes_many_and_restores_them_in_the_list_of_the_deleted(open_as):
    page = open_as("mona")
    walk = Walk(page)
    adds(walk, "Surplus")
    for address, action in (("?q=Surplus", "Delete"), ("?deleted=yes&q=Surplus", "Restore")):
        walk.goes_to(f"/accounts{address}")
        page.locator("#accounts-tick-all").check()
        page.locator("#accounts-bulk-menu > summary").click()
        page.get_by_role("button", name=action, exact=True).click()
        page.locator("#accounts-bulk").get_by_role("button", name="Preview").click()
        expect(page.locator(".plan-says")).to_contain_text("3 accounts change.", timeout=WORKED)
        walk.runs(3)
        walk.waits_for_the_receipt()

    page.goto("/accounts?q=Surplus")

    expect(page.locator("#accounts-region tbody tr")).to_have_count(3)


def test_rows_are_ticked_by_keyboard_and_a_range_with_shift(open_as):
    page = open_as("mona")
    arrive(page, "/accounts?sort=number")
    boxes = page.locator("#accounts-region tbody .tick input")
    said = page.locator("#accounts-bulk-bar .bulk-count")

    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(said).to_have_text("1 account selected")
    boxes.nth(1).click()
    boxes.nth(4).click(modifiers=["Shift"])

    expect(said).to_have_text("5 accounts selected")
    page.locator("#accounts-tick-all").check()
    expect(said).to_have_text(re.compile(r"^\d{2,} accounts selected$"))
    page.locator("#accounts-bulk-clear").click()
    expect(page.locator("#accounts-bulk-bar")).to_be_hidden()


def test_ticks_stay_from_page_to_page_until_the_list_asks_for_others(open_as):
    page = open_as("mona")
    arrive(page, "/accounts?sort=number")
    boxes = page.locator("#accounts-region tbody .tick input")
    said = page.locator("#accounts-bulk-bar .bulk-count")
    first = boxes.nth(0).get_attribute("value")

    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("n")
    expect(page.locator(f"#account-{first}-tick")).to_have_count(0)
    expect(said).to_have_text("1 account selected")
    boxes.nth(0).check()
    boxes.nth(1).check()
    second = boxes.nth(1).get_attribute("value")
    expect(said).to_have_text("3 accounts selected")
    page.keyboard.press("p")

    expect(page.locator(f"#account-{first}-tick")).to_be_checked()
    expect(boxes.nth(1)).not_to_be_checked()
    page.locator("#accounts-bulk-menu > summary").click()
    page.get_by_role("button", name="Add tags").click()
    expect(page.locator("#accounts-bulk .bulk-says")).to_contain_text("3 accounts")
    sent = page.locator("#accounts-bulk input[name=id]").get_attribute("value").split(",")
    assert {first, second} < set(sent)
    page.keyboard.press("Escape")
    page.locator('main input[type="search"]').first.fill("a")
    expect(page.locator("#accounts-bulk-bar")).to_be_hidden()


def test_all_that_match_but_one_stay_so_on_the_next_page(open_as):
    page = open_as("mona")
    arrive(page, "/accounts?sort=number")
    boxes = page.locator("#accounts-region tbody .tick input")
    page.locator("#accounts-tick-all").check()
    page.locator("#accounts-bulk-all").check()
    left = boxes.nth(2).get_attribute("value")
    boxes.nth(2).uncheck()

    page.get_by_role("link", name="Next page").click()

    expect(page.locator(f"#account-{left}-tick")).to_have_count(0)
    expect(page.locator("#accounts-bulk-all")).to_be_checked()
    expect(boxes.nth(2)).to_be_checked()
    page.locator("#accounts-bulk-menu > summary").click()
    page.get_by_role("button", name="Add tags").click()
    expect(page.locator("#accounts-bulk input[name=without]")).to_have_value(left)


@pytest.mark.parametrize("locale", ["en-GB", "fr-FR"])
def test_all_that_can_be_done_is_read_on_a_phone(open_as, locale):
    page = open_as("mona", locale=locale, **PHONE)
    page.goto("/accounts?q=auto")
    page.locator("#accounts-tick-all").check()

    page.locator("#accounts-bulk-menu > summary").click()

    menu = page.locator("#accounts-bulk-menu .menu-box").bounding_box()
    assert menu["x"] >= 0
    assert menu["x"] + menu["width"] <= 390
