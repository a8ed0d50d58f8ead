"""How a page is looked at: by axe in light and dark, and as wide as a phone."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.words import overflow

CALM = {"reduced_motion": "reduce", "color_scheme": "light"}
"""How a page is opened to be looked at: nothing moves."""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules that may hold in the light and not in the dark: nothing but colours differs."""
BRIEF = {"resultTypes": ["violations"], "selectors": False, "iframes": False, "preload": False}
"""Nothing in detail but what is wrong: to describe what is right takes longer than to find it."""
_AXE = Axe().axe_script
_VIOLATIONS = """async (options) => {
    const { violations } = await axe.run(options);
    const say = ({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`);
    return violations.flatMap(say);
}"""


def barriers(page: Page, rules: list[str] | None = None) -> list[str]:
    """Return what axe finds on the page, rule and element: by all rules, or only by ``rules``."""
    chosen = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": TAGS}
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_AXE)
    found: list[str] = page.evaluate(_VIOLATIONS, {"runOnly": chosen, **BRIEF})
    return found


def check(page: Page) -> None:
    """Look at the page in light and dark, and on a phone."""
    found: dict[str, list[str]] = {}
    page.emulate_media(color_scheme="dark")
    found["dark"] = barriers(page, COLOURS)
    page.emulate_media(color_scheme="light")
    found["light"] = barriers(page)
    size = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    found["phone"] = overflow(page)
    page.set_viewport_size(size or {"width": 1280, "height": 760})
    assert found == {"light": [], "dark": [], "phone": []}, page.url
