"""Walks through an installation of a package's own, which the package's fixture ``place`` makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitors, sign_in
from tests.browser.integrations.ways import Way
from tests.browser.walk import Walk


@pytest.fixture(scope="package")
def cookies(browser, place) -> Callable[[str], Any]:
    """Return a function from a person to her cookies: each signs in once."""
    kept: dict[str, Any] = {}

    def of(login: str) -> Any:
        if login not in kept:
            page = Visitors(browser, place).open()
            kept[login] = sign_in(page, login).context.storage_state()
            page.context.close()
        return kept[login]

    return of


@pytest.fixture
def walks(browser, place, cookies) -> Iterator[Callable[[str, Way], Walk]]:
    """Return a function that lets a person walk in a way; her language is what she has chosen."""
    visitors = Visitors(browser, place)

    def walk(login: str, way: Way) -> Walk:
        page = visitors.open(storage_state=cookies(login), reduced_motion="reduce", **way.options)
        chooses_language(page, way.language)
        return Walk(page, way.language, way.scripts, way.look)

    yield walk
    visitors.close()
    assert visitors.problems == []


def chooses_language(page: Page, language: str) -> None:
    name = {"en": "English", "fr": "Français"}[language]
    page.goto("/preferences/mail")
    page.locator("#person-menu > summary").click()
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.locator("html")).to_have_attribute("lang", language)
    page.goto("/preferences/mail")


@pytest.fixture
def guests(open_as: Callable[..., Page]) -> Callable[[str, Way], Walk]:
    """As ``walks``, in the installation of all stories: the browser says her language.

    Nobody chooses one there, since those who walk after her would find it chosen.
    """

    def walk(login: str, way: Way) -> Walk:
        locale = {"en": "en-GB", "fr": "fr-FR"}[way.language]
        page = open_as(login, **{"reduced_motion": "reduce", "locale": locale, **way.options})
        return Walk(page, way.language, way.scripts, way.look)

    return walk
