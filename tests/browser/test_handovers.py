"""An administrator looks at who would take over what a person has, and thinks better of it."""

from __future__ import annotations

import pytest

from tests.browser.look import CALM, barriers
from tests.browser.walk import Walk

PHONE = {"width": 390, "height": 844}


@pytest.mark.parametrize(
    "language, options",
    [
        ("en", {"java_script_enabled": False}),
        ("fr", {"locale": "fr-FR", "viewport": PHONE, **CALM}),
    ],
    ids=["in English without scripts", "in French on a phone"],
)
def test_a_handover_is_looked_at_first(open_as, language, options):
    scripts = options.get("java_script_enabled", True)
    page = open_as("alice", **options)
    walk = Walk(page, language, scripts, look=barriers if scripts else lambda _page: [])

    walk.goes_to("/admin/users")
    page.get_by_role("link", name="Rita", exact=False).first.click()
    page.locator("select[name=heir]").select_option("-")
    page.get_by_role("button", name=walk.say("Save")).click()
    page.wait_for_url("**/admin/handovers/*")
    walk.looks_around()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    page.get_by_role("button", name=walk.say("Cancel")).click()
    page.wait_for_url("**/runs/*")
    walk.looks_around()
