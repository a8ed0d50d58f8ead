"""An installation that is connected to pretend systems and sends mail, for these stories alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.conftest import Visitors, connected
from tests.browser.placed import cookies, walks
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


__all__ = ["cookies", "walks"]
