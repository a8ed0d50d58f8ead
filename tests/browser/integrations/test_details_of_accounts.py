"""What an administrator chooses of Salesforce's fields, a rep sees, and arranges for herself."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

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


@ways(*WAYS)
def test_a_rep_hides_and_reorders_details_for_herself(walks, way):
    rep, other = walks("rita", way), walks("vera", way)
    for each in (rep, other):
        opens_account(each)
        each.opens_tab("Salesforce account details")
    before = labels(rep)
    assert labels(other) == before

    opens_arrangement(rep)
    moves(rep, before[1], "Move %(name)s up")
    rep.page.get_by_role("checkbox", name=before[2], exact=True).uncheck()
    rep.looks_around()
    rep.saves()
    rep.is_told("The details are arranged for you.")
    other.page.reload()

    assert labels(rep) == [before[1], before[0], *before[3:]]
    assert labels(other) == before
    rep.looks_around()

    opens_arrangement(rep)
    rep.page.get_by_role("button", name=rep.say("Reset")).click()
    rep.is_told("You see the details as the administrator has arranged them.")
    assert labels(rep) == before


@ways("on a laptop", "on a phone")
def test_an_admin_drags_a_field_to_another_place(walks, way):
    admin = walks("alice", way)
    opens_other_tab(admin, "Advanced CRM Integration")
    expect(admin.page.locator("[data-htmx-powered]").first).to_be_attached()
    before = order(admin)
    hand = Finger(admin.page) if way.options else Hand(admin.page)

    hand.takes(grip(admin, before[2]))
    hand.moves_above(grip(admin, before[0]))
    assert order(admin)[0] == before[2]
    admin.page.keyboard.press("Escape")
    hand.lets_go()
    assert order(admin) == before
    expect(said(admin)).to_be_empty()

    hand.takes(grip(admin, before[2]))
    hand.moves_above(grip(admin, before[0]))
    hand.lets_go()

    expect(said(admin)).to_contain_text(f"stands at place 1 of {len(before)}. Not saved yet")
    after = [before[2], *before[:2], *before[3:]]
    assert order(admin) == after
    admin.looks_around()
    updates_fields(admin)
    assert order(admin) == after


@ways("without JavaScript")
def test_back_leads_to_each_step_of_a_choice(walks, way):
    admin = walks("alice", way)
    opens_other_tab(admin, "Advanced CRM Integration")
    before = order(admin)
    moves(admin, name_of(admin, before[1]), "Move %(name)s up")
    once = order(admin)
    moves(admin, name_of(admin, before[2]), "Move %(name)s up")
    assert order(admin) == [before[1], before[2], before[0], *before[3:]]

    admin.page.go_back()

    assert once == order(admin) == [before[1], before[0], *before[2:]]
    expect(said(admin)).to_contain_text("Not saved yet")
    admin.page.go_back()
    assert order(admin) == before


class Hand:
    """What drags with a mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def takes(self, grip: Locator) -> None:
        self.page.mouse.move(*middle(grip))
        self.page.mouse.down()

    def moves_above(self, grip: Locator) -> None:
        x, y = middle(grip)
        self.page.mouse.move(x, y - 5, steps=5)

    def lets_go(self) -> None:
        self.page.mouse.up()


class Finger(Hand):
    """What drags on a touch screen."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.screen = page.context.new_cdp_session(page)

    def takes(self, grip: Locator) -> None:
        self._touch("touchStart", *middle(grip))

    def moves_above(self, grip: Locator) -> None:
        x, y = middle(grip)
        for step in range(5, -6, -1):
            self._touch("touchMove", x, y + step)

    def lets_go(self) -> None:
        self.screen.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def _touch(self, kind: str, x: float, y: float) -> None:
        points = [{"x": x, "y": y}]
        self.screen.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def middle(locator: Locator) -> tuple[float, float]:
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def grip(walk: Walk, name: str) -> Locator:
    return chosen(walk).locator(f".grip[value={name}]")


def order(walk: Walk) -> list[str]:
    fields = chosen(walk).locator("input[name=field]").all()
    return [str(each.get_attribute("value")) for each in fields]


def name_of(walk: Walk, field: str) -> str:
    """Return what a chosen field is called."""
    line = chosen(walk).filter(has=walk.page.locator(f"input[value={field}]"))
    return line.locator(".grow").inner_text().partition(field)[0].strip()


def said(walk: Walk) -> Locator:
    return walk.page.locator("#details-said")


def moves(walk: Walk, label: str, button: str) -> None:
    walk.page.get_by_role("button", name=walk.say(button, name=label), exact=True).click()
    status = walk.page.locator("form [role=status]").filter(has_text=label)
    expect(status).to_be_visible()


def labels(walk: Walk) -> list[str]:
    return walk.page.locator("#accounts-salesforce dt").all_inner_texts()


def opens_arrangement(walk: Walk) -> None:
    if walk.scripts:  # what she was told before would lie over the drawer
        expect(walk.page.locator("#toasts .toast")).to_have_count(0)
    walk.link("Arrange for me").click()
    expect(walk.page.locator("#accounts-arrangement")).to_be_visible()
    walk.looks_around()


def chosen(walk: Walk) -> Locator:
    return walk.page.locator("#settings-details-choice .ladder li")


def shows_neither(walk: Walk) -> None:
    """She takes owner and priority away, which the demo or an earlier story has chosen."""
    gone: list[str] = []
    for name in (OWNER, PRIORITY):
        line = chosen(walk).filter(has_text=name)
        if line.count():
            line.locator("button[name=remove]").click()
            expect(line).to_have_count(0)
            expect(
                walk.page.get_by_text(walk.say("Not saved yet: press Update fields."))
            ).to_be_visible()
            gone.append(name)
    if gone:
        takes_away(walk, gone)
    else:
        updates_fields(walk)


def takes_away(walk: Walk, names: list[str]) -> None:
    """She reads what everybody loses, goes back once to look at the choice, and says so."""
    page = walk.page
    page.get_by_role("button", name=walk.say("Update fields"), exact=True).click()
    sure = page.get_by_role("button", name=walk.say("Save, and update fields"))
    expect(sure).to_be_visible()
    assert set(names) <= set(
        page.locator("#settings-details-choice .bullets .mono").all_inner_texts()
    )
    walk.looks_around()
    page.get_by_role("button", name=walk.say("Back to the choice")).click()
    expect(sure).to_have_count(0)
    expect(chosen(walk).first).to_be_visible()
    page.get_by_role("button", name=walk.say("Update fields"), exact=True).click()
    with page.expect_navigation():
        sure.click()
    walk.is_told("The choice is saved; Salesforce has the same fields as before.")
    walk.looks_around()


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
