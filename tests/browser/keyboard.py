"""Walks without a mouse: what has the focus, and how one gets somewhere by Tab."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page


def focused(page: Page) -> str:
    """Return what has the focus: its id, or else its name."""
    found: str = page.evaluate(
        """() => {
            const at = document.activeElement;
            return at.id || at.ariaLabel || at.innerText.trim();
        }"""
    )
    return found


def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    """Press Tab until ``name`` has the focus; it must show it."""
    for _ in range(60):
        page.keyboard.press(key)
        if re.fullmatch(name, focused(page)):
            assert shows_focus(page), name
            return
    pytest.fail(f"{name!r} cannot be reached by {key}; the focus is on {focused(page)!r}")


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
