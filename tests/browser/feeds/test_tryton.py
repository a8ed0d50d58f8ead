"""Customers of a real Tryton become accounts by themselves, and follow what they become there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.integrations.ways import WAYS
from tests.browser.walk import WORKED, Walk
from tests.support.customers import party
from tests.support.tryton import PASSWORD, USER, Erp, TrytonServer
from tests.support.tryton_tables import QUERY

NAME = "Customers of Tryton"
LISIEUX, MANOSQUE, NERAC = "Lisieux Tools", "Manosque Toys", "Nérac Shoes"
STATE = "#settings-crm-mapping-state"
RUNS = "#settings-crm-mapping-runs tbody tr"


@pytest.fixture(scope="module")
def folder(erp: Path) -> Path:
    """The folder in which the server keeps its databases: sources may be read from there."""
    made = erp / "tryton"
    made.mkdir()
    return made


@pytest.fixture(scope="module")
def tryton(folder: Path) -> Iterator[Erp]:
    with TrytonServer(folder) as server, server.erp() as there:
        yield there


def test_customers_of_tryton_become_accounts_and_follow(walks, tryton):
    walk = walks("alice", WAYS["on a laptop"])
    lisieux, manosque, _nerac = tryton.create(
        "party.party", *map(party, (LISIEUX, MANOSQUE, NERAC))
    )
    sets_tryton_up(walk, tryton)
    address = maps_its_columns(walk)

    runs_now(walk, address)
    expect(cells(walk, "Created")).to_have_text("3")
    expect(address_of(walk, LISIEUX)).to_contain_text("Paris")

    (there,) = tryton.read("party.party", lisieux, "addresses")["addresses"]
    tryton.write("party.address", there, city="Honfleur")
    runs_now(walk, address)
    expect(cells(walk, "Created")).to_have_text("0")
    expect(cells(walk, "Updated")).to_have_text("1")
    expect(address_of(walk, LISIEUX)).to_contain_text("Honfleur")

    tryton.merge(manosque, into=lisieux)
    runs_now(walk, address)
    expect(cells(walk, "Created")).to_have_text("0")
    finds_nothing_new(walk, address)
    assert [is_active(walk, name) for name in (LISIEUX, MANOSQUE, NERAC)] == [True, False, True]

    reads_the_tables_themselves(walk, tryton)
    finds_nothing_to_write(walk)


def sets_tryton_up(walk: Walk, tryton: Erp) -> None:
    walk.goes_to("/admin/sources/new/tryton")
    walk.field("Name of the source").fill("Tryton")
    walk.field("Address of the server").fill(tryton.url)
    walk.field("Database").fill(tryton.database)
    walk.field("User name").fill(USER)
    walk.field("Password").fill(PASSWORD)
    walk.field("Which parties are customers").select_option("all")
    tries_and_saves(walk)


def tries_and_saves(walk: Walk, key: str = "") -> None:
    presses(walk, "Test")
    if key:
        walk.page.get_by_label(walk.say("Key")).first.select_option(key)
        presses(walk, "Test")
    expect(walk.page.locator("#settings-feed-sample")).to_contain_text(NERAC)
    walk.looks_around()
    walk.saves()
    walk.is_told("The source is saved.")


def begins_a_mapping(walk: Walk, name: str, source: str) -> None:
    walk.goes_to("/admin/crm-mappings/new")
    walk.field("Name").fill(name)
    walk.field("First source").select_option(label=source)
    walk.page.get_by_role("button", name=walk.say("Choose the fields")).click()
    walk.comes_to(walk.say("New CRM mapping: %(source)s", source=source))


def maps_its_columns(walk: Walk) -> str:
    """She chooses what is not suggested already, and returns the address of the CRM mapping."""
    begins_a_mapping(walk, NAME, "Tryton")
    return chooses(walk)


def chooses(walk: Walk) -> str:
    wanted = {
        "name": "name",
        "number": "code",
        "phone": "phone",
        "email": "email",
        "tax_id": "tax_identifier",
        "billing_city": "address.city",
        "billing_postal_code": "address.postal_code",
        "active": "active",
    }
    for field, column in wanted.items():
        walk.page.locator(f"#{field}").select_option(column, force=True)
    walk.looks_around()
    walk.page.locator(".form-actions").get_by_role("button", name=walk.say("Save")).click()
    walk.is_told("The CRM mapping is saved. Nothing has run yet.")
    walk.page.wait_for_url(re.compile(r"/crm-mappings/\d+$"))
    return walk.page.url


def runs_now(walk: Walk, address: str) -> None:
    """She has everything read that changed, and waits until it is carried out."""
    walk.goes_to(address)
    before = walk.page.locator(RUNS).count()
    presses(walk, "Run now")
    walk.is_told("The run has begun.")
    expect(walk.page.locator(RUNS)).to_have_count(before + 1, timeout=WORKED)
    waits_until_it_rests(walk)
    expect(walk.page.locator(RUNS).first).to_contain_text(walk.say("Completed"))


def waits_until_it_rests(walk: Walk) -> None:
    expect(walk.page.locator(f"{STATE} progress")).to_have_count(0, timeout=WORKED)
    walk.page.reload()
    walk.looks_around()


def finds_nothing_new(walk: Walk, address: str) -> None:
    walk.goes_to(address)
    before = walk.page.locator(RUNS).count()
    presses(walk, "Run now")
    walk.is_told("The run has begun.")
    waits_until_it_rests(walk)
    expect(walk.page.locator(RUNS)).to_have_count(before)  # what found nothing is not kept


def reads_the_tables_themselves(walk: Walk, tryton: Erp) -> None:
    """The same customers come straight from the file in which Tryton keeps them."""
    walk.goes_to("/admin/sources/new/sql")
    walk.field("Name of the source").fill("Tables of Tryton")
    walk.field("Address of the database").fill(f"sqlite:///{tryton.file}")
    walk.field("Query").fill(QUERY)
    tries_and_saves(walk, key="id")
    begins_a_mapping(walk, "Tables", "Tables of Tryton")
    chooses(walk)


def finds_nothing_to_write(walk: Walk) -> None:
    presses(walk, "Dry run (nothing is written)")
    walk.is_told("The dry run has begun.")
    waits_until_it_rests(walk)
    walk.link("Look at the plan").click()
    expect(walk.page.get_by_text(walk.say("No account changes."))).to_be_visible()
    walk.looks_around()


def presses(walk: Walk, name: str) -> None:
    walk.page.get_by_role("main").get_by_role("button", name=walk.say(name), exact=True).click()


def cells(walk: Walk, heading: str) -> Locator:
    """Return the number under a heading, of the last run."""
    names = walk.page.locator("#settings-crm-mapping-runs thead th").all_inner_texts()
    return walk.page.locator(RUNS).first.locator("th, td").nth(names.index(walk.say(heading)))


def opens(walk: Walk, name: str) -> None:
    walk.goes_to(f"/accounts?q={name}")
    walk.page.get_by_role("link", name=name, exact=True).click()
    walk.comes_to(name)


def address_of(walk: Walk, name: str) -> Locator:
    opens(walk, name)
    return walk.page.locator("#main")


def is_active(walk: Walk, name: str) -> bool:
    opens(walk, name)
    return walk.page.get_by_text(walk.say("Inactive"), exact=True).count() == 0
