"""Walks without a mouse: what has the focus, and how one gets somewhere by Tab."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from tests.support.processes import eventually

_NAME = "at => at.id || at.ariaLabel || (at.innerText ?? at.textContent).trim()"
_REACHED = "a, button, input, select, summary, textarea, [tabindex]"


def focused(page: Page) -> str:
    """Return what has the focus: its id, or else its name."""
    found: str = page.evaluate(f"() => ({_NAME})(document.activeElement)")
    return found


def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    """Press Tab until ``name``, once it is there, has the focus; it must show it."""
    eventually(lambda: _is_there(page, name), f"came {name!r}")
    for _ in range(120):  # other stories add fields of their own to what is mapped
        page.keyboard.press(key)
        if re.fullmatch(name, focused(page)):
            assert shows_focus(page), name
            return
    pytest.fail(f"{name!r} cannot be reached by {key}; the focus is on {focused(page)!r}")


def _is_there(page: Page, name: str) -> bool:
    """Whether something that can have the focus has that name; not while a page goes."""
    try:
        names = page.locator(_REACHED).evaluate_all(f"all => all.map({_NAME})")
    except PlaywrightError:
        return False
    return any(re.fullmatch(name, each) for each in names)


def shows_focus(page: Page) -> bool:
    """Whether the focused element has an outline or a shadow, and is on the screen."""
    shown: bool = page.evaluate(
        """() => {
            const at = document.activeElement, style = getComputedStyle(at);
            const box = at.getBoundingClientRect();
            const marked = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1
                || style.boxShadow !== "none";
            return marked && box.bottom > 0 && box.top < innerHeight;
        }"""
    )
    return shown


def press(page: Page, name: str, key: str = "Enter") -> None:
    tab_to(page, name)
    page.keyboard.press(key)
