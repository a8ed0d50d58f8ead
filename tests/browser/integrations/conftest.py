"""An installation that is connected to pretend systems and sends mail, for these stories alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitors, connected, sign_in
from tests.browser.integrations.ways import Way
from tests.browser.walk import Walk
from tests.support.inbox import Inbox, open_inbox
from tests.support.pretending import Salesforce
from tests.support.processes import Installation
from tests.support.sage import Sage


@pytest.fixture(scope="package")
def inbox() -> Iterator[Inbox]:
    with open_inbox() as inbox:
        yield inbox


@pytest.fixture(scope="package")
def place(tmp_path_factory: pytest.TempPathFactory, inbox: Inbox) -> Iterator[Installation]:
    """An installation of these stories' own, connected to pretend systems, which sends mail."""
    home = tmp_path_factory.mktemp("place") / "home"
    with Installation(home, {"CRMAPP_DEMO": "1", "CRMAPP_SMTP_URL": inbox.url}) as installation:
        connected(installation)
        yield installation
        installation.stop()


@pytest.fixture(scope="package")
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


@pytest.fixture(scope="package")
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
