"""Somebody looks at an account that a source of customers keeps, and changes what is hers."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.integrations.ways import ways
from tests.browser.walk import Walk
from tests.support.processes import Installation

SOURCE = "Dolibarr"
NUMBERS = iter(range(3, 30))
MAPPED = textwrap.dedent(
    """
    import sys
    from sqlalchemy import select
    from crmapp import create_app
    from crmapp.config import Settings
    from crmapp.db import session
    from crmapp.domain.feeds import Content, FedBy
    from crmapp.domain.mapping import FieldMapping
    from crmapp.domain.ownership import Owner
    from crmapp.domain.runs import ENDED
    from crmapp.models import Run, User
    from crmapp.services import crm_mappings, feed_sources, feeds
    from crmapp.services.feed_checks import Wanted
    from tests.support.processes import eventually

    def status(run):
        session.rollback()
        return session.scalar(select(Run.status).where(Run.id == run))

    with create_app(Settings.from_env()).app_context():
        alice = session.scalars(select(User).where(User.email == "alice@demo.example")).one()
        values = {"url": f"sqlite:///{sys.argv[1]}", "reads": "table", "table": "customer"}
        wanted = Wanted(sys.argv[2], values, key_column="number")
        found = feed_sources.check("sql", wanted, by=alice)
        source = feed_sources.add("sql", wanted, found, by=alice)
        columns = {"name": "name", "number": "number", "billing_city": "city", "location": "city"}
        fed = FedBy(source, FieldMapping(columns), {"location": Owner.NEWEST})
        run = feeds.start(crm_mappings.add("Dolibarr", Content((fed,)), by=alice), by=alice)
        eventually(lambda: status(run) in ENDED, "made accounts", seconds=60)
        assert status(run) == "done"
    """
)


@pytest.fixture(scope="module")
def fed(place: Installation, erp: Path) -> None:
    """A CRM mapping of a database was carried out, whose customers no other story knows."""
    database = erp / "kept.db"
    rows = [(f"K{each:04}", named(each), "Lyon") for each in range(1, 31)]
    with closing(sqlite3.connect(database)) as there, there:
        there.execute("CREATE TABLE customer (number TEXT PRIMARY KEY, name TEXT, city TEXT)")
        there.executemany("INSERT INTO customer VALUES (?, ?, ?)", rows)
    words = [sys.executable, "-c", MAPPED, str(database), SOURCE]
    subprocess.run(words, env=place.env, check=True)


@ways("on a laptop", "in French", "without JavaScript", "on a phone")
@pytest.mark.usefixtures("fed")
def test_a_manager_changes_what_the_source_does_not_keep(walks, way):
    walk, number = walks("mona", way), next(NUMBERS)
    opens_customer(walk, number)

    expect(fact(walk, "billing-city")).to_contain_text(kept(walk))
    expect(fact(walk, "location")).to_contain_text(SOURCE)
    expect(fact(walk, "billing-city").locator(".edit")).to_have_count(0)
    expect(fact(walk, "location").locator(".edit")).to_have_count(1)
    if walk.scripts:
        goes_by_keyboard_past_what_is_kept(walk)
    changes_the_rest_in_the_form(walk, number)


def named(number: int) -> str:
    return f"Gears {number} & Sons"


def opens_customer(walk: Walk, number: int) -> None:
    walk.goes_to(f"/accounts?q=K{number:04}")
    walk.page.get_by_role("link", name=named(number), exact=True).click()
    walk.comes_to(named(number))


def kept(walk: Walk) -> str:
    return walk.say("Kept by %(source)s", source=SOURCE)


def fact(walk: Walk, name: str) -> Locator:
    return walk.page.locator(f".fact[id$='-{name}']")


def goes_by_keyboard_past_what_is_kept(walk: Walk) -> None:
    """A click does not open it, and Tab goes on to the next value that may be changed."""
    fact(walk, "billing-city").locator("dd").click(position={"x": 4, "y": 4})
    expect(walk.page.locator("form[data-in-place]")).to_have_count(0)
    fact(walk, "billing-street2").locator(".edit").focus()
    walk.page.keyboard.press("Enter")
    field = fact(walk, "billing-street2").get_by_role("textbox")
    expect(field).to_be_focused()
    field.fill("Second floor")
    field.press("Tab")
    walk.is_told("%(field)s saved.", field=walk.say("Street, second line"))
    expect(fact(walk, "billing-state").locator(".edit")).to_be_focused()


def changes_the_rest_in_the_form(walk: Walk, number: int) -> None:
    walk.goes_to(walk.page.url)
    walk.link("Edit").first.click()
    name = walk.field("Name")
    expect(name).to_have_value(named(number))
    expect(name).not_to_be_editable()
    expect(name).to_have_accessible_description(re.compile(re.escape(kept(walk))))
    expect(walk.field("Location")).to_be_editable()
    expect(name).not_to_be_focused()
    walk.looks_around()
    walk.field("E-mail").fill("nobody")
    walk.saves()
    expect(walk.page.get_by_role("alert")).to_be_visible()
    expect(walk.field("E-mail")).to_have_value("nobody")
    expect(name).not_to_be_editable()
    walk.looks_around()
    walk.field("E-mail").fill(f"hello@gears{number}.example")
    walk.saves()
    walk.is_told("Account “%(name)s” saved.", name=named(number))
    expect(fact(walk, "email")).to_contain_text(f"hello@gears{number}.example")
    expect(fact(walk, "billing-city")).to_contain_text(kept(walk))
