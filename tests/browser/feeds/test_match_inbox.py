"""A feed is not certain of some customers; an administrator says which accounts they are."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.browser.integrations.ways import ways
from tests.browser.walk import WORKED, Walk
from tests.support.processes import eventually

CITIES = ("Lyon", "Reims", "Québec")
WORDS = {(True, "en", 0): "Laptop", (True, "fr", 0): "Studio", (False, "en", 1): "Paper"}


@ways("on a laptop", "in French", "without JavaScript", "on a phone")
def test_an_admin_says_which_accounts_uncertain_customers_are(walks, place, erp, way):
    walk = walks("alice", way)
    word = WORDS.get((way.scripts, way.language, len(way.options)), "Mobile")
    for kind in ("Bolts", "Cogs", "Drills"):
        walk.creates_account(f"{word} {kind}")
    feeds(place, erp, word)

    comes_to_the_inbox(walk, word)
    sees_what_differs(walk, f"{word} Boults")
    answers_several_at_once(walk, word)
    runs_the_mapping(walk, word)
    finds_the_account(walk, word)
    withdraws(walk, word)


def feeds(place, erp: Path, word: str) -> None:
    """Three customers whose names are nearly those of accounts, and one that is plainly new."""
    database = erp / f"{word}.db"
    kinds = ("Boults", "Cougs", "Dreills")
    rows = [(f"{word[0]}{n}", f"{word} {kind}", CITIES[n]) for n, kind in enumerate(kinds)]
    rows.append((f"{word[0]}9", f"Quite another {word}", "Lyon"))
    with closing(sqlite3.connect(database)) as there, there:
        there.execute("CREATE TABLE customer (number TEXT PRIMARY KEY, name TEXT, city TEXT)")
        there.executemany("INSERT INTO customer VALUES (?, ?, ?)", rows)
    asked = [sys.executable, "-m", "tests.support.asking", f"{word} ERP", str(database)]
    subprocess.run(asked, env=place.env, check=True, timeout=60)


def card(walk: Walk, name: str) -> Locator:
    return walk.page.locator("fieldset.decision").filter(has_text=name)


def comes_to_the_inbox(walk: Walk, word: str) -> None:
    def asked() -> bool:
        walk.page.goto("/admin/matches")
        return card(walk, f"{word} Dreills").count() == 1

    eventually(asked, "asked about the customers", seconds=WORKED / 1000)
    walk.goes_to("/admin")
    walk.link("Match inbox").first.click()
    walk.comes_to(walk.say("Match inbox"))


def sees_what_differs(walk: Walk, name: str) -> None:
    mine = card(walk, name)
    expect(mine).to_contain_text(walk.say("The name is the same or nearly so"))
    expect(mine.locator("td.differs").first).to_be_visible()


def answers_several_at_once(walk: Walk, word: str) -> None:
    """By keyboard, where there is one: down an arrow from the first answer to the next."""
    same = walk.say("The same as %(name)s", name=f"{word} Bolts")
    card(walk, f"{word} Boults").get_by_label(same).check()
    first = card(walk, f"{word} Cougs").get_by_role("radio").first
    first.focus()
    first.press("ArrowDown")
    expect(
        card(walk, f"{word} Cougs").get_by_label(walk.say("Different: create a new account"))
    ).to_be_checked()
    later = card(walk, f"{word} Dreills")
    later.get_by_label(walk.say("Later"), exact=True).check()
    later.locator("input[type=date]").fill("2001-01-01" if not walk.scripts else "")
    keeps(walk)
    if walk.scripts:
        assert_refused_on_its_field(walk, later)
    later.locator("input[type=date]").fill("2099-01-01")
    keeps(walk)
    kept = walk.page.locator("#toasts .toast").get_by_role("button", name=walk.say("Run now"))
    expect(kept).to_be_visible()
    walk.looks_around()
    expect(card(walk, f"{word} Boults")).to_have_count(0)
    walk.opens_tab("Later")
    expect(card(walk, f"{word} Dreills")).to_have_count(1)


def assert_refused_on_its_field(walk: Walk, later: Locator) -> None:
    expect(later.locator("input[type=date]")).to_have_attribute("aria-invalid", "true")
    expect(later.get_by_label(walk.say("Later"), exact=True)).to_be_checked()
    walk.looks_around()


def keeps(walk: Walk) -> None:
    walk.page.get_by_role("button", name=walk.say("Keep the answers")).click()


def runs_the_mapping(walk: Walk, word: str) -> None:
    walk.goes_to("/admin/matches")
    name = walk.say("Run “%(name)s” now", name=f"{word} ERP")
    walk.page.get_by_role("button", name=name).click()
    walk.is_told("The CRM mapping runs now and carries out what was answered.")

    def carried_out() -> bool:
        walk.page.goto("/admin/matches")
        return walk.page.get_by_role("button", name=name).count() == 0

    eventually(carried_out, "carried the answers out", seconds=WORKED / 1000)


def finds_the_account(walk: Walk, word: str) -> None:
    walk.goes_to(f"/accounts?q={word}")
    main = walk.page.get_by_role("main")
    for name in ("Boults", "Cogs", "Cougs", "Drills"):
        expect(main.get_by_role("link", name=f"{word} {name}", exact=True)).to_have_count(1)
    expect(main.get_by_role("link", name=f"{word} Bolts", exact=True)).to_have_count(0)
    main.get_by_role("link", name=f"{word} Boults", exact=True).click()
    walk.comes_to(f"{word} Boults")
    expect(main).to_contain_text(f"{word} ERP")


def withdraws(walk: Walk, word: str) -> None:
    walk.goes_to("/admin/matches")
    walk.link("Decisions that are kept").click()
    walk.comes_to(walk.say("Decisions that are kept"))
    row = walk.page.get_by_role("row").filter(has_text=f"{word} Cougs")
    expect(row).to_contain_text(f"{word} ERP")
    row.get_by_role("button").click()
    walk.is_told("The decision is withdrawn; it is asked for again.")
