"""The ways in which the stories about Salesforce and Sage Intacct are walked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.look import barriers
from tests.browser.walk import Walk
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
