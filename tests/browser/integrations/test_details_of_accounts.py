"""What an administrator chooses of Salesforce's fields, a rep sees, also when it changes there."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.integrations.ways import CUSTOMER, NUMBER, WAYS, opens_other_tab, ways
from tests.browser.walk import Walk
from tests.support.pretending import Salesforce

OWNER, PRIORITY = "OwnerId", "CustomerPriority__c"
PRIORITIES = ("High", "Low", "Medium")


@ways(*WAYS)
def test_a_rep_sees_the_fields_that_an_admin_chose_and_what_changed_in_them(walks, org, way):
    admin, rep = walks("alice", way), walks("rita", way)
    opens_other_tab(admin, "Advanced CRM Integration")
    shows_neither(admin)

    shows(admin, OWNER, "owner")
    shows(admin, PRIORITY, "priority")
    updates_fields(admin)

    opens_account(rep)
    rep.opens_tab("Salesforce account details")
    refreshes(rep)
    sees(rep, in_salesforce(org))
    expect(
        rep.page.get_by_text(rep.say("Read-only: change these values in Salesforce."))
    ).to_be_visible()
    before = in_salesforce(org)
    changes_in_salesforce(org)
    rep.page.reload()
    sees(rep, before)

    refreshes(rep)

    sees(rep, in_salesforce(org))
    assert in_salesforce(org) != before
    rep.looks_around()


def chosen(walk: Walk) -> Locator:
    return walk.page.locator("#settings-details-choice .ladder li")


def shows_neither(walk: Walk) -> None:
    """She takes owner and priority away, which the demo or an earlier story has chosen."""
    for name in (OWNER, PRIORITY):
        line = chosen(walk).filter(has_text=name)
        if line.count():
            line.locator("button[name=remove]").click()
            expect(line).to_have_count(0)
            expect(
                walk.page.get_by_text(walk.say("Not saved yet: press Update fields."))
            ).to_be_visible()
    updates_fields(walk)


def shows(walk: Walk, name: str, words: str) -> None:
    """She looks a field up, and ticks it."""
    page = walk.page
    page.get_by_role("searchbox", name=walk.say("Search by label, name or type")).fill(words)
    page.locator(".btn[name=find]").click()
    box = page.locator(f"input[name=add][value={name}]")
    expect(page.locator("input[name=add][value=Industry]")).to_have_count(0)
    walk.looks_around()
    box.check()


def updates_fields(walk: Walk) -> None:
    page = walk.page
    with page.expect_navigation():
        page.locator(".form-actions").get_by_role("button", name=walk.say("Update fields")).click()
    walk.is_told("The choice is saved; Salesforce has the same fields as before.")
    walk.looks_around()


def opens_account(walk: Walk) -> None:
    walk.goes_to(f"/accounts?q={NUMBER}")
    walk.page.get_by_role("link", name=CUSTOMER, exact=True).click()
    walk.comes_to(CUSTOMER)


def refreshes(walk: Walk) -> None:
    button = walk.page.get_by_role("button", name=walk.say("Refresh"), exact=True)
    with walk.page.expect_response(lambda answer: answer.url.endswith("/salesforce/refresh")):
        button.click()


def sees(walk: Walk, values: dict[str, str]) -> None:
    for label, value in values.items():
        fact = walk.page.locator("#accounts-salesforce .facts > div").filter(
            has=walk.page.locator("dt", has_text=re.compile(f"^{label}$"))
        )
        expect(fact.locator("dd")).to_have_text(value)


def in_salesforce(org: Salesforce) -> dict[str, str]:
    """Return what a rep shall see: label → value."""
    account = asked(org)
    return {"Owner": account["Owner"]["Name"], "Customer Priority": account[PRIORITY]}


def changes_in_salesforce(org: Salesforce) -> None:
    """Somebody there gives the account another owner and another priority."""
    account = asked(org)
    others = [each["Id"] for each in org.ask("SELECT Id FROM User") if each["Id"] != account[OWNER]]
    priority = PRIORITIES[PRIORITIES.index(account[PRIORITY]) - 1]
    org.change(account["Id"], **{OWNER: others[-1], PRIORITY: priority})


def asked(org: Salesforce) -> dict[str, Any]:
    fields = f"Id, OwnerId, Owner.Name, {PRIORITY}"
    (account,) = org.ask(f"SELECT {fields} FROM Account WHERE AccountNumber = '{NUMBER}'")  # noqa: S608  (ours)
    return account
