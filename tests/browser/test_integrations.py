"""An administrator works with Salesforce and Sage Intacct, and a rep sees what comes of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from crmapp.domain.managed_lists import MANAGED_LISTS, VALUE_HIDDEN, VALUE_ID
from tests.browser.conftest import Visitors, connected, sign_in, sleeping
from tests.browser.look import barriers
from tests.browser.walk import WORKED, Walk
from tests.browser.words import REMOTE, english_words, overflow
from tests.support.inbox import Inbox, open_inbox
from tests.support.pretending import Salesforce
from tests.support.processes import Installation, eventually
from tests.support.sage import Sage

OWNER, PRIORITY = "OwnerId", "CustomerPriority__c"
CUSTOMER, NUMBER = "Atelier graphique", "C005"
TERRITORIES = MANAGED_LISTS["territories"]
PRIORITIES = ("High", "Low", "Medium")


@dataclass(frozen=True)
class Way:
    """A way to use crmapp: in which language, and with what."""

    language: str = "en"
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def scripts(self) -> bool:
        return bool(self.options.get("java_script_enabled", True))

    def look(self, page: Page) -> list[str]:
        found = barriers(page) + overflow(page) if self.scripts else overflow(page)
        return found + (english_words(page, REMOTE) if self.language == "fr" else [])


PLAIN = {"java_script_enabled": False}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
WAYS = {
    "on a laptop": Way(),
    "in French": Way("fr"),
    "without JavaScript": Way(options=PLAIN),
    "on a phone": Way(options=PHONE),
}


def ways(*names: str) -> Any:
    return pytest.mark.parametrize("way", [WAYS[name] for name in names], ids=names)


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    with open_inbox() as inbox:
        yield inbox


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, inbox: Inbox) -> Iterator[Installation]:
    """An installation of these stories' own, connected to pretend systems, which sends mail."""
    home = tmp_path_factory.mktemp("place") / "home"
    with Installation(home, {"CRMAPP_DEMO": "1", "CRMAPP_SMTP_URL": inbox.url}) as installation:
        connected(installation)
        yield installation
        installation.stop()


@pytest.fixture(scope="module")
def cookies(browser, place) -> Callable[[str], Any]:
    """Return a function from a person to her cookies: each signs in once."""
    kept: dict[str, Any] = {}

    def of(login: str) -> Any:
        if login not in kept:
            page = Visitors(browser, place).open()
            kept[login] = sign_in(page, login).context.storage_state()
            page.context.close()
        return kept[login]

    return of


@pytest.fixture
def walks(browser, place, cookies) -> Iterator[Callable[[str, Way], Walk]]:
    """Return a function that lets a person walk in a way; her language is what she has chosen."""
    visitors = Visitors(browser, place)

    def walk(login: str, way: Way) -> Walk:
        page = visitors.open(storage_state=cookies(login), reduced_motion="reduce", **way.options)
        chooses_language(page, way.language)
        return Walk(page, way.language, way.scripts, way.look)

    yield walk
    visitors.close()
    assert visitors.problems == []


@pytest.fixture(scope="module")
def addresses(browser, place, cookies) -> dict[str, str]:
    """Return where the pretend systems are, as the connections say."""
    page = Visitors(browser, place).open(storage_state=cookies("alice"))
    found = {}
    for system, name in (("salesforce", "instance_url"), ("intacct", "url")):
        page.goto(f"/admin/connections/{system}")
        found[system] = page.locator(f"input[name={name}]").input_value()
    page.context.close()
    return found


@pytest.fixture
def org(addresses) -> Salesforce:
    return Salesforce(None, addresses["salesforce"])


@pytest.fixture
def sage(addresses) -> Sage:
    return Sage(addresses["intacct"])


def chooses_language(page: Page, language: str) -> None:
    name = {"en": "English", "fr": "Français"}[language]
    page.goto("/preferences/mail")
    page.locator("#person-menu > summary").click()
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.locator("html")).to_have_attribute("lang", language)
    page.goto("/preferences/mail")


# --- the details of accounts ----------------------------------------------------------------------


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


def opens_other_tab(walk: Walk, subscription: str) -> None:
    """She comes there from the sections of the administration."""
    walk.goes_to("/admin")
    walk.link("Subscriptions").first.click()
    walk.comes_to(walk.say("Subscriptions"))
    card = walk.page.locator("section, article, li").filter(
        has=walk.page.get_by_role("heading", name=walk.say(subscription))
    )
    card.last.get_by_role("link", name=re.compile(f"^{walk.say('Configure')}")).click()
    walk.comes_to(walk.say(subscription))
    walk.opens_tab("Other")


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
    page.locator("button[name=find]").click()
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


