"""An administrator connects Sage Intacct and Salesforce, over their pretend systems."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from crmapp.connectors.sandbox.intacct import company
from crmapp.connectors.sandbox.salesforce import apps
from tests.browser.conftest import Visitors, arrive, sign_in
from tests.browser.look import CALM, check
from tests.support.connections import GATEWAY
from tests.support.processes import Installation

WORKS = re.compile("^Works$")


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Iterator[Installation]:
    """An installation with the demo that nobody has connected yet."""
    home = tmp_path_factory.mktemp("place") / "home"
    with Installation(home, {"CRMAPP_DEMO": "1", "CRMAPP_SANDBOXES": "0"}) as installation:
        yield installation
        installation.stop()


@pytest.fixture
def alice(browser, place) -> Iterator[Page]:
    visitors = Visitors(browser, place)
    yield sign_in(visitors.open(**CALM), "alice")
    visitors.close()
    assert visitors.problems == []


def fill(page: Page, values: dict[str, str]) -> None:
    for label, value in values.items():
        page.get_by_label(label, exact=True).fill(value)


def test_intacct_is_connected_and_every_request_is_in_the_log(alice, intacct):
    arrive(alice, "/admin/connections/intacct")
    alice.get_by_label("Company ID").fill("typed before the choice")
    alice.get_by_label("Sage Intacct (XML gateway, sender ID)").check()
    expect(alice.get_by_label("Sender ID", exact=True)).to_be_visible()
    expect(alice.get_by_label("Company ID")).to_have_value("typed before the choice")
    fill(
        alice,
        {
            "Sender ID": company.SENDER,
            "Sender password": company.SENDER_PASSWORD,
            "Company ID": company.COMPANY,
            "User ID": "crmapp_sync",
            "Password of the user": "not this one",
            "Address of the gateway": intacct + GATEWAY,
        },
    )
    alice.get_by_label("Use the sandbox").check()
    alice.get_by_role("button", name="Save and test").click()
    expect(alice.get_by_text("The credentials are wrong")).to_be_visible()
    check(alice)

    alice.get_by_label("Password of the user").fill(company.PASSWORD)
    alice.get_by_role("button", name="Save and test").click()
    expect(alice.locator("#settings-connection-state .tag")).to_have_text(WORKS)
    told = alice.locator(".toast").filter(has_text="The connection works.")
    told.get_by_role("button", name="Dismiss").click()
    expect(told).to_have_count(0)
    alice.get_by_role("button", name="Test connection").click()
    expect(told).to_be_visible()
    check(alice)

    alice.get_by_role("link", name="Request log").click()
    expect(alice.get_by_role("link", name="XL03000006")).to_be_visible()
    check(alice)
    alice.get_by_role("link", name="XL03000006").click()
    alice.get_by_role("region", name="Requests").get_by_role("link").first.click()
    expect(alice.locator("#settings-request")).to_contain_text("Sign-in information is incorrect")
    check(alice)


def test_a_person_signs_in_at_salesforce_and_comes_back(alice, org):
    arrive(alice, "/admin/connections/salesforce?flow=web")
    fill(
        alice,
        {
            "Address of the organisation": org,
            "Consumer key": apps.CLIENT_ID,
            "Consumer secret": apps.CLIENT_SECRET,
        },
    )
    alice.get_by_label("Use the sandbox").check()
    alice.get_by_role("button", name="Save", exact=True).click()
    expect(alice.get_by_text("Sign in to finish")).to_be_visible()
    check(alice)

    alice.get_by_role("link", name="Sign in at Salesforce").click()
    alice.get_by_role("button", name="Allow").click()

    expect(alice.get_by_text("You have signed in. The connection works.")).to_be_visible()
    expect(alice.locator("#settings-connection-state")).to_contain_text(apps.USERNAME)


def test_without_javascript_a_button_shows_the_fields_of_a_choice(open_as):
    page = open_as("alice", java_script_enabled=False)
    page.goto("/admin/connections/salesforce")
    page.get_by_label("Signed token (JWT bearer)").check()

    page.get_by_role("button", name="Show the fields of this choice").click()

    expect(page.get_by_label("Private key")).to_be_visible()
    expect(page.get_by_label("Consumer secret")).to_have_count(0)
