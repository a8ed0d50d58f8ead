"""htmx comes from the CDN if that answers in time and truly, else from here, under the CSP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from crmapp import config
from crmapp.web.assets import STATIC
from crmapp.web.templating import HTMX_LOCAL

HTMX = (STATIC / HTMX_LOCAL).read_text()
HEADERS = {"Access-Control-Allow-Origin": "*", "Content-Type": "text/javascript"}


def answers(route: Route) -> None:
    route.fulfill(body=HTMX, headers=HEADERS)


def refuses(route: Route) -> None:
    route.abort("connectionrefused")


def tampers(route: Route) -> None:
    route.fulfill(body=HTMX + "//", headers=HEADERS)


def hangs(_route: Route) -> None:
    """Never answer: what a firewall that drops packets does."""


class Visit:
    """A page, and where it took htmx from."""

    def __init__(self, page: Page, cdn: Callable[[Route], None]) -> None:
        self.page = page
        self.asked: list[str] = []
        page.on("request", lambda request: self._note(request.url))
        page.route("**/cdn.jsdelivr.net/**", lambda route: cdn(route))

    def _note(self, url: str) -> None:
        if "htmx" in url:
            self.asked.append("cdn" if "jsdelivr" in url else "local")

    def load(self) -> list[str]:
        """Open the sign-in page, wait for htmx to work, and return where it was asked for."""
        self.asked.clear()
        self.page.goto("/login", wait_until="commit")
        self.page.wait_for_selector("form[action^='/login']")
        while not self.page.evaluate("Boolean(window.htmx)"):
            self.page.wait_for_timeout(50)
        return list(self.asked)


@pytest.fixture
def signed_in(app, as_user, make) -> dict[str, str]:
    """The cookie of a session of alice's."""
    cookie = as_user(make.alice).get_cookie(app.config["SESSION_COOKIE_NAME"])
    return {"name": cookie.key, "value": cookie.value, "domain": "127.0.0.1", "path": "/"}


@pytest.fixture
def visit(serve, settings, browser: Browser) -> Iterator[Callable[..., Visit]]:
    config.use(replace(settings, htmx_source="cdn"))
    context = browser.new_context(base_url=serve())
    yield lambda cdn: Visit(context.new_page(), cdn)
    context.close()


def test_a_cdn_that_answers_is_enough(visit):
    visit = visit(answers)

    assert [visit.load(), visit.load()] == [["cdn"], ["cdn"]]


@pytest.mark.parametrize("cdn", [refuses, tampers, hangs])
def test_a_cdn_that_does_not_is_replaced_and_left_alone_for_a_day(visit, cdn):
    visit = visit(cdn)

    first, second = visit.load(), visit.load()
    visit.page.evaluate("localStorage.setItem('crmapp.cdn-away', Date.now() - 25 * 3600 * 1000)")
    next_day = visit.load()

    assert first == ["cdn", "local"]
    assert second == ["local"]
    assert next_day == ["cdn", "local"]


def test_a_palette_that_is_opened_before_htmx_has_come_is_filled_when_it_comes(visit, signed_in):
    page = visit(hangs).page
    page.context.add_cookies([signed_in])
    page.goto("/accounts", wait_until="domcontentloaded")

    page.keyboard.press("Control+k")

    expect(page.locator("#palette [role=option]").first).to_be_visible()
