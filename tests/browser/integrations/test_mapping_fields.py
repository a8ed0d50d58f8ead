"""An administrator maps a field of her own between Sage Intacct and Salesforce."""

from __future__ import annotations

from playwright.sync_api import expect

from crmapp.domain.standard_rows import INTACCT_ID
from tests.browser.integrations.ways import (
    NUMBER,
    disables,
    enables,
    opens_customer,
    opens_other_tab,
    synchronizes_now,
    ways,
)
from tests.browser.walk import WORKED, Walk
from tests.support.pretending import Salesforce
from tests.support.processes import eventually
from tests.support.sage import Sage


@ways("on a laptop", "in French")
def test_an_admin_maps_a_field_of_her_own_and_synchronizes_one_record(walks, org, sage, way):
    walk = walks("alice", way)
    opens_other_tab(walk, "CRM Integration")
    walk.field("Enable field map").check()
    walk.saves()
    walk.is_told("The field map is enabled. Its rows count from now on.")
    walk.link("Open the field map").click()
    walk.comes_to(walk.say("Field map"))
    walk.page.get_by_role("button", name=walk.say("Read the fields anew")).click()
    expect(walk.page.locator("#settings-field-pairs")).to_contain_text("Interests__c")

    maps_interests(walk)
    walk.saves()
    walk.is_told("Version %(number)s of the field map is in force.", number=versions(walk))
    walk.looks_around()
    row = walk.page.locator("#settings-field-map tbody tr").filter(has_text="Interests__c")
    expect(row).to_contain_text(walk.say("Active"))
    walk.need_not_scroll("#settings-field-map-region")
    tries_one_record(walk)
    synchronizes_one_record(walk, org, sage)

    takes_it_away_again(walk)


def maps_interests(walk: Walk) -> None:
    """The fields have words of their own; the one that the other side lacks must be said."""
    page = walk.page
    walk.link("Add a row").click()
    page.route("**/crm/fields", lambda _route: None, times=1)  # it is not answered yet, when
    with page.expect_request("**/crm/fields"):
        walk.field("Intacct field").select_option("nsp::INTERESTS")
    with page.expect_event("requestfailed"):  # the next choice gives it up: it would undo that
        walk.field("Salesforce field").select_option("Interests__c")
    prepare = page.get_by_role("button", name=walk.say("Prepare the row"))
    expect(walk.field("Cars")).to_be_visible()
    prepare.click()
    expect(page.locator("#settings-field-row .err")).to_contain_text("Cars")
    walk.looks_around()
    walk.field("Cars").select_option("1:Classic Cars")
    prepare.click()
    expect(page.locator("#settings-field-map-changes")).to_contain_text("Interests")
    walk.looks_around()


def versions(walk: Walk) -> int:
    """Return how many versions the map has once the page has come that has nothing to save."""
    events = walk.page.locator("#settings-field-map-versions .event")
    expect(walk.page.locator("#settings-field-map-changes")).to_have_count(0)
    expect(events.first).to_be_visible()
    return events.count() - 1


def tries_one_record(walk: Walk) -> None:
    walk.link("Test on one record").first.click()
    walk.comes_to(walk.say("Test on one record"))
    walk.field("Number or name of the account").fill(NUMBER)
    walk.page.get_by_role("button", name=walk.say("Test"), exact=True).click()
    outcome = walk.page.locator("#trial-region tbody tr").filter(has_text="Interests__c")
    expect(outcome).to_be_visible()
    walk.looks_around()


def synchronizes_one_record(walk: Walk, org: Salesforce, sage: Sage) -> None:
    """What stands in Intacct is in Salesforce by the words of that side."""
    enables(walk)
    eventually(lambda: is_all_carried_over(walk), "carried all over", seconds=WORKED / 1000)
    sage.set_interests(NUMBER, ["Cars", "Ships"])
    opens_customer(walk)
    synchronizes_now(walk)
    question = f"SELECT Interests__c FROM Account WHERE {INTACCT_ID} = '{NUMBER}'"  # noqa: S608  (ours)
    (record,) = org.ask(question)
    assert record["Interests__c"] == "Classic Cars;Ships"
    disables(walk)


def is_all_carried_over(walk: Walk) -> bool:
    """She looks at the plan, if the row changes so many accounts that one waits for her."""
    walk.page.goto("/admin/sync-health")
    preview = walk.link("Look at the preview")
    if preview.count():
        preview.first.click()
        walk.page.get_by_role("button", name=walk.say("Run"), exact=True).click()
        walk.is_told("The run has begun.")
        walk.waits_for_the_receipt()
    return walk.page.locator("#settings-sync-headline .tag").all_inner_texts() == [walk.say("Good")]


def takes_it_away_again(walk: Walk) -> None:
    walk.goes_to("/admin/subscriptions/crm/fields")
    row = walk.page.locator("#settings-field-map tbody tr").filter(has_text="Interests__c")
    row.get_by_role("button", name=walk.say("Remove %(name)s", name="Interests")).click()
    walk.saves()
    expect(row).to_have_count(0)
    walk.goes_to("/admin/subscriptions/crm/other")
    walk.field("Enable field map").uncheck()
    walk.saves()
    walk.is_told("Only standard fields count from now on. The map is kept.")
