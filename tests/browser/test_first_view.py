"""The first view is small: few requests, few bytes, nothing in the browser's cache."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

REQUESTS, BYTES = 6, 100_000


def fetched(page: Page, address: str) -> dict[str, int]:
    """Open a page and return the bytes of each answer, as they came over the wire.

    What the page asks for once it is seen, such as the counts of views, is left out.
    """
    asked = []
    page.on("requestfinished", lambda request: asked.append(request))
    page.goto(address, wait_until="networkidle")
    asked = [each for each in asked if each.url[:5] != "data:" and each.resource_type != "fetch"]
    sizes = {request.url: request.sizes() for request in asked}
    parts = ("responseHeadersSize", "responseBodySize")
    return {url: sum(each[part] for part in parts) for url, each in sizes.items()}


def test_the_sign_in_page(page):
    sizes = fetched(page, "/login")

    assert len(sizes) <= REQUESTS, sizes
    assert sum(sizes.values()) <= BYTES, sizes


@pytest.mark.parametrize(
    "address", ["/accounts", "/accounts/5", "/analytics/sales/customers", "/runs/1"]
)
def test_a_page_for_somebody_who_comes_with_an_empty_cache(open_as, address):
    sizes = fetched(open_as("alice"), address)

    assert len(sizes) <= REQUESTS, sizes
    assert sum(sizes.values()) <= BYTES, sizes
