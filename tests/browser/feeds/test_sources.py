"""An administrator adds a source of customers, looks at its rows, changes and retires it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.integrations.ways import ways
from tests.browser.walk import Walk


@ways("on a laptop", "in French", "without JavaScript", "on a phone")
def test_an_admin_reads_the_customers_of_a_database(walks, erp, way):
    walk = walks("alice", way)
    name = f"Books {way.language} {way.scripts} {len(way.options)}"
    chooses_kind(walk, "SQL database")

    walk.field("Name of the source").fill(name)
    tries(walk, erp / "lost.db", "customer")
    expect(walk.page.locator("#settings-feed-problem")).to_contain_text("lost.db")
    expect(walk.field("Name of the source")).to_have_value(name)
    tries(walk, erp / "erp.db", "")
    expect(walk.page.locator("#settings-feed-source-found")).to_contain_text("customer")
    tries(walk, erp / "erp.db", "customer")
    expect(walk.page.locator("#settings-feed-sample")).to_contain_text("00001")
    expect(walk.field("Key")).to_have_value("number")
    walk.looks_around()
    walk.saves()
    walk.is_told("The source is saved.")
    walk.comes_to(name)

    looks_at_its_rows(walk)
    names_its_company(walk)
    retires_it(walk, name)


def chooses_kind(walk: Walk, kind: str) -> None:
    walk.goes_to("/admin/sources")
    walk.link("New source").first.click()
    walk.comes_to(walk.say("New source"))
    walk.page.get_by_role("main").get_by_role("link", name=walk.say(kind)).click()
    walk.comes_to(walk.say("New source: %(kind)s", kind=walk.say(kind)))


def tries(walk: Walk, file: Path, table: str) -> None:
    walk.field("Address of the database").fill(f"sqlite:///{file}")
    walk.field("Table or view").fill(table)
    walk.page.get_by_role("button", name=walk.say("Test"), exact=True).click()
    expect(walk.field("Address of the database")).to_have_value(f"sqlite:///{file}")
    expect(walk.field("Table or view")).to_have_value(table)
    if walk.scripts:  # who works by keyboard stands at what was found
        expect(walk.page.locator("#settings-feed-source-found")).to_be_focused()


def looks_at_its_rows(walk: Walk) -> None:
    address = walk.page.url
    walk.link("Show ten rows").click()
    expect(walk.page.locator("#settings-feed-sample tbody tr")).to_have_count(10)
    walk.looks_around()
    assert (walk.page.url == address) is walk.scripts
    walk.goes_to(address)


def names_its_company(walk: Walk) -> None:
    walk.field("Name of the source").fill("")
    walk.field("ERP company").fill("US")
    walk.saves()
    expect(walk.page.get_by_role("alert")).to_be_visible()
    expect(walk.field("ERP company")).to_have_value("US")
    walk.looks_around()
    walk.page.reload()


def retires_it(walk: Walk, name: str) -> None:
    walk.link("Retire").first.click()
    heading = walk.say("Retire %(name)s?", name=name)
    expect(walk.page.get_by_role("heading", name=heading)).to_be_visible()
    walk.looks_around()
    walk.page.get_by_role("button", name=walk.say("Retire"), exact=True).click()
    walk.is_told("The source is retired.")
    row = walk.page.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text(walk.say("Retired"))
    walk.looks_around()
    row.get_by_role("link").click()
    walk.page.get_by_role("button", name=walk.say("Bring back"), exact=True).click()
    walk.is_told("The source is in use again.")


@ways("on a laptop", "without JavaScript")
def test_an_admin_reads_the_customers_of_a_file(walks, erp, way):
    walk = walks("alice", way)
    name = f"Files {way.scripts}"
    chooses_kind(walk, "Folder of files")
    walk.field("Name of the source").fill(name)
    walk.field("Folder").fill(str(erp))
    walk.field("Files").fill("*.csv")
    walk.saves()
    expect(walk.page.get_by_role("alert")).to_contain_text(walk.say("Key"))
    expect(walk.page.locator("#settings-feed-sample")).to_contain_text("00001")
    walk.looks_around()

    walk.field("Key").select_option("number")
    walk.saves()

    walk.is_told("The source is saved.")
    walk.comes_to(name)
