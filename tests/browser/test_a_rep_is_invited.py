"""A rep is invited, signs in by a code and by a passkey, and meets her territory only."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.look import CALM, barriers
from tests.browser.test_passkeys import PHONE, plug_in
from tests.browser.test_second_step import code_of, enters
from tests.browser.test_who_sees_what import PLACES, addresses_of_accounts
from tests.browser.walk import Walk
from tests.browser.words import english_words, overflow
from tests.support.processes import Installation, eventually

NEW = "a long way to Kyoto"
TERRITORY, ELSEWHERE = "japan", "emea"
IN_EUROPE = "Baane Mini Imports"
"""An account of the demo, and the customer C012 of the grid, that is in no territory of hers."""
STARTS = re.compile(r"/(day|accounts|analytics)?$")
GRID = "/analytics/sales/customers?activity=all&period=total&size=200"
TRANSACTIONS = "/analytics/sales/customers/transactions?of=value.total&period=total"
_COUNT = re.compile(r"(\d+)\D*$")


@dataclass(frozen=True)
class Rep:
    """Who is invited, and an account inside of her territory and one outside."""

    name: str
    email: str
    inside: str
    outside: str


NORA = Rep("Nora North", "nora@invited.example", "Norabashi Models", "Noravik Models")
NINA = Rep("Nina Noir", "nina@invited.example", "Ninabashi Models", "Ninavik Models")


@pytest.mark.parametrize(
    "rep, language, options",
    [
        (NORA, "en", {"locale": "en-GB", **CALM}),
        (NINA, "fr", {"locale": "fr-FR", "viewport": PHONE, **CALM}),
    ],
    ids=["in English", "in French on a phone"],
)
def test_an_invited_rep_sees_her_territory_on_every_path(
    open_as, new_page, site, rep, language, options
):
    def look(page: Page) -> list[str]:
        found = barriers(page) + overflow(page)
        names = (rep.name, rep.inside, rep.outside)
        return found + (english_words(page, names) if language == "fr" else [])

    admin = Walk(open_as("alice", **options), language, look=look)
    there = adds_accounts(admin, rep)
    invites(admin, rep)
    restricts(admin, rep)

    named = site.url.replace("127.0.0.1", "localhost")  # no passkey belongs to a number
    walk = Walk(new_page(base_url=named, **options), language, look=look)
    sets_her_password(walk, rep, site)
    signs_in_by_password(walk, rep)
    key = turns_second_step_on(walk)
    adds_passkey(walk)
    signs_out(walk)
    signs_in_by_password(walk, rep, code_of(key, 0))
    signs_out(walk)
    signs_in_by_passkey(walk)

    seen = sees_her_territory_alone(walk, rep)
    takes_no_other_away(walk, seen)
    finds_nothing_else(walk, rep)
    meets_no_foreign_account(walk, there)
    meets_her_customers_alone_in_the_grid(walk, seen)
    looks_as_she_does(admin, rep, len(seen))


# --- the administrator ----------------------------------------------------------------------------


def adds_accounts(walk: Walk, rep: Rep) -> str:
    """She adds an account to each territory; return the path of the one outside of hers."""
    for name, territory in ((rep.inside, TERRITORY), (rep.outside, ELSEWHERE)):
        walk.page.goto("/accounts/new")
        walk.field("Name").fill(name)
        walk.page.locator("#territory").select_option(territory)
        walk.saves()
        walk.comes_to(name)
    return re.sub(r"^https?://[^/]+", "", walk.page.url)


def invites(walk: Walk, rep: Rep) -> None:
    walk.goes_to("/admin/users/new")
    walk.field("Name").fill(rep.name)
    walk.field("E-mail").fill(rep.email)
    walk.saves()
    walk.is_told("%(name)s is invited by e-mail to set a password.", name=rep.name)
    walk.looks_around()


def restricts(walk: Walk, rep: Rep) -> None:
    opens_person(walk, rep)
    walk.page.get_by_role("link", name=walk.say("Accounts that are seen and changed")).click()
    drawer = walk.page.get_by_role("dialog")
    drawer.get_by_label(walk.say("Sees"), exact=True).select_option("some")
    seen = drawer.get_by_role("group", name=walk.say("Sees beside the person’s own accounts"))
    seen.get_by_label(walk.say("Those of the territories below")).check()
    drawer.locator(f"input[name=territories][value={TERRITORY}]").check()
    walk.looks_around()
    drawer.get_by_role("button", name=walk.say("Save")).click()
    walk.is_told("%(name)s saved.", name=rep.name)


def opens_person(walk: Walk, rep: Rep) -> None:
    walk.goes_to("/admin/users")
    walk.page.get_by_role("link", name=rep.name, exact=True).click()
    title = walk.say("Edit %(name)s", name=rep.name)
    expect(walk.page.get_by_role("dialog").get_by_role("heading", name=title)).to_be_visible()
    walk.looks_around()


def looks_as_she_does(walk: Walk, rep: Rep, count: int) -> None:
    opens_person(walk, rep)
    walk.page.get_by_role("button", name=walk.say("View as %(name)s", name=rep.name)).click()
    banner = walk.page.get_by_role("complementary", name=walk.say("View as somebody else"))
    expect(banner).to_be_visible()
    walk.goes_to("/accounts")
    assert counted(walk.page) == count
    banner.get_by_role("button", name=walk.say("Back to my own view")).click()
    expect(banner).to_have_count(0)


# --- how she comes in -----------------------------------------------------------------------------


def letters_to(site: Installation, rep: Rep) -> list[str]:
    """Return what was written to her: without a mail server letters stand in the log."""
    written = site.output.rpartition("\n")[0].splitlines()  # the last line may still be written
    lines = [json.loads(line) for line in written if line.startswith("{")]
    return [line["text"] for line in lines if line.get("recipient") == rep.email]


def sets_her_password(walk: Walk, rep: Rep, site: Installation) -> None:
    """She follows the letters, from the invitation to the page where the password is set."""
    (invitation,) = eventually(lambda: letters_to(site, rep), "invited her")
    walk.goes_to(path_in(invitation))
    walk.field("E-mail address").fill(rep.email)
    walk.page.get_by_role("button", name=walk.say("Send the link")).click()
    (letter,) = eventually(lambda: letters_to(site, rep)[1:], "sent the link")
    walk.goes_to(path_in(letter))
    for password in ("short", NEW):
        walk.field("New password").fill(password)
        walk.field("New password again").fill(password)
        walk.page.get_by_role("button", name=walk.say("Save the new password")).click()
        if password != NEW:
            expect(walk.page.get_by_role("alert").first).to_be_visible()
            walk.looks_around()
    walk.page.wait_for_url("**/login")
    walk.looks_around()


def path_in(letter: str) -> str:
    found = re.search(r"https?://[^/\s]+(/\S+)", letter)
    assert found, letter
    return found[1]


def signs_in_by_password(walk: Walk, rep: Rep, code: str = "") -> None:
    walk.page.goto("/login")
    walk.field("E-mail address").fill(rep.email)
    walk.field("Password").fill(NEW)
    walk.page.get_by_role("button", name=walk.say("Sign in"), exact=True).click()
    if code:
        walk.page.wait_for_url("**/tf-validate")
        walk.looks_around()
        enters(walk.page, code)
    walk.page.wait_for_url(STARTS)
    walk.looks_around()


def turns_second_step_on(walk: Walk) -> str:
    """She scans the key with her app, and keeps the recovery codes; return the key."""
    walk.goes_to("/tf-setup")
    walk.page.get_by_role("button", name=walk.say("Set it up")).click()
    expect(walk.page.get_by_role("img", name=walk.say("QR code for your app"))).to_be_visible()
    walk.looks_around()
    key = walk.page.locator(".hint code").inner_text()
    enters(walk.page, code_of(key, -1))
    walk.page.get_by_role("button", name=walk.say("Make recovery codes")).click()
    expect(walk.page.locator(".codes code")).to_have_count(10)
    walk.looks_around()
    return key


def adds_passkey(walk: Walk) -> None:
    plug_in(walk.page)
    walk.goes_to("/wan-register")
    walk.field("Name").fill("Phone")
    walk.page.get_by_role("button", name=walk.say("Go on")).click()
    remove = walk.say("Remove %(name)s", name="Phone")
    expect(walk.page.get_by_role("button", name=remove)).to_be_visible()


def signs_out(walk: Walk) -> None:
    walk.page.goto("/preferences/mail")
    walk.page.locator("#person-menu > summary").click()
    walk.page.get_by_role("button", name=walk.say("Sign out")).click()
    walk.page.wait_for_url("**/login")


def signs_in_by_passkey(walk: Walk) -> None:
    walk.page.get_by_role("link", name=walk.say("Sign in with a passkey")).click()
    walk.looks_around()
    walk.page.get_by_role("button", name=walk.say("Go on")).click()
    walk.page.wait_for_url(STARTS)
    walk.looks_around()


# --- what she sees --------------------------------------------------------------------------------


def counted(page: Page) -> int:
    """Return how many accounts the list says that there are."""
    found = _COUNT.search(page.locator(".pager > [role=status]").inner_text())
    assert found
    return int(found[1])


def sees_her_territory_alone(walk: Walk, rep: Rep) -> set[str]:
    """Her list and its count are of her territory; return the names on it."""
    names = set(addresses_of_accounts(walk.page).values())
    assert rep.inside in names
    assert names.isdisjoint({rep.outside, IN_EUROPE})
    walk.goes_to("/accounts")
    assert counted(walk.page) == len(names)
    walk.goes_to(f"/accounts?territory={TERRITORY}")
    assert counted(walk.page) == len(names)
    return names


def takes_no_other_away(walk: Walk, seen: set[str]) -> None:
    """Neither the file of accounts nor the list of contacts has more than her list."""
    walk.page.goto("/accounts")
    with walk.page.expect_download() as taken:
        walk.link("CSV file").click()
    lines = taken.value.path().read_text("utf-8-sig").splitlines()
    assert {row[walk.say("Account")] for row in csv.DictReader(lines)} == seen
    walk.goes_to("/contacts")
    accounts = walk.page.locator("main tbody td:first-of-type").get_by_role("link")
    names = accounts.all_inner_texts()
    assert names
    assert counted(walk.page) == len(names)
    assert set(names) <= seen


def finds_nothing_else(walk: Walk, rep: Rep) -> None:
    """Neither the list nor the palette finds what is not hers."""
    walk.goes_to(f"/accounts?q={rep.outside}")
    expect(walk.page.get_by_text(walk.say("No account matches"))).to_be_visible()
    for words, found in ((rep.outside, 0), (IN_EUROPE, 0), (rep.inside, 1)):
        walk.page.goto("/accounts")
        expect(offered(walk, words)).to_have_count(found)
        walk.looks_around()


def offered(walk: Walk, words: str) -> Locator:
    """Return the accounts that the palette offers for words, once it has looked for them."""
    walk.page.locator(".find").click()
    walk.page.locator("#palette-words").fill(words)
    results = walk.page.locator("#palette-results")
    expect(results).to_have_attribute("data-words", words)
    return results.locator("[id^=palette-accounts-]")


def meets_no_foreign_account(walk: Walk, there: str) -> None:
    for place in PLACES:
        answer = walk.page.goto(there + place)
        assert answer
        assert answer.status == 404, place
        expect(walk.page.get_by_role("heading", level=1)).to_have_text(
            walk.say("There is nothing here")
        )
    walk.looks_around()


def meets_her_customers_alone_in_the_grid(walk: Walk, seen: set[str]) -> None:
    walk.goes_to(GRID)
    note = walk.say("You see the figures of the accounts that are open to you.")
    expect(walk.page.locator("#grid-notes")).to_contain_text(note)
    customers = walk.page.locator("#grid-table tbody").get_by_role("rowheader").all_inner_texts()
    assert customers
    assert set(customers) <= seen
    assert IN_EUROPE not in customers
    for customer, hidden in (("C026", 0), ("C012", 1)):
        walk.goes_to(f"{TRANSACTIONS}&key={customer}")
        nothing = walk.page.get_by_role("heading", name=walk.say("No transactions"), exact=True)
        expect(nothing).to_have_count(hidden)
    expect(walk.page.locator("body")).not_to_contain_text(IN_EUROPE)
