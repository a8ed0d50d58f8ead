"""An administrator schedules a CRM mapping, orders its sources, runs it, and takes a step back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.integrations.ways import ways
from tests.browser.walk import WORKED, Walk
from tests.support.kept_mappings import keep_mapping
from tests.support.processes import eventually


@pytest.fixture(scope="module")
def database(erp: Path) -> Path:
    """The ERP's database, in which its shop has customers too."""
    rows = [("00001", "Toys 1 of the shop", "Lyon"), ("S0001", "Shop & Sons", "Reims")]
    with closing(sqlite3.connect(erp / "erp.db")) as there, there:
        there.execute("CREATE TABLE shop (number TEXT PRIMARY KEY, name TEXT, city TEXT)")
        there.executemany("INSERT INTO shop VALUES (?, ?, ?)", rows)
    return erp / "erp.db"


@ways("on a laptop", "in French", "without JavaScript", "on a phone")
def test_an_admin_keeps_a_crm_mapping(walks, place, database, way):
    name = f"ERP {way.language} {way.scripts} {len(way.options)}"
    keep_mapping(place, database, name)
    walk = walks("alice", way)

    begins_a_new_one(walk)
    opens(walk, name)
    sets_a_schedule(walk)
    puts_the_shop_first(walk, name)
    runs_it(walk)
    tries_it_dry(walk)
    says_who_gets_accounts(walk)
    goes_back_to_the_first_version(walk)
    removes_the_shop(walk, name)


def begins_a_new_one(walk: Walk) -> None:
    walk.goes_to("/admin")
    walk.link("CRM mappings").first.click()
    walk.comes_to(walk.say("CRM mappings"))
    walk.link("New CRM mapping").first.click()
    walk.comes_to(walk.say("New CRM mapping"))
    presses(walk, "Choose the fields")
    expect(walk.page.get_by_role("alert")).to_contain_text(walk.say("Name"))
    walk.looks_around()


def opens(walk: Walk, name: str) -> None:
    walk.goes_to("/admin/crm-mappings")
    walk.page.get_by_role("link", name=name, exact=True).click()
    walk.comes_to(name)


def sets_a_schedule(walk: Walk) -> None:
    walk.field("Once a day").check()
    walk.field("Time of day").fill("25:00")
    presses(walk, "Save schedule")
    schedule = walk.page.locator("#settings-crm-mapping-schedule")
    expect(schedule.get_by_role("alert")).to_be_visible()
    expect(walk.field("Time of day")).to_have_value("25:00")
    walk.looks_around()
    walk.field("Time of day").fill("6:30")
    presses(walk, "Save schedule")
    walk.is_told("The schedule is saved.")
    expect(schedule.locator("time")).to_have_count(3)
    walk.looks_around()


def puts_the_shop_first(walk: Walk, name: str) -> None:
    earlier = walk.say("Earlier: %(name)s", name=f"Depot {name}")
    walk.page.get_by_role("button", name=earlier).click()
    expect(sources(walk).first).to_contain_text(f"Depot {name}")
    walk.looks_around()
    walk.page.reload()
    expect(sources(walk).first).to_contain_text(f"Depot {name}")


def runs_it(walk: Walk) -> None:
    presses(walk, "Run now")
    walk.is_told("The run has begun.")
    row = walk.page.locator("#settings-crm-mapping-runs tbody tr").first
    waits_for(walk, row, walk.say("Completed"))
    walk.looks_around()
    expect(row).to_contain_text("32")


def tries_it_dry(walk: Walk) -> None:
    presses(walk, "Dry run (nothing is written)")
    walk.is_told("The dry run has begun.")
    state = walk.page.locator("#settings-crm-mapping-state")
    waits_for(walk, state, walk.say("A dry run is ready"))
    walk.looks_around()


def says_who_gets_accounts(walk: Walk) -> None:
    walk.opens_tab("New accounts")
    presses(walk, "Rule for a postal code")
    walk.field("Postal code begins with").fill("75")
    presses(walk, "Save")
    expect(walk.page.locator(".rule .err")).to_be_visible()
    expect(walk.field("Postal code begins with")).to_have_value("75")
    walk.looks_around()
    walk.page.locator(".rule").get_by_label(walk.say("Owner")).select_option(index=1)
    presses(walk, "Save")
    walk.is_told("The rules are saved.")
    walk.looks_around()


def goes_back_to_the_first_version(walk: Walk) -> None:
    walk.opens_tab("Versions")
    restore = walk.say("Restore version %(number)s", number=1)
    walk.page.get_by_role("link", name=restore, exact=True).click()
    heading = walk.say("Restore version %(number)s?", number=1)
    expect(walk.page.get_by_role("heading", name=heading)).to_be_visible()
    walk.looks_around()
    presses(walk, "Restore")
    walk.is_told("Version %(number)s is in force again.", number=1)
    walk.looks_around()
    presses(walk, "Compare")
    walk.looks_around()


def removes_the_shop(walk: Walk, name: str) -> None:
    walk.opens_tab("Sources and schedule")
    walk.page.get_by_role("link", name=walk.say("Remove %(name)s", name=f"Depot {name}")).click()
    heading = walk.say("Remove %(name)s?", name=f"Depot {name}")
    expect(walk.page.get_by_role("heading", name=heading)).to_be_visible()
    walk.looks_around()
    presses(walk, "Remove")
    walk.is_told("The source is read no more.")
    expect(sources(walk)).to_have_count(1)
    walk.looks_around()


def presses(walk: Walk, name: str) -> None:
    walk.page.get_by_role("main").or_(walk.page.get_by_role("dialog")).get_by_role(
        "button", name=walk.say(name), exact=True
    ).click()


def sources(walk: Walk) -> Locator:
    return walk.page.locator("#settings-crm-mapping-sources .ladder > li")


def waits_for(walk: Walk, place: Locator, text: str) -> None:
    """Wait until the page says so; without JavaScript she reloads it."""
    if walk.scripts:
        expect(place).to_contain_text(text, timeout=WORKED)
        return

    def said() -> bool:
        walk.page.reload()
        return place.filter(has_text=text).count() > 0

    eventually(said, f"said {text}", seconds=WORKED / 1000)
