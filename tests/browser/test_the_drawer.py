"""What somebody types in the drawer is sent once, and lost only when she says so."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Dialog, Page, Request, expect

from tests.browser.walk import Walk


@pytest.fixture
def walk(open_as) -> Walk:
    """Mona, with the form of a new account in the drawer."""
    walk = Walk(open_as("mona"))
    walk.opens_form_of_a_new_account()
    expect(walk.page.locator("#drawer")).to_be_visible()
    return walk


def beside(page: Page) -> None:
    page.mouse.click(400, 400)


def test_a_slip_does_not_lose_what_was_typed(walk):
    page, asked = walk.page, []

    def no(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", no)
    walk.field("Name").fill("Half written")

    beside(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Close", exact=True).click()

    expect(walk.field("Name")).to_have_value("Half written")
    assert asked == ["Close without saving? What you have typed is lost."] * 2
    page.remove_listener("dialog", no)
    page.on("dialog", lambda dialog: dialog.accept())
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()


@pytest.mark.parametrize(
    "leave", [beside, lambda page: page.keyboard.press("Escape")], ids=["beside", "escape"]
)
def test_a_drawer_in_which_nothing_was_typed_closes_at_once(walk, leave):
    leave(walk.page)

    expect(walk.page.locator("#drawer")).to_be_hidden()


def test_cancel_means_it(walk):
    walk.field("Name").fill("Never mind")

    walk.link("Cancel").or_(walk.page.get_by_role("link", name="Cancel")).first.click()

    expect(walk.page.locator("#drawer")).to_be_hidden()


def test_a_second_click_sends_nothing(walk):
    sent: list[str] = []

    def counts(request: Request) -> None:
        if request.method == "POST" and urlsplit(request.url).path == "/accounts":
            sent.append(request.url)

    walk.page.on("request", counts)
    walk.field("Name").fill("Clicked twice")

    walk.page.get_by_role("button", name="Save", exact=True).dblclick()

    walk.page.wait_for_url(re.compile(r"/accounts/\d+$"))
    walk.is_told("Account “Clicked twice” added.")
    assert len(sent) == 1
    expect(walk.page.locator("#toasts .toast")).to_have_count(1)


def test_what_the_fields_mean_is_told_beside_the_form(walk):
    walk.field("Name").fill("Half written")

    with walk.page.expect_popup() as opened:
        walk.page.get_by_role("link", name="What the fields mean").click()

    heading = opened.value.get_by_role("heading", level=1)
    expect(heading).to_have_text("Fields of an account")
    expect(walk.field("Name")).to_have_value("Half written")
