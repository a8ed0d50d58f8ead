"""A manager keeps a view of the accounts and shares it; a reader opens it first from then on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import arrive
from tests.browser.look import CALM, barriers
from tests.browser.walk import Walk, content
from tests.browser.words import english_words, overflow


@dataclass(frozen=True)
class Way:
    """A way to use crmapp, what each page is looked at for, and a view of its own."""

    view: str
    language: str = "en"
    look: Any = content
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def scripts(self) -> bool:
        return bool(self.options.get("java_script_enabled", True))


WAYS = {
    "on a laptop": Way("Zulu 71", look=barriers, options=dict(CALM)),
    "in French": Way("Zulu 72", "fr", english_words, {"locale": "fr-FR"}),
    "without JavaScript": Way("Zulu 73", options={"java_script_enabled": False}),
    "on a phone": Way(
        "Zulu 74",
        look=overflow,
        options={
            "viewport": {"width": 390, "height": 844},
            "has_touch": True,
            "is_mobile": True,
        },
    ),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_manager_shares_a_view_and_a_reader_opens_it_first(open_as, way):
    mona, vera = (
        Walk(open_as(who, **way.options), way.language, way.scripts, way.look)
        for who in ("mona", "vera")
    )

    keeps_a_view(mona, way.view)
    changes_it(mona, way.view)
    opens_it_first(vera, way.view)
    deletes_it(mona, way.view)

    vera.goes_to("/accounts")
    gone = vera.say("The view that opened first is not open to you any more")
    expect(vera.page.get_by_text(gone)).to_be_visible()
    presses(vera, "Open all accounts first")
    vera.is_told("All accounts open first again.")


def line(walk: Walk):
    """Return the line about the view that is open."""
    return walk.page.locator("#accounts-view")


def presses(walk: Walk, button: str) -> None:
    walk.page.get_by_role("button", name=walk.say(button), exact=True).click()


def filters(walk: Walk, name: str, value: str) -> None:
    if walk.scripts:
        walk.page.wait_for_selector("[data-htmx-powered]", state="attached")
    walk.page.locator(f"#accounts-filter [name={name}]").select_option(value)
    if not walk.scripts:
        presses(walk, "Apply")


def keeps_a_view(walk: Walk, name: str) -> None:
    """She forgets the name first; what she chose is kept."""
    arrive(walk.page, "/accounts") if walk.scripts else walk.goes_to("/accounts")
    filters(walk, "active", "yes")
    walk.link("Save as view").click()
    walk.comes_to(walk.say("Save as view"))
    walk.field("Everyone who may see accounts").check()
    walk.saves()
    expect(walk.page.get_by_role("alert")).to_be_visible()
    walk.looks_around()
    expect(walk.field("Everyone who may see accounts")).to_be_checked()
    walk.field("Name").fill(name)
    walk.saves()
    walk.is_told("View “%(name)s” saved.", name=name)
    expect(line(walk)).to_contain_text(name)


def changes_it(walk: Walk, name: str) -> None:
    """She changes its list, thinks better of it, changes it again and saves."""
    mark = line(walk).get_by_text(walk.say("Changed"), exact=True)
    filters(walk, "owner", "none")
    expect(mark).to_be_visible()
    walk.looks_around()
    walk.link("Discard").click()
    expect(walk.page.locator("#accounts-filter [name=owner]")).to_have_value("")
    expect(mark).to_have_count(0)
    filters(walk, "owner", "none")
    expect(mark).to_be_visible()
    presses(walk, "Save")
    walk.is_told("The view shows this list from now on.")
    expect(mark).to_have_count(0)
    expect(walk.page.locator("#accounts-filter [name=owner]")).to_have_value("none")


def opens_it_first(walk: Walk, name: str) -> None:
    """A reader finds it in the menu, sees how many accounts it holds, and lets it open first."""
    walk.goes_to("/accounts")
    walk.page.locator("#accounts-view-menu > summary").click()
    entry = walk.page.locator("#accounts-view-menu .menu-item").filter(has_text=name)
    if walk.scripts:
        expect(entry.locator(".count")).not_to_be_empty()
    walk.looks_around()
    entry.click()
    expect(line(walk)).to_contain_text(name)
    walk.looks_around()
    walk.page.locator("#accounts-view-more > summary").click()
    expect(walk.link("Rename or share")).to_have_count(0)
    presses(walk, "Open this view first")
    walk.is_told("This view opens first from now on.")
    walk.goes_to("/accounts")
    expect(line(walk)).to_contain_text(name)
    walk.link("All accounts").click()
    expect(walk.page.locator("#accounts-filter [name=owner]")).to_have_value("")


def deletes_it(walk: Walk, name: str) -> None:
    walk.page.locator("#accounts-view-more > summary").click()
    walk.link("Delete").click()
    walk.comes_to(walk.say("Delete %(name)s?", name=name))
    presses(walk, "Delete view")
    walk.is_told("View “%(name)s” deleted.", name=name)


def test_a_list_is_edited_and_its_views_are_chosen_by_keys(open_as):
    page = open_as("alice")
    arrive(page, "/accounts")

    page.keyboard.press("v")
    expect(page.locator("#accounts-view-menu")).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    first = page.locator("#accounts-table tbody th a").first
    expect(first).to_be_focused()
    name = first.text_content()
    page.keyboard.press("e")

    page.wait_for_url("**/edit")
    expect(page.get_by_label("Name", exact=True)).to_have_value(name or "")
