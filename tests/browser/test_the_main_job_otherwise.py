"""The same work in French, without JavaScript, on a phone, and without a mouse."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.keyboard import focused, press, tab_to
from tests.browser.walk import BY_CODE, Walk, content
from tests.browser.words import english_words, overflow


@dataclass(frozen=True)
class Way:
    """A way to use crmapp, what each page is looked at for, and customers of its own."""

    customers: tuple[str, str]
    company: str
    language: str = "en"
    look: Any = content
    options: dict[str, Any] = field(default_factory=dict)


WAYS = {
    "in French": Way(
        ("C060", "C065"), "Petit Auto", "fr", english_words, {"locale": "fr-FR"}
    ),
    "without JavaScript": Way(
        ("C057", "C068"), "Rovelli Gifts", options={"java_script_enabled": False}
    ),
    "on a phone": Way(
        ("C056", "C070"),
        "Royale Belge",
        look=overflow,
        options={
            "viewport": {"width": 390, "height": 844},
            "has_touch": True,
            "is_mobile": True,
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_manager_does_the_whole_job(open_as, way):
    page = open_as("mona", **way.options)
    scripts = way.options.get("java_script_enabled", True)
    walk = Walk(page, way.language, scripts, way.look)

    works_with_a_prospect(walk, f"Zażółć {way.company}")
    run = adds_customers(walk, way.customers)
    looks_at_what_came(walk, run, way.company)
    walk.goes_to(run)
    walk.undoes()
    walk.waits_for_the_receipt()

    expect(walk.number("Taken back")).to_have_text("1")
    walk.goes_to(f"/accounts?q={way.company}")
    expect(page.locator("#accounts-table")).to_contain_text(f"Zażółć {way.company}")
    expect(page.get_by_role("link", name=way.company, exact=True)).to_have_count(0)


def works_with_a_prospect(walk: Walk, name: str) -> None:
    walk.creates_account(name)
    walk.adds_contact("Adam", "Bąk")
    walk.adds_contact("Łucja", "Żak")
    walk.makes_primary("Łucja Żak")
    walk.logs_call("1/2")
    for tab in ("Details", "Timeline", "Contacts", "Sales"):
        walk.opens_tab(tab)


def adds_customers(walk: Walk, customers: tuple[str, str]) -> str:
    walk.goes_to("/analytics")
    walk.goes_to(BY_CODE)
    walk.selects(*customers)
    walk.starts_adding()
    walk.previews(2)
    walk.opens_tab("To create")
    run = walk.runs(1)
    walk.waits_for_the_receipt()
    for label, number in {"Rows in": 2, "Created": 1, "Unchanged": 1}.items():
        expect(walk.number(label)).to_have_text(str(number))
    return run


def looks_at_what_came(walk: Walk, run: str, company: str) -> None:
    walk.opens_tab("Creations")
    walk.page.locator("#runs-rows").get_by_role("link", name=company, exact=True).click()
    walk.comes_to(company)
    walk.opens_tab("Sales")
    expect(walk.page.locator(".card:has(figure) table")).to_contain_text("USD")
    walk.opens_history()
    number = run.rpartition("/")[2]
    source = walk.say("Run %(id)s: %(title)s", id=number, title="")
    expect(walk.page.get_by_role("link", name=source.strip())).to_be_visible()


# --- by keyboard ---------------------------------------------------------------------------------


def test_the_whole_job_by_keyboard(open_as):
    walk = Walk(open_as("mona"))
    page = walk.page

    enters_a_prospect_by_keyboard(walk)
    page.goto(BY_CODE)
    tab_to(page, "grid-search")
    page.keyboard.type("Royal Canadian")
    expect(page.get_by_text("1 row", exact=True)).to_be_visible()
    assert focused(page) == "grid-search"
    tick = walk.row("C069").get_by_role("checkbox")
    press(page, tick.get_attribute("id") or "", "Space")
    expect(walk.row("C069")).to_have_class("selected")
    expect(tick).to_be_focused()
    uses_the_menu_by_keyboard(walk)
    expect(page.locator("#upserts-mapping")).to_be_visible()
    press(page, "Preview 1 row")
    expect(page.locator(".plan-says")).to_be_visible(timeout=60_000)
    press(page, "Run: 1 account")
    walk.waits_for_the_receipt()
    press(page, "Undo run")
    expect(page.get_by_role("dialog")).to_be_visible()
    press(page, "Undo run")
    page.wait_for_url(lambda url: not url.endswith("/plan"))
    expect(page.get_by_text("Takes back run")).to_be_visible()
    walk.waits_for_the_receipt()
    expect(walk.number("Taken back")).to_have_text("1")


def enters_a_prospect_by_keyboard(walk: Walk) -> None:
    page = walk.page
    page.goto("/accounts")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to content"
    page.keyboard.press("Enter")
    press(page, "New account")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(walk.field("Name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(walk.link("New account").first).to_be_focused()

    page.keyboard.press("Enter")
    expect(walk.field("Name")).to_be_focused()
    page.keyboard.type("Typed Models")
    press(page, "Save")

    walk.comes_to("Typed Models")


def uses_the_menu_by_keyboard(walk: Walk) -> None:
    page = walk.page
    menu = page.locator("#grid-actions")
    button = menu.locator("summary")
    tab_to(page, r"Actions\s+1 selected", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    press(page, r"Add/update account[\s\S]*")
