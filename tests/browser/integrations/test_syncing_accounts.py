"""Accounts are the same here, in Sage Intacct and in Salesforce, and a person sees where not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.integrations.ways import (
    CUSTOMER,
    NUMBER,
    disables,
    enables,
    opens_customer,
    sees_that_it_is_synchronized,
    synchronizes_now,
    ways,
)
from tests.browser.walk import WORKED, Walk
from tests.support.connections import fault
from tests.support.pretending import Salesforce
from tests.support.processes import eventually

HEALTH = "/admin/sync-health"
LOCKED = "UNABLE_TO_LOCK_ROW"


@pytest.fixture
def admin(walks: Any, way: Any) -> Iterator[Walk]:
    """An administrator who has enabled the sync, and ends it afterwards."""
    walk: Walk = walks("alice", way)
    enables(walk)
    yield walk
    disables(walk)


@ways("on a laptop", "in French", "on a phone")
def test_what_is_changed_on_one_side_is_there_on_all_of_them(walks, admin, org, sage, way):
    rep = walks("rita", way)
    looks_until_it_is_good(admin)

    changes_phone(rep, mine := another(org))
    sees_that_it_is_synchronized(rep)
    assert in_salesforce(org)["Phone"] == mine
    assert sage.phone(NUMBER) == mine

    theirs = another(org)
    org.change(in_salesforce(org)["Id"], Phone=theirs)
    synchronizes_now(rep)
    expect(rep.page.locator("#accounts-facts, main")).to_contain_text(theirs, timeout=WORKED)
    assert sage.phone(NUMBER) == theirs
    looks_until_it_is_good(admin)


@ways("on a laptop", "in French", "on a phone")
def test_what_is_refused_stands_there_with_its_repair_until_it_is_tried_again(
    walks, admin, org, sage, way
):
    rep = walks("rita", way)
    looks_until_it_is_good(admin)

    with locked(org):
        changes_phone(rep, mine := another(org))
        refused = rep.page.get_by_text(rep.say("Refused by %(system)s", system="Salesforce"))
        expect(refused).to_be_visible(timeout=WORKED)
        rep.looks_around()
        finds_what_is_wrong(admin)

    cause = admin.say("Retry %(cause)s", cause=f"Salesforce {LOCKED}")
    admin.page.get_by_role("button", name=cause).click()
    admin.is_told(admin.count("%(count)s account is tried again.", "", 1))
    looks_until_it_is_good(admin)
    assert in_salesforce(org)["Phone"] == mine
    assert sage.phone(NUMBER) == mine


@ways("on a laptop", "in French")
def test_a_value_that_does_not_fit_waits_until_the_rep_has_corrected_it(walks, admin, org, way):
    rep = walks("rita", way)
    looks_until_it_is_good(admin)

    changes_phone(rep, f"{another(org)} 00 11 22 33 44 55 66 77")
    refused = rep.page.get_by_text(rep.say("Refused by %(system)s", system="Sage Intacct"))
    expect(refused).to_be_visible(timeout=WORKED)
    changes_phone(rep, mine := another(org))

    sees_that_it_is_synchronized(rep)
    assert in_salesforce(org)["Phone"] == mine


@ways("on a laptop", "in French", "without JavaScript", "on a phone")
def test_an_admin_looks_at_what_many_accounts_would_change_and_has_it_done(admin, org, sage, way):
    looks_until_it_is_good(admin)
    theirs = another(org)
    org.change(in_salesforce(org)["Id"], Phone=theirs)

    counts_those_of_a_territory(admin)
    prepares_all(admin)
    previews = admin.page.locator("#settings-sync-rows-region")
    expect(previews).to_be_visible(timeout=WORKED)
    admin.looks_around()
    searches(admin, NUMBER)
    expect(previews).to_contain_text(theirs)
    expect(previews.get_by_role("rowheader", name=CUSTOMER)).to_have_count(2)
    admin.looks_around()
    admin.page.get_by_role("button", name=admin.say("Run"), exact=True).click()
    admin.is_told("The run has begun.")
    admin.waits_for_the_receipt()

    assert sage.phone(NUMBER) == theirs


@contextmanager
def locked(org: Salesforce) -> Iterator[None]:
    """Let somebody else hold every record in Salesforce."""
    fault(org.url, kind="lock_row", times=None)
    try:
        yield
    finally:
        httpx.delete(f"{org.url}/__control/faults").raise_for_status()


def looks_until_it_is_good(walk: Walk) -> None:
    """She opens the health again and again, until it says that all is good."""

    def is_good() -> bool:
        walk.page.goto(HEALTH)
        return walk.page.locator("#settings-sync-headline .tag").inner_text() == walk.say("Good")

    eventually(is_good, "carried everything over", seconds=WORKED / 1000)
    walk.looks_around()


def changes_phone(walk: Walk, phone: str) -> None:
    opens_customer(walk)
    walk.link("Edit").first.click()
    walk.field("Phone").fill(phone)
    walk.saves()
    expect(walk.field("Phone")).to_have_count(0)
    walk.comes_to(CUSTOMER)


def finds_what_is_wrong(walk: Walk) -> None:
    """She reads the cause, the words of Salesforce, and what can be done about it."""
    walk.goes_to(HEALTH)
    headline = walk.page.locator("#settings-sync-headline .tag")
    expect(headline).to_have_text(walk.say("Needs attention"))
    row = walk.page.locator("#settings-sync-causes tbody tr").filter(has_text=LOCKED)
    expect(row).to_contain_text("unable to obtain exclusive access")
    expect(row).to_contain_text(
        walk.say("Somebody was writing the record. It is tried again by itself.")
    )
    expect(row.get_by_role("link", name=CUSTOMER)).to_be_visible()
    size = walk.page.viewport_size
    walk.page.set_viewport_size({"width": 390, "height": 844})
    walk.need_not_scroll("#settings-sync-causes-region")
    walk.page.set_viewport_size(size or {"width": 1280, "height": 760})
    row.get_by_role("link").first.click()
    walk.comes_to(walk.say("Accounts with errors or conflicts"))
    walk.page.go_back()
    walk.looks_around()


def counts_those_of_a_territory(walk: Walk) -> None:
    chosen = walk.page.locator("#settings-mass-count")
    expect(chosen).to_contain_text("60")
    walk.page.locator("#settings-mass-sync select[name=territory]").select_option(index=1)
    if not walk.scripts:
        walk.page.get_by_role("button", name=walk.say("Count")).click()
    expect(chosen).not_to_contain_text("60")


def prepares_all(walk: Walk) -> None:
    walk.goes_to(HEALTH)
    walk.page.get_by_role("button", name=walk.say("Prepare"), exact=True).click()
    walk.page.wait_for_url(re.compile(r"/sync-health/plans/\d+$"))


def searches(walk: Walk, words: str) -> None:
    walk.page.get_by_role("searchbox", name=walk.say("Search by name or number")).fill(words)
    walk.page.keyboard.press("Enter")
    shown = walk.page.locator("#settings-sync-rows-region tbody tr")
    expect(shown).to_have_count(2)


def another(org: Salesforce) -> str:
    """Return a phone that Salesforce does not have yet."""
    last = re.sub(r"\D", "", in_salesforce(org)["Phone"] or "0")[-6:]
    return f"+33 40 {int(last) + 1:06}"


def in_salesforce(org: Salesforce) -> dict[str, Any]:
    (account,) = org.ask(f"SELECT Id, Phone FROM Account WHERE AccountNumber = '{NUMBER}'")  # noqa: S608  (ours)
    return account
