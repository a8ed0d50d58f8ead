"""A person turns two-step sign-in on, signs in with its codes, and turns it off."""

from __future__ import annotations

import re

import pytest
from passlib.totp import TOTP
from playwright.sync_api import Page, expect

from crmapp.services.demo import PASSWORD
from tests.browser.conftest import sign_in
from tests.browser.look import CALM, barriers
from tests.browser.walk import Walk

PHONE = {"width": 390, "height": 844}


def code_of(key: str, later: int) -> str:
    """Return the code that her app shows ``later`` half-minutes from now."""
    totp = TOTP(key)
    return totp.generate(totp.normalize_time(None) + 30 * later).token


def enters(page: Page, code: str) -> None:
    page.locator("input[name=code]").fill(code)
    page.locator("form .btn.primary").click()


def gives_password(page: Page, login: str) -> None:
    page.goto("/login")
    page.locator("input[name=email]").fill(f"{login}@demo.example")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form[action^='/login'] button").last.click()


@pytest.mark.parametrize(
    "login, language, options",
    [
        ("vera", "en", {"java_script_enabled": False}),
        ("rita", "fr", {"locale": "fr-FR", "viewport": PHONE, **CALM}),
    ],
    ids=["in English without scripts", "in French on a phone"],
)
def test_a_person_signs_in_with_a_second_step(new_page, login, language, options):
    scripts = options.get("java_script_enabled", True)
    page = sign_in(new_page(**options), login)
    walk = Walk(page, language, scripts, look=barriers if scripts else lambda _page: [])

    page.goto("/tf-setup")
    walk.looks_around()
    page.get_by_role("button", name=walk.say("Set it up")).click()
    expect(page.get_by_role("img", name=walk.say("QR code for your app"))).to_be_visible()
    walk.looks_around()
    key = page.locator(".hint code").inner_text()
    enters(page, "000000")
    expect(page.locator("#code-error")).to_be_visible()
    expect(page.locator(".hint code")).to_have_text(key)
    walk.looks_around()
    enters(page, code_of(key, -1))
    page.get_by_role("button", name=walk.say("Make recovery codes")).click()
    expect(page.locator(".codes code")).to_have_count(10)
    codes = page.locator(".codes code").all_inner_texts()
    walk.looks_around()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]

    page = walk.page = new_page(**options)
    gives_password(page, login)
    page.wait_for_url("**/tf-validate")
    walk.looks_around()
    enters(page, code_of(key, 0))
    page.wait_for_url(re.compile(r"/(day|accounts|analytics)?$"))

    page = walk.page = new_page(**options)
    gives_password(page, login)
    page.get_by_role("link", name=walk.say("Use a recovery code")).click()
    walk.looks_around()
    enters(page, codes[0])
    page.wait_for_url(lambda url: "/mf-" not in url)

    page.goto("/tf-setup")
    walk.looks_around()
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name=walk.say("Turn off two-step sign-in")).click()
    expect(page.get_by_role("button", name=walk.say("Set it up"))).to_be_visible()
