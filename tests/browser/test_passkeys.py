"""A person adds a passkey of her device, signs in by it, sees where she is signed in."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in
from tests.browser.look import CALM, barriers
from tests.browser.walk import Walk

PHONE = {"width": 390, "height": 844}
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def plug_in(page: Page) -> tuple[object, str]:
    """Give the browser a device that keeps passkeys, as WebDriver pretends one."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    made = tools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    return tools, made["authenticatorId"]


@pytest.mark.parametrize(
    "login, language, options",
    [
        ("vera", "en", CALM),
        ("rita", "fr", {"locale": "fr-FR", "viewport": PHONE, **CALM}),
    ],
    ids=["in English", "in French on a phone"],
)
def test_a_person_signs_in_by_a_passkey(new_page, site, login, language, options):
    named = site.url.replace("127.0.0.1", "localhost")  # no passkey belongs to a number
    page = sign_in(new_page(base_url=named, **options), login)
    walk = Walk(page, language, True, look=barriers)
    tools, device = plug_in(page)

    page.goto("/wan-register")
    walk.looks_around()
    page.locator("input[name=name]").fill("Phone")
    page.get_by_role("button", name=walk.say("Go on")).click()
    remove = page.get_by_role("button", name=walk.say("Remove %(name)s", name="Phone"))
    expect(remove).to_be_visible()
    walk.looks_around()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]

    page.context.clear_cookies()
    page.goto("/login")
    page.get_by_role("link", name=walk.say("Sign in with a passkey")).click()
    walk.looks_around()
    tools.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    page.get_by_role("button", name=walk.say("Go on")).click()
    expect(page.locator("[data-passkey-problem]")).to_be_visible()
    walk.looks_around()
    tools.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
    page.get_by_role("button", name=walk.say("Try again")).click()
    page.wait_for_url(re.compile(r"/(day|accounts|analytics)?$"))

    page.goto("/preferences/sessions")
    expect(page.get_by_text(walk.say("This device"), exact=True)).to_be_visible()
    walk.looks_around()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]

    page.goto("/wan-register")
    remove.click()
    expect(remove).to_have_count(0)
