"""A manager finds two accounts that are one customer, merges them, and takes it back."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.browser.integrations.ways import ways
from tests.browser.walk import WORKED, Walk
from tests.support.processes import eventually

WORDS = {(True, "en", 0): "Laptop", (True, "fr", 0): "Studio", (False, "en", 1): "Paper"}


@ways("on a laptop", "in French", "without JavaScript", "on a phone")
def test_a_manager_merges_two_accounts_and_takes_it_back(guests, way):
    walk = guests("mona", way)
    word = WORDS.get((way.scripts, way.language, len(way.options)), "Mobile")
    one, other = f"{word} Gears", f"{word} Wheels"
    email = f"{word}@gears.example"
    stays = adds(walk, one, email)
    goes = adds(walk, other, email, although="Another department")

    searches(walk, one)
    merges(walk, one, other)
    finds_it_under_its_old_address(walk, stays, goes)
    takes_it_back(walk, stays)
    walk.goes_to(goes)
    walk.comes_to(other)


def adds(walk: Walk, name: str, email: str, although: str = "") -> str:
    """She adds an account, perhaps ``although`` there is one like it; return its address."""
    walk.opens_form_of_a_new_account()
    walk.field("Name").fill(name)
    walk.field("E-mail").fill(email)
    walk.saves()
    if although:
        walk.field("Why is this another account?").fill(although)
        walk.page.get_by_role("button", name=walk.say("Create anyway")).click()
    walk.comes_to(name)
    return walk.page.url


def pair(walk: Walk, name: str) -> Locator:
    return walk.page.get_by_role("article").filter(has_text=name)


def searches(walk: Walk, name: str) -> None:
    walk.goes_to("/accounts")
    walk.link("Accounts that may be the same").click()
    walk.comes_to(walk.say("Accounts that may be the same"))
    button = re.compile(f"^{walk.say('Search now')}|{walk.say('Search again')}$")
    walk.page.get_by_role("button", name=button).click()

    def found() -> bool:
        walk.page.goto("/accounts/duplicates")
        return pair(walk, name).count() == 1

    eventually(found, "found the pair", seconds=WORKED / 1000)
    expect(pair(walk, name)).to_contain_text(walk.say("Same e-mail address"))
    walk.looks_around()


def merges(walk: Walk, one: str, other: str) -> None:
    pair(walk, one).get_by_role("link", name=walk.say("Merge…")).click()
    heading = walk.page.get_by_role("heading", name=walk.say("Merge into %(name)s", name=one))
    expect(heading.first).to_be_visible()
    walk.looks_around()
    name = walk.page.get_by_role("group", name=walk.say("Name"), exact=True)
    name.get_by_label(other).check()
    walk.page.get_by_role("button", name=walk.say("Merge"), exact=True).click()
    walk.is_told("Merged. The run that did it can be undone: see the history.")
    walk.comes_to(other)


def finds_it_under_its_old_address(walk: Walk, stays: str, goes: str) -> None:
    walk.goes_to(goes)
    expect(walk.page).to_have_url(stays)


def takes_it_back(walk: Walk, stays: str) -> None:
    walk.goes_to(f"{stays}/history")
    walk.page.get_by_role("link", name=re.compile("→")).first.click()
    walk.waits_for_the_receipt()
    walk.undoes()
    walk.waits_for_the_receipt()
