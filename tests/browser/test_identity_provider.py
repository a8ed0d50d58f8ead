"""An administrator sets an identity provider up; people sign in with it, and out of it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.look import CALM, barriers
from tests.browser.walk import Walk
from tests.support.openid import CLIENT_ID, SECRET, certified

PHONE = {"width": 390, "height": 844}
PLACE = "/admin/users/identity-provider"


@pytest.fixture(scope="module")
def provider(site):
    with certified(f"{site.url}/login/provider/back", f"{site.url}/login") as issuer:
        yield issuer


@pytest.fixture
def set_up(open_as, provider):
    """Set it up as an administrator would, and take it out of use in the end."""
    page = open_as("alice", **CALM)
    walk = Walk(page, look=barriers)
    page.goto(PLACE)
    for name, text in (
        ("issuer", provider), ("client_id", CLIENT_ID), ("secret", SECRET), ("label", "Acme"),
    ):  # fmt: skip
        page.locator(f"input[name={name}]").fill(text)
    page.locator("input[name=sandbox]").check()
    page.locator("input[name=active]").check()
    page.get_by_role("button", name="Save and test").click()
    walk.is_told("The provider answers, and shows 1 key.")
    walk.looks_around()
    yield
    page.goto(PLACE)
    page.locator("input[name=active]").uncheck()
    page.get_by_role("button", name="Save", exact=True).click()
    walk.is_told("Your choice is kept.")


def signs_in_there(page: Page, login: str) -> None:
    page.locator("input[name=login]").fill(f"{login}@demo.example")
    page.locator("input[name=password]").fill("anything")
    page.locator("button[type=submit]").click()
    page.get_by_role("button", name="Continue").click()


@pytest.mark.parametrize(
    "login, language, options",
    [
        ("vera", "en", CALM),
        ("rita", "fr", {"locale": "fr-FR", "viewport": PHONE, **CALM}),
    ],
    ids=["in English", "in French on a phone"],
)
def test_a_person_signs_in_with_the_provider_and_out_of_it(
    new_page, site, set_up, login, language, options
):
    page = new_page(**options)
    walk = Walk(page, language, look=barriers)

    page.goto("/preferences/day")
    walk.looks_around()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    page.get_by_role("link", name=walk.say("Sign in with %(name)s", name="Acme")).click()
    signs_in_there(page, login)
    page.wait_for_url("**/preferences/day")
    walk.looks_around()

    page.locator("#person-menu > summary").click()
    page.get_by_role("button", name=walk.say("Sign out")).click()
    page.get_by_role("button", name="Yes, sign me out").click()
    page.wait_for_url("**/login")
    walk.looks_around()
