"""An administrator synchronizes territories, is told by mail, and decides what would go."""

from __future__ import annotations

import re
from email.message import EmailMessage

from playwright.sync_api import expect

from crmapp.domain.managed_lists import MANAGED_LISTS, VALUE_HIDDEN, VALUE_ID
from tests.browser.conftest import sleeping
from tests.browser.integrations.ways import ways
from tests.browser.walk import WORKED, Walk
from tests.support.inbox import Inbox
from tests.support.pretending import Salesforce
from tests.support.processes import eventually

TERRITORIES = MANAGED_LISTS["territories"]


@ways("on a laptop", "in French", "on a phone")
def test_an_admin_resyncs_territories_and_is_told_by_mail(walks, place, org, sage, inbox, way):
    walk = walks("alice", way)
    sage.add_territory(f"Territory of {len(sage.territories())}")
    opens_territories(walk)

    with sleeping(place):
        run = synchronizes(walk)
        expect(walk.page.get_by_role("progressbar")).to_be_visible()
        walk.looks_around()
    expect(walk.page.get_by_text(walk.say("The synchronization has ended."))).to_be_visible(
        timeout=WORKED
    )
    walk.looks_around()
    done = walk.page.locator("#settings-sync-history tbody tr").first
    expect(done).to_contain_text(walk.say("Completed"))
    walk.link("Look at what it did").click()
    walk.page.wait_for_url("**/managed-lists?list=territories")

    expect(done.get_by_role("link")).to_have_attribute("href", re.compile(f"{run}$"))
    walk.looks_around()
    assert in_lists_of(org) == sage.territories()
    walk.goes_to("/admin/pick-lists/territory")
    here = walk.page.locator("main tbody tr").all_inner_texts()
    assert len(here) == len(sage.territories())
    assert all(any(name in row for row in here) for name in sage.territories().values())
    reads_the_letter(walk, inbox, run)
    walk.goes_to("/admin/sync-health")
    listed = walk.page.locator("#settings-list-health tbody tr").filter(
        has_text=walk.say("Territories")
    )
    expect(listed).to_contain_text(walk.say("Good"))


def opens_territories(walk: Walk) -> None:
    walk.goes_to("/admin")
    walk.link("Managed lists").first.click()
    walk.comes_to(walk.say("Managed lists"))
    walk.page.locator("select[name=list]").select_option("territories")
    walk.page.get_by_role("button", name=walk.say("Show"), exact=True).click()
    walk.page.wait_for_url("**list=territories*")
    walk.looks_around()


def synchronizes(walk: Walk) -> str:
    """She begins a resync; return the path of the run."""
    walk.page.get_by_role("button", name=walk.say("Synchronize"), exact=True).click()
    toast = walk.is_told("The synchronization of %(list)s has begun.", list=walk.say("Territories"))
    return str(toast.get_by_role("link").get_attribute("href"))


def in_lists_of(org: Salesforce) -> dict[str, str]:
    """Return what Salesforce's list object offers: code → label."""
    fields = f"Name, {VALUE_ID}, {VALUE_HIDDEN}"
    rows = org.ask(f"SELECT {fields} FROM {TERRITORIES.salesforce_object}")  # noqa: S608  (ours)
    return {row[VALUE_ID]: row["Name"] for row in rows if not row[VALUE_HIDDEN]}


def reads_the_letter(walk: Walk, inbox: Inbox, run: str) -> None:
    """She finds the one letter about the run, among those of other stories."""
    (letter,) = eventually(lambda: about(inbox, run), "sent a letter")
    subject = walk.say(
        "%(title)s: %(status)s", title=walk.say("Territories"), status=walk.say("Completed")
    )
    assert letter["To"] == "alice@demo.example"
    assert letter["Subject"].split() == subject.split()  # a header may be folded at any space
    assert walk.say("Hello %(name)s,", name="Alice Admin") in text_of(letter)


def about(inbox: Inbox, run: str) -> list[EmailMessage]:
    return [each for each in inbox.letters if re.search(rf"{run}\b", text_of(each))]


def text_of(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body
    return str(body.get_content())


@ways("on a laptop", "in French")
def test_an_admin_decides_about_a_value_that_records_hold(walks, org, sage, way):
    walk = walks("alice", way)
    code = {"en": "EMEA", "fr": "APAC"}[way.language]  # what was kept once is not asked again
    opens_territories(walk)
    synchronizes(walk)
    expect(walk.link("Look at what it did")).to_be_visible(timeout=WORKED)
    before = in_lists_of(org)
    sage.set_status(code, "inactive")

    synchronizes(walk)
    walk.link("Look at what would go").click(timeout=WORKED)
    walk.page.wait_for_url("**/managed-lists/reviews/*")

    walk.looks_around()
    name = walk.say("What becomes of %(name)s", name=before[code])
    walk.page.get_by_label(name).select_option("-keep")
    walk.page.get_by_role("button", name=walk.say("Go on"), exact=True).click()
    walk.is_told("The run has begun.")
    walk.waits_for_the_receipt()
    assert in_lists_of(org) == before
    sage.set_status(code, "active")
