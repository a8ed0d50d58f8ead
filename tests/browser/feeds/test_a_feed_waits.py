"""A run of a CRM mapping waits for an administrator, who looks at its plan and decides."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.integrations.ways import ways
from tests.browser.walk import WORKED, Walk
from tests.support import feeding
from tests.support.processes import eventually

COUNT = 10


@pytest.fixture
def customers(erp: Path, way, place):
    """A database of customers of this walk alone, and the CRM mapping of it by the same name."""
    name = f"Feed {way.language} {way.scripts} {len(way.options)}"
    file = erp / f"{name}.db"
    with closing(sqlite3.connect(file)) as there, there:
        there.execute("CREATE TABLE customer (number TEXT PRIMARY KEY, name TEXT, city TEXT)")
    holds(file, COUNT)
    feeding.set_up(place, name, file)
    return name, file


def holds(file: Path, count: int) -> None:
    """Let there be so many customers."""
    rows = [(f"{file.stem} {n}", f"Toys {n} of {file.stem}", "Lyon") for n in range(count)]
    with closing(sqlite3.connect(file)) as there, there:
        there.execute("DELETE FROM customer")
        there.executemany("INSERT INTO customer VALUES (?, ?, ?)", rows)


@ways("on a laptop", "in French", "without JavaScript", "on a phone")
def test_an_admin_looks_at_what_a_feed_would_do_before_it_does(walks, place, customers, way):
    walk, (name, file) = walks("alice", way), customers

    looks_at(walk, feeding.start(place, name, dry=True))
    expect(walk.page.get_by_text(walk.say("This is a dry run"))).to_be_visible()
    walk.opens_tab("To create")
    runs_it(walk)
    expect(walk.page.locator("#runs-parts tbody tr")).to_contain_text(name)
    expect(walk.number("Created")).to_have_text(str(COUNT))
    walk.link("Show its accounts").click()
    expect(walk.page.get_by_role("link", name=f"Toys 1 of {name}")).to_be_visible()

    holds(file, 3)
    looks_at(walk, feeding.start(place, name))
    shrunk = walk.say("A source has shrunk, so this run waits for you")
    expect(walk.page.get_by_text(shrunk)).to_be_visible()
    walk.page.get_by_role("button", name=walk.say("Cancel run")).click()
    walk.is_told("The run was cancelled.")

    holds(file, COUNT - 1)
    feeding.start(place, name)
    finds_what_is_gone(walk, name)
    runs_it(walk)
    walk.opens_tab("Updates")
    expect(walk.page.locator("#runs-rows")).to_contain_text(f"Toys {COUNT - 1} of {name}")


def looks_at(walk: Walk, run_id: int) -> None:
    """She opens the plan while it is being made, and it comes."""
    walk.goes_to(f"/admin/feeds/{run_id}/plan")
    expect(walk.page.locator("#settings-feed-plan .plan-says")).to_be_visible(timeout=WORKED)
    walk.looks_around()


def runs_it(walk: Walk) -> None:
    walk.page.get_by_role("button", name=walk.say("Run it"), exact=True).click()
    walk.page.wait_for_url(re.compile(r"/runs/\d+$"))
    walk.is_told("The run has begun.")
    walk.waits_for_the_receipt()


def finds_what_is_gone(walk: Walk, name: str) -> None:
    """She finds the run that waits among the runs, and its plan from there."""
    row = walk.page.get_by_role("rowheader").filter(has_text=name)

    def is_there() -> bool:
        walk.goes_to("/runs?kind=feed&status=planned")
        return row.count() > 0

    eventually(is_there, "shown the run that waits", WORKED / 1000)
    row.get_by_role("link").click()
    walk.link("Look at the preview").click()
    gone = walk.count(
        "%(count)s customer is gone in the sources",
        "%(count)s customers are gone in the sources",
        1,
    )
    expect(walk.page.get_by_text(gone)).to_be_visible()
    walk.looks_around()
