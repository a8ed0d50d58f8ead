"""A rep lives through her day: she adds, completes, takes back, puts off, calls."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.integrations.ways import ways
from tests.browser.placed import guests
from tests.browser.walk import Walk

__all__ = ["guests"]
ACCOUNT = "Alpha Cognac"
TOASTS = """() => {
  window.tookBack = [];
  for (const said of ["before", "last"]) {
    const toast = Object.assign(document.createElement("div"), { className: "toast" });
    const button = Object.assign(document.createElement("button"), { textContent: "Undo" });
    button.dataset.key = "z";
    button.addEventListener("click", () => window.tookBack.push(said));
    const close = Object.assign(document.createElement("button"), { className: "toast-close" });
    toast.append(button, close);
    document.querySelector("#toasts").append(toast);
  }
}"""


@pytest.fixture
def walk(guests, way) -> Walk:
    return guests("rita", way)


@ways("on a laptop", "in French", "without JavaScript", "on a phone")
def test_a_rep_lives_through_her_day(walk, way):
    errand = f"Errand {way.language} {way.scripts} {len(way.options)}"

    walk.goes_to("/")
    walk.comes_to(walk.say("My day"))
    adds(walk, errand)
    completes(walk, errand)
    takes_back(walk, errand)
    puts_off(walk, errand)
    row(walk, errand).get_by_role("link", name=ACCOUNT).click()
    walk.comes_to(ACCOUNT)
    walk.logs_call(f"Call about {errand}")
    dismisses_the_toast(walk)
    walk.adds_contact("Ida", errand)


@ways("on a laptop")
def test_a_key_takes_back_what_was_done_last_and_then_what_was_done_before(walk, way):
    walk.goes_to("/day")
    walk.page.evaluate(TOASTS)  # which go by themselves, sooner than they are looked at

    walk.page.keyboard.press("z")
    walk.page.keyboard.press("z")

    assert walk.page.evaluate("window.tookBack") == ["last", "before"]


def adds(walk: Walk, errand: str) -> None:
    """She forgets the account first; what she has typed is kept."""
    add = walk.page.get_by_role("button", name=walk.say("Add"), exact=True)
    walk.field("Subject").fill(errand)
    add.click()
    expect(walk.page.get_by_role("alert")).to_be_visible()
    walk.looks_around()
    expect(walk.field("Subject")).to_have_value(errand)
    walk.field("Account").fill(ACCOUNT)
    add.click()
    walk.is_told("“%(subject)s” added.", subject=errand)
    expect(row(walk, errand)).to_be_visible()
    walk.looks_around()


def completes(walk: Walk, errand: str) -> None:
    """With one key; without JavaScript by its button."""
    if walk.scripts:
        row(walk, errand).get_by_role("link", name=errand).focus()
        walk.page.keyboard.press("d")
    else:
        presses(walk, errand, "Done")
    walk.is_told("“%(subject)s” is done.", subject=errand)
    expect(button(walk, errand, "Reopen")).to_be_visible()
    walk.looks_around()


def takes_back(walk: Walk, errand: str) -> None:
    walk.page.get_by_role("button", name=walk.say("Undo"), exact=True).first.click()
    walk.is_told("“%(subject)s” is as it was.", subject=errand)
    expect(button(walk, errand, "Done")).to_be_visible()


def puts_off(walk: Walk, errand: str) -> None:
    presses(walk, errand, "Next week")
    said = walk.say("“%(subject)s” is put off: %(until)s.", subject=errand, until="…")
    toast = walk.page.locator("#toasts .toast").filter(has_text=said.partition("…")[0])
    expect(toast.first).to_be_visible()
    walk.looks_around()


def dismisses_the_toast(walk: Walk) -> None:
    """On a phone it lies over what she wants to see next; without JavaScript it is in the page."""
    if walk.scripts:
        walk.page.get_by_role("button", name=walk.say("Dismiss")).first.click()


def presses(walk: Walk, errand: str, text: str) -> None:
    button(walk, errand, text).click()


def button(walk: Walk, errand: str, text: str) -> Locator:
    return row(walk, errand).get_by_role("button", name=f"{walk.say(text)}: {errand}")


def row(walk: Walk, errand: str) -> Locator:
    return walk.page.locator("#day-lists tbody tr").filter(has_text=errand)


def test_what_can_be_done_with_a_task_is_read_in_french(open_as):
    page = open_as("rita", locale="fr-FR")
    page.goto("/day")

    cells = page.locator("td.row-actions").filter(has=page.locator("button"))

    hidden = cells.first.evaluate("cell => cell.scrollWidth - cell.clientWidth")
    assert hidden <= 0
