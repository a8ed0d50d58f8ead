"""Signing in and out, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import sign_in
from tests.browser.look import barriers


def test_the_sign_in_page_has_no_barriers(page):
    page.goto("/login")

    assert barriers(page) == []


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_person_signs_in(new_page, scripts):
    page = sign_in(new_page(java_script_enabled=scripts))

    assert page.locator("nav").first.is_visible()


def test_a_wrong_password_is_said_above_the_form(page):
    page.goto("/login")
    page.locator("input[name=email]").fill("alice@demo.example")
    page.locator("input[name=password]").fill("not her password")
    page.locator("form[action^='/login'] button").last.click()

    expect(page.get_by_role("alert")).to_contain_text("is not right")
