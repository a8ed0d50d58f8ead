"""What a browser with an empty cache fetches to show a page: requests, and bytes over the wire.

    python -m bench.first_view

A real Chromium opens pages of an installation with the demo, as the test of the same name does.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bench.figures import Figure, Size, at_most, missing, table
from tests.browser.conftest import PATIENCE, QUIET, sign_in
from tests.browser.test_first_view import BYTES, REQUESTS, fetched
from tests.support.processes import Installation

PAGES = ("/login", "/accounts", "/accounts/5", "/analytics/sales/customers", "/runs/1")


def measured(browser: Browser, url: str) -> Iterator[tuple[str, dict[str, int]]]:
    """Open each page in a browser that has only the cookies; give the bytes of each answer."""
    signed_in = browser.new_page(base_url=url)
    signed_in.set_default_timeout(PATIENCE)
    cookies = sign_in(signed_in).context.storage_state()
    for address in PAGES:
        known = None if address == "/login" else cookies
        context = browser.new_context(base_url=url, storage_state=known)
        context.set_default_timeout(PATIENCE)
        yield address, fetched(context.new_page(), address)
        context.close()


def figures(_size: Size, folder: Path) -> Iterator[Figure]:
    """Requests and bytes of each page."""
    chromium = os.environ.get("CRMAPP_TEST_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        yield missing("first view: requests", f"≤ {REQUESTS} requests", "no Chromium here")
        yield missing("first view: bytes", f"≤ {BYTES // 1000} KB", "no Chromium here")
        return
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=folder) as home,
        Installation(Path(home) / "home", {"CRMAPP_DEMO": "1"}) as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        for address, sizes in measured(browser, site.url):
            print(address, *(f"  {size:7,} {url}" for url, size in sizes.items()), sep="\n")
            yield at_most(f"first view: {address}", len(sizes), REQUESTS, "requests")
            kilobytes = sum(sizes.values()) / 1000
            yield at_most(f"first view: {address}", kilobytes, BYTES / 1000, "KB compressed")
        browser.close()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        print(table(figures(Size(1), Path(folder))))


if __name__ == "__main__":
    main()