# --- managed lists --------------------------------------------------------------------------------


@ways("on a laptop", "in French", "on a phone")
def test_an_admin_resyncs_territories_and_is_told_by_mail(walks, place, org, sage, inbox, way):
    walk = walks("alice", way)
    sage.add_territory(f"Territory of {len(sage.territories())}")
    inbox.letters.clear()
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

    expect(done.get_by_role("link")).to_have_attribute("href", re.compile(f"{run}$"))
    walk.looks_around()
    assert in_lists_of(org) == sage.territories()
    walk.goes_to("/admin/pick-lists/territory")
    here = walk.page.locator("main tbody th[scope=row]").all_inner_texts()
    assert {each.strip() for each in here} == set(sage.territories().values())
    reads_the_letter(walk, inbox, run)


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
    letter = eventually(lambda: inbox.letters and inbox.letters[0], "sent a letter")
    body = letter.get_body(("plain",))
    text = body.get_content()
    assert letter["To"] == "alice@demo.example"
    assert letter["Subject"] == walk.say(
        "%(title)s: %(status)s", title=walk.say("Territories"), status=walk.say("Completed")
    )
    assert walk.say("Hello %(name)s,", name="Alice Admin") in text
    assert run in text
    assert len(inbox.letters) == 1


@ways("on a laptop", "in French")
def test_an_admin_decides_about_a_value_that_records_hold(walks, org, sage, way):
    walk = walks("alice", way)
    opens_territories(walk)
    synchronizes(walk)
    expect(walk.link("Look at what it did")).to_be_visible(timeout=WORKED)
    before = in_lists_of(org)
    sage.set_status("EMEA", "inactive")

    synchronizes(walk)
    walk.link("Look at what would go").click(timeout=WORKED)

    walk.looks_around()
    name = walk.say("What becomes of %(name)s", name=before["EMEA"])
    walk.page.get_by_label(name).select_option("-keep")
    walk.page.get_by_role("button", name=walk.say("Go on"), exact=True).click()
    walk.is_told("The run has begun.")
    walk.waits_for_the_receipt()
    assert in_lists_of(org) == before
    opens_territories(walk)
    expect(walk.page.locator("#settings-sync-kept")).to_contain_text(before["EMEA"])
    sage.set_status("EMEA", "active")


# --- the field map --------------------------------------------------------------------------------


@ways("on a laptop", "in French")
def test_an_admin_maps_a_field_of_her_own_and_tests_it_on_one_record(walks, way):
    walk = walks("alice", way)
    opens_other_tab(walk, "CRM Integration")
    walk.field("Enable field map").check()
    walk.saves()
    walk.is_told("The field map is enabled. Its rows are synchronised from now on.")
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
    tries_one_record(walk)

    takes_it_away_again(walk)


def maps_interests(walk: Walk) -> None:
    """The fields have words of their own; the one that the other side lacks must be said."""
    page = walk.page
    walk.link("Add a row").click()
    walk.field("Intacct field").select_option("nsp::INTERESTS")
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
    """Return how many versions the map has by now."""
    return walk.page.locator("#settings-field-map-versions .event").count() - 1


def tries_one_record(walk: Walk) -> None:
    walk.link("Test on one record").first.click()
    walk.comes_to(walk.say("Test on one record"))
    walk.field("Number or name of the account").fill(NUMBER)
    walk.page.get_by_role("button", name=walk.say("Test"), exact=True).click()
    outcome = walk.page.locator("#trial-region tbody tr").filter(has_text="Interests__c")
    expect(outcome).to_be_visible()
    walk.looks_around()


def takes_it_away_again(walk: Walk) -> None:
    walk.goes_to("/admin/subscriptions/crm/fields")
    row = walk.page.locator("#settings-field-map tbody tr").filter(has_text="Interests__c")
    row.get_by_role("button", name=walk.say("Remove %(name)s", name="Interests")).click()
    walk.saves()
    expect(row).to_have_count(0)
    walk.goes_to("/admin/subscriptions/crm/other")
    walk.field("Enable field map").uncheck()
    walk.saves()
    walk.is_told("Only standard fields are synchronised from now on. The map is kept.")
