"""A rep types an account that exists already: she is told, uses it, or says why it is another."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.integrations.ways import PHONE, PLAIN, barriers_at_full_height
from tests.browser.look import CALM
from tests.browser.walk import Walk
from tests.browser.words import english_words, overflow


@dataclass(frozen=True)
class Way:
    """A way to walk: whom she deals with, by what phone number, in which language, with what."""

    company: str
    phone: str
    language: str = "en"
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def scripts(self) -> bool:
        return bool(self.options.get("java_script_enabled", True))

    def look(self, page):
        found = overflow(page) + (english_words(page) if self.language == "fr" else [])
        return found + (barriers_at_full_height(page) if self.scripts else [])


WAYS = {
    "on a laptop": Way("Quartz Lanterns", "5550111"),
    "in French": Way("Ybarra Fountains", "5550122", "fr", {"locale": "fr-FR"}),
    "without JavaScript": Way("Wexford Kilns", "5550133", options=PLAIN),
    "on a phone": Way("Ulverston Sails", "5550144", options=PHONE),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_rep_is_told_of_an_account_that_exists(open_as, way):
    walk = Walk(open_as("rita", **CALM, **way.options), way.language, way.scripts, way.look)
    types_new_account(walk, way.company, f"+33 1 7{way.phone}")
    walk.saves()
    walk.comes_to(way.company)

    uses_the_one_that_exists(walk, way)
    creates_another_all_the_same(walk, way)


def types_new_account(walk: Walk, name: str, phone: str) -> None:
    walk.opens_form_of_a_new_account()
    walk.field("Name").fill(name)
    walk.field("Phone").fill(phone)


def uses_the_one_that_exists(walk: Walk, way: Way) -> None:
    """With scripts she is told while she types, else when she saves; she types nothing twice."""
    walk.opens_form_of_a_new_account()
    walk.field("Name").fill("Somebody Else")
    walk.field("Location").fill("Pontoise")
    walk.field("Phone").fill(f"01 7{way.phone}")
    if not way.scripts:
        walk.saves()
    found = said(walk, "#accounts-hints-phone")
    expect(found).to_contain_text(way.company)
    expect(found).to_contain_text(walk.say("Same phone number"))
    walk.looks_around()
    use = f"{walk.say('Use this instead')} {way.company}"
    found.get_by_role("button", name=use, exact=True).click()

    walk.comes_to(walk.say("Edit %(name)s", name=way.company))
    expect(walk.field("Location")).to_have_value("Pontoise")
    expect(walk.field("Name")).to_have_value(way.company)
    walk.saves()
    walk.is_told("Account “%(name)s” saved.", name=way.company)


def creates_another_all_the_same(walk: Walk, way: Way) -> None:
    """She is asked why first, and history keeps what she says."""
    other = f"Neighbours of {way.phone}"
    types_new_account(walk, other, f"01 7{way.phone}")
    walk.saves()
    expect(walk.page.locator(".may-exist")).to_contain_text(way.company)
    expect(walk.field("Name")).to_have_value(other)
    if way.scripts:  # who works by keyboard stands at what is asked
        expect(walk.page.locator(".may-exist")).to_be_focused()
    walk.looks_around()
    anyway = walk.page.get_by_role("button", name=walk.say("Create anyway"))
    anyway.click()
    reason = walk.field("Why is this another account?")
    said = re.sub(r"\\?\s", r"\\s", re.escape(walk.say(TOO_SHORT)))
    expect(reason).to_have_accessible_description(re.compile(said))
    reason.fill("They share a switchboard")
    anyway.click()

    walk.is_told("Account “%(name)s” added.", name=other)
    walk.opens_history()
    expect(walk.page.locator(".timeline")).to_contain_text("They share a switchboard")
    expect(walk.page.locator(".timeline")).to_contain_text(way.company)


TOO_SHORT = "Say in a few words why this is another account; at least three letters."


def said(walk: Walk, place: str) -> Locator:
    return walk.page.locator(place).get_by_role("listitem")


def test_who_presses_enter_in_a_hinted_field_saves_and_takes_no_hint(open_as):
    walk = Walk(open_as("rita"))
    types_new_account(walk, "Halcyon Trellises", "+33 1 75550155")
    walk.saves()
    walk.comes_to("Halcyon Trellises")
    types_new_account(walk, "Somebody Else", "01 75550155")
    expect(said(walk, "#accounts-hints-phone")).to_have_count(1)

    walk.field("Phone").press("Enter")

    expect(walk.page.locator(".may-exist")).to_be_visible()
    walk.comes_to("New account")
