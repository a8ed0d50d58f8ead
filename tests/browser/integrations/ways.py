"""The ways in which the stories about Salesforce and Sage Intacct are walked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.look import barriers
from tests.browser.walk import WORKED, Walk
from tests.browser.words import REMOTE, english_words, overflow

CUSTOMER, NUMBER = "Atelier graphique", "C005"


@dataclass(frozen=True)
class Way:
    """A way to use crmapp: in which language, and with what."""

    language: str = "en"
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def scripts(self) -> bool:
        return bool(self.options.get("java_script_enabled", True))

    def look(self, page: Page) -> list[str]:
        found = overflow(page)
        if self.scripts:
            found += barriers_at_full_height(page)
        return found + (english_words(page, REMOTE) if self.language == "fr" else [])


def barriers_at_full_height(page: Page) -> list[str]:
    """Find barriers with the whole page in sight: what sticks to the bottom covers nothing."""
    size = page.viewport_size
    assert size
    height = page.evaluate("() => document.documentElement.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], height + 100)})
    found = barriers(page)
    page.set_viewport_size(size)
    return found


PLAIN = {"java_script_enabled": False}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
WAYS = {
    "on a laptop": Way(),
    "in French": Way("fr"),
    "without JavaScript": Way(options=PLAIN),
    "on a phone": Way(options=PHONE),
}


def ways(*names: str) -> Any:
    return pytest.mark.parametrize("way", [WAYS[name] for name in names], ids=names)


def opens_other_tab(walk: Walk, subscription: str) -> None:
    """She comes there from the sections of the administration."""
    walk.goes_to("/admin")
    walk.link("Subscriptions").first.click()
    walk.comes_to(walk.say("Subscriptions"))
    card = walk.page.locator("section, article, li").filter(
        has=walk.page.get_by_role("heading", name=walk.say(subscription))
    )
    card.last.get_by_role("link", name=re.compile(f"^{walk.say('Configure')}")).click()
    walk.comes_to(walk.say(subscription))
    walk.opens_tab("Other")


def enables(walk: Walk) -> None:
    """She comes from the sections of the administration, and confirms what she reads."""
    walk.goes_to("/admin")
    walk.link("Subscriptions").first.click()
    walk.comes_to(walk.say("Subscriptions"))
    walk.link("Configure").click()
    walk.comes_to(walk.say("Advanced CRM Integration"))
    walk.field("Synchronize accounts").check()
    walk.saves()
    confirm = walk.page.get_by_role("button", name=walk.say("Confirm and save"))
    expect(confirm).to_be_visible()
    if walk.scripts:  # who works by keyboard stands at what is asked
        expect(walk.page.locator("[data-summary]")).to_be_focused()
    walk.looks_around()
    confirm.click()
    walk.is_told("The settings are saved.")
    walk.looks_around()


def disables(walk: Walk) -> None:
    walk.goes_to("/admin/subscriptions/advanced-crm")
    walk.field("Synchronize accounts").uncheck()
    walk.saves()
    walk.is_told("The settings are saved.")


def opens_customer(walk: Walk) -> None:
    walk.goes_to(f"/accounts?q={NUMBER}")
    walk.page.get_by_role("link", name=CUSTOMER, exact=True).click()
    walk.comes_to(CUSTOMER)


def sees_that_it_is_synchronized(walk: Walk) -> None:
    tag = walk.page.get_by_text(walk.say("Synchronized"), exact=True)
    expect(tag).to_be_visible(timeout=WORKED)
    walk.looks_around()


def synchronizes_now(walk: Walk) -> None:
    walk.page.get_by_role("button", name=walk.say("Synchronize now")).click()
    walk.is_told("The synchronization has begun.")
    sees_that_it_is_synchronized(walk)
    walk.page.reload()
