"""A real installation with its demo, and a real Chromium to walk through it."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Response,
    expect,
    sync_playwright,
)
from werkzeug.serving import make_server

from crmapp.services.demo import PASSWORD
from tests.support.processes import Installation, eventually

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
PATIENCE = 30_000
"""Milliseconds after which a page that does not come is a failure, on a busy machine too."""
CONNECTED = "the demo is connected to a pretend Salesforce and Sage Intacct"
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """``crmapp up`` with the demo, for all stories."""
    home = tmp_path_factory.mktemp("site") / "home"
    told = {"CRMAPP_DEMO": "1", "CRMAPP_MAIL_DROP_DOMAIN": "drop.crm.example"}
    told["CRMAPP_WEBHOOK_HOSTS"] = "127.0.0.1"  # where a story's receiver is
    with Installation(home, told) as installation:
        yield installation
        installation.stop()


def connected(site: Installation) -> None:
    """Wait until the demo is connected to its pretend systems, which run beside it."""
    eventually(lambda: CONNECTED in site.output, "connected the demo", seconds=60)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = os.environ.get("CRMAPP_TEST_CHROMIUM") or shutil.which("chromium")
    assert chromium, "no Chromium found: install it, or set CRMAPP_TEST_CHROMIUM to its path"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        yield opened
        opened.close()


class Visitors:
    """Contexts of one browser on one site; what goes wrong on any of their pages is kept."""

    def __init__(self, browser: Browser, site: Installation) -> None:
        self._browser = browser
        self._site = site
        self._contexts: list[BrowserContext] = []
        self.problems: list[str] = []

    def open(self, **options: Any) -> Page:
        """Open a page in a context of its own, e.g. without JavaScript."""
        usual = {"viewport": {"width": 1280, "height": 760}, "base_url": self._site.url}
        usual["timezone_id"] = "UTC"  # each person's zone is that of her first browser
        context = self._browser.new_context(**usual | options)
        self._contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.on("weberror", lambda error: self.problems.append(str(error.error)))
        context.on("console", self._listen)
        context.on("response", self._look_at)
        return context.new_page()

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _listen(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.problems.append(message.text)

    def _look_at(self, response: Response) -> None:
        if response.status >= 500:
            self.problems.append(f"{response.status} {response.url}")


@pytest.fixture
def new_page(browser: Browser, site: Installation) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page in a context of its own, e.g. without JavaScript.

    The test fails in the end if a script raised, the content security policy was violated or the
    server failed.
    """
    visitors = Visitors(browser, site)
    yield visitors.open
    visitors.close()
    assert visitors.problems == []


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A visitor's page on a laptop."""
    return new_page()


@pytest.fixture(scope="session")
def cookies(browser: Browser, site: Installation) -> Callable[[str], Any]:
    """Return a function from one of the demo's people to the cookies that she is signed in with.

    Each signs in once: the sign-in page allows few attempts a minute.
    """
    kept: dict[str, Any] = {}

    def of(login: str) -> Any:
        if login not in kept:
            page = browser.new_page(base_url=site.url)
            page.set_default_timeout(PATIENCE)
            kept[login] = sign_in(page, login).context.storage_state()
            page.context.close()
        return kept[login]

    return of


@pytest.fixture
def open_as(new_page: Callable[..., Page], cookies: Callable[[str], Any]) -> Callable[..., Page]:
    """Return a function that opens a page for one of the demo's people, signed in."""
    return lambda login, **options: new_page(storage_state=cookies(login), **options)


@pytest.fixture
def serve(app: Flask) -> Iterator[Callable[[], str]]:
    """Return a function that serves this test's own application and says at which address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)

    def start() -> str:
        thread.start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    server.shutdown()
    thread.join()
    server.server_close()


def sign_in(page: Page, login: str = "alice") -> Page:
    """Sign one of the demo's people in, as she would."""
    page.goto("/login")
    page.locator("input[name=email]").fill(f"{login}@demo.example")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form[action^='/login'] button").last.click()
    page.wait_for_url(lambda url: "/login" not in url)
    return page


def arrive(page: Page, address: str) -> None:
    """Go to the address and wait for htmx: a key may be pressed before it has come."""
    page.goto(address)
    page.wait_for_selector("[data-htmx-powered]", state="attached")


@contextmanager
def sleeping(site: Installation) -> Iterator[None]:
    """Let the workers sleep, so that there is something to see before they have done it all."""
    workers = site.processes("worker")
    assert workers
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
