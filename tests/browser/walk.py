"""A person's way through the pages, step by step, in her language."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

from babel.support import Translations
from playwright.sync_api import Locator, Page, expect

from crmapp.config import ROOT

FRENCH = Translations.load(ROOT / "crmapp" / "translations", ["fr"])
BY_CODE = "/analytics/sales/customers?activity=all&sort=code&size=25&page=3"
"""The grid from customer C051 to C075: ten accounts of the demo, and fifteen that are none yet."""
WORKED = 60_000
"""Milliseconds within which a worker has done a small job, on a busy machine too."""


def content(_page: Page) -> list[str]:
    """Find nothing wrong with a page."""
    return []


@dataclass
class Walk:
    """What somebody does on ``page``; ``look`` finds what is wrong with each page she comes to."""

    page: Page
    language: str = "en"
    scripts: bool = True
    look: Callable[[Page], list[str]] = content

    # --- her language ---------------------------------------------------------------------------

    def say(self, text: str, **values: object) -> str:
        """Return ``text`` of a page in her language."""
        said = FRENCH.ugettext(text) if self.language == "fr" else text
        return said % values if values else said

    def count(self, one: str, several: str, count: int) -> str:
        """Return a text about ``count`` things in her language."""
        if self.language == "fr":
            return FRENCH.ungettext(one, several, count) % {"count": count}
        return (one if count == 1 else several) % {"count": count}

    def say_of_one(self, state: str) -> str:
        """Return a state that is counted as it is said of one: what is said of more begins so."""
        if self.language != "fr":
            return state
        said = str(FRENCH.npgettext("count", state, state, 1))
        return self.say(state) if said == state else said

    # --- what she sees --------------------------------------------------------------------------

    def looks_around(self) -> None:
        self.page.wait_for_load_state()  # a page that is still coming may have no document yet
        found = self.look(self.page)
        assert not found, f"{self.page.url}: {found}"

    def need_not_scroll(self, table: str) -> None:
        """Nothing of a table lies beside what is seen of it."""
        hidden = self.page.locator(table).evaluate("box => box.scrollWidth - box.clientWidth")
        assert hidden <= 0, f"{self.page.url}: {hidden} pixels of {table} are hidden"

    def goes_to(self, address: str) -> None:
        self.page.goto(address)
        self.looks_around()

    def comes_to(self, heading: str) -> None:
        expect(self.page.get_by_role("heading", level=1, name=heading)).to_be_visible()
        self.looks_around()

    def is_told(self, text: str, **values: object) -> Locator:
        """She reads a toast."""
        toast = self.page.locator("#toasts .toast").filter(has_text=self.say(text, **values))
        expect(toast.first).to_be_visible()
        return toast.first

    def opens_tab(self, name: str) -> None:
        said = re.compile(rf"^{re.escape(self.say(name))}(\s\d.*)?$")  # maybe with a count
        tab = self.page.locator(".tabs").get_by_role("link", name=said)
        tab.click()
        expect(tab).to_have_attribute("aria-current", "page")
        self.looks_around()

    def opens_history(self) -> None:
        """Of the account's timeline she wants the changes alone."""
        self.opens_tab("Timeline")
        self.shows("Changes")

    def shows(self, kind: str) -> None:
        """She looks at one kind of what stands on the timeline."""
        chip = self.page.locator(".kinds").get_by_role("link", name=self.say(kind), exact=True)
        chip.click()
        expect(chip).to_have_attribute("aria-current", "true")
        self.looks_around()

    def number(self, label: str) -> Locator:
        """Return the number that stands at ``label`` on a receipt."""
        stat = self.page.locator(".stat").filter(has_text=self.say_of_one(label))
        return stat.locator("b").first

    # --- what she does with accounts ------------------------------------------------------------

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("main").get_by_role("link", name=self.say(name), exact=True)

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(self.say(label), exact=True)

    def saves(self) -> None:
        self.page.get_by_role("button", name=self.say("Save"), exact=True).click()

    def opens_form_of_a_new_account(self) -> None:
        self.goes_to("/accounts")
        self.link("New account").first.click()
        self.comes_to(self.say("New account"))

    def creates_account(self, name: str) -> None:
        """She makes a mistake first; what she has typed is kept. No other account has its phone."""
        phone = f"+48 {crc32(name.encode()):010}"
        self.opens_form_of_a_new_account()
        self.field("Phone").fill(phone)
        self.saves()
        expect(self.page.get_by_role("alert")).to_be_visible()
        self.looks_around()
        expect(self.field("Phone")).to_have_value(phone)
        self.field("Name").fill(name)
        self.saves()
        self.is_told("Account “%(name)s” added.", name=name)
        self.comes_to(name)

    def chooses(self, action: str) -> None:
        """She opens the menu of the account and chooses what to do."""
        self.page.locator("#accounts-record-menu > summary").click()
        self.page.locator("#accounts-record-menu").get_by_text(self.say(action)).click()

    def adds_contact(self, first: str, last: str) -> None:
        self.chooses("Add a contact")
        self.comes_to(self.say("New contact"))
        self.field("First name").fill(first)
        self.field("Last name").fill(last)
        self.saves()
        expect(self.page.get_by_role("rowheader", name=f"{first} {last}")).to_be_visible()
        self.looks_around()

    def makes_primary(self, name: str) -> None:
        button = self.say("Make %(name)s the primary contact", name=name)
        self.page.get_by_role("button", name=button).click()
        row = self.page.get_by_role("rowheader", name=name)
        expect(row.get_by_text(self.say("Primary"), exact=True)).to_be_visible()
        expect(self.page.get_by_role("button", name=button)).to_have_count(0)

    def logs_call(self, subject: str) -> None:
        self.link("Log a call").first.click()
        self.comes_to(self.say("New call"))
        self.field("Subject").fill(subject)
        self.saves()
        expect(self.page.locator(".event").filter(has_text=subject)).to_be_visible()
        self.looks_around()

    # --- what she does with customers -----------------------------------------------------------

    def row(self, code: str) -> Locator:
        """Return the row of the customer with ``code`` in the grid."""
        cell = self.page.locator("td").filter(has_text=re.compile(rf"^\s*{code}\s*$"))
        return self.page.locator("#grid-table tbody tr").filter(has=cell)

    def selects(self, *codes: str) -> None:
        for code in codes:
            if self.scripts:
                self.row(code).get_by_role("rowheader").click()
                expect(self.row(code)).to_have_class("selected")
            else:
                self.row(code).get_by_role("checkbox").check()
        if not self.scripts:
            self.page.locator("#grid-foot").get_by_text(self.say("Update selection")).click()
        for code in codes:
            expect(self.row(code).get_by_role("checkbox")).to_be_checked()

    def opens_actions(self) -> Locator:
        self.page.locator("#grid-actions > summary").click()
        return self.page.locator("#grid-actions .menu-box")

    def starts_adding(self) -> None:
        action = self.opens_actions().get_by_role("button", name=self.say("Add/update account"))
        action.click()
        self.comes_to(self.say("Add/update accounts"))
        expect(self.page.locator("#upserts-mapping")).to_be_visible()

    def previews(self, count: int) -> None:
        text = self.count("Preview %(count)s row", "Preview %(count)s rows", count)
        self.page.get_by_role("button", name=text, exact=True).click()
        expect(self.page.locator("#upserts-plan .plan-says")).to_be_visible(timeout=WORKED)
        self.looks_around()

    def runs(self, count: int) -> str:
        """She runs the plan; return the address of the run."""
        text = self.count("Run: %(count)s account", "Run: %(count)s accounts", count)
        self.page.get_by_role("button", name=text, exact=True).click()
        self.page.wait_for_url(re.compile(r"/runs/\d+$"))
        self.is_told("The run has begun.")
        self.looks_around()
        return self.page.url

    def undoes(self) -> str:
        """She takes back the run that she looks at; return the address of the undo."""
        before = self.page.url
        self.link("Undo run").click()
        self.comes_to(self.say("Undo run %(id)s?", id=before.rpartition("/")[2]))
        self.page.get_by_role("button", name=self.say("Undo run"), exact=True).click()
        self.page.wait_for_url(lambda url: re.search(r"/runs/\d+$", url) and url != before)
        self.is_told("The undo has begun.")
        return self.page.url

    def waits_for_the_receipt(self, status: str = "Completed") -> None:
        tag = self.page.locator("#runs-run > .bar .tag").first
        expect(tag).to_have_text(self.say(status), timeout=WORKED)
        expect(self.page.get_by_text(self.say("The receipt balances"))).to_be_visible()
        self.looks_around()
