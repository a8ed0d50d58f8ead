"""A real installation with its demo, and a real Chromium to walk through it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from crmapp.services.demo import PASSWORD
from tests.support.processes import Installation

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """``crmapp up`` with the demo, for all stories."""
    home = tmp_path_factory.mktemp("site") / "home"
    with Installation(home, {"CRMAPP_DEMO": "1"}) as installation:
        yield installation
        installation.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = os.environ.get("CRMAPP_TEST_CHROMIUM") or shutil.which("chromium")
    assert chromium, "no Chromium found: install it, or set CRMAPP_TEST_CHROMIUM to its path"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        yield opened
        opened.close()


@pytest.fixture
def new_page(browser: Browser, site: Installation) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page in a context of its own, e.g. without JavaScript.

    The test fails in the end if a script raised or the content security policy was violated.
    """
    problems: list[str] = []
    contexts = []

    def watch(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            problems.append(message.text)

    def open_page(**options: object) -> Page:
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 760}, "base_url": site.url, **options}
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", watch)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A visitor's page on a laptop."""
    return new_page()


def sign_in(page: Page, login: str = "alice") -> Page:
    """Sign one of the demo's people in, as she would."""
    page.goto("/login")
    page.locator("input[name=email]").fill(f"{login}@demo.example")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form[action^='/login'] button").last.click()
    page.wait_for_url(lambda url: "/login" not in url)
    return page


def barriers(page: Page) -> list[str]:
    """Return what axe finds on the page: rule and element."""
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]
