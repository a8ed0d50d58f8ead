"""A person tries out what her programs may ask: with a token of hers, and only with it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.look import CALM, COLOURS, barriers, check

PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
KEPT = "JSON.stringify([{...localStorage}, {...sessionStorage}, location.href, document.cookie])"


def made(page: Page, scope: str) -> str:
    """Make a token, and return its word."""
    page.goto("/preferences/tokens")
    page.get_by_label("Name").fill("Tried out")
    page.locator(f"input[name=scopes][value='{scope}']").check()
    page.get_by_role("button", name="Make a token").click()
    return page.get_by_label("Token", exact=True).input_value()


@pytest.fixture
def token(open_as) -> str:
    return made(open_as("rita"), "accounts:read")


def unfolded(page: Page, name: str) -> Locator:
    operation = page.locator(f"#{name}")
    operation.locator("> summary").click()
    return operation


def sends(operation: Locator) -> Locator:
    """Send the request, and return what is said of its answer."""
    operation.get_by_role("button", name="Send").click()
    return operation.get_by_role("status").first


@pytest.mark.parametrize("options", [CALM, {**CALM, **PHONE}], ids=["wide", "phone"])
def test_a_request_is_tried_out_with_a_token(open_as, token, options):
    page = open_as("rita", **options)
    page.goto("/preferences/tokens")
    page.get_by_role("link", name="What it may ask").click()
    listing = unfolded(page, "list_accounts")
    said = sends(listing)
    expect(said).to_contain_text("401")
    expect(said).to_contain_text("Send a token that is good")
    said.get_by_role("link", name="Paste a token").click()
    page.get_by_label("Your token").fill(token)

    listing.get_by_label("limit").fill("2")
    expect(sends(listing)).to_contain_text("200")

    body = listing.get_by_role("group", name="What was answered")
    expect(body).to_contain_text('"items"')
    assert body.inner_text().count('"billing_city"') == 2
    assert barriers(page, None if options == CALM else COLOURS) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")

    creating = unfolded(page, "create_account")
    said = sends(creating)
    expect(said).to_contain_text("403")
    expect(said).to_contain_text("accounts:write")
    assert token not in page.evaluate(KEPT)


def test_what_was_read_is_what_a_change_is_sent_with(open_as, token):
    page = open_as("rita")
    page.goto("/help/api#read_account")
    page.get_by_label("Your token").fill(token)
    listing = unfolded(page, "list_accounts")
    sends(listing)
    body = listing.get_by_role("group", name="What was answered")
    expect(body).to_contain_text('"id"')
    own = page.evaluate("text => JSON.parse(text).items[0].id", body.inner_text())

    reading = page.locator("#read_account")
    reading.get_by_label("account_id").fill(str(own))
    expect(sends(reading)).to_contain_text("200")
    expect(reading.get_by_text("ETag", exact=True)).to_be_visible()

    changing = unfolded(page, "change_account")
    expect(changing.get_by_label("account_id")).to_have_value(str(own))
    expect(changing.get_by_label("If-Match")).to_have_value(
        reading.locator("dd").first.inner_text()
    )


def test_what_is_wrong_with_each_value_is_said(open_as):
    page = open_as("rita")
    token = made(page, "accounts:write")
    page.goto("/help/api#create_account")
    page.get_by_label("Your token").fill(token)
    creating = page.locator("#create_account")

    creating.get_by_label("Body, as JSON").fill('{"nam": "Ünknown"}')

    expect(sends(creating)).to_contain_text("422")
    expect(creating.get_by_text("nam: There is no such member.")).to_be_visible()
    expect(creating.get_by_label("Body, as JSON")).to_have_value('{"nam": "Ünknown"}')


def test_the_token_is_gone_when_the_page_was_left(open_as):
    page = open_as("rita")
    page.goto("/help/api")
    page.get_by_label("Your token").fill("crm_secret")

    page.get_by_role("link", name="Tokens for programs").first.click()
    page.wait_for_url("**/preferences/tokens")
    page.go_back()

    expect(page.get_by_label("Your token")).to_have_value("")


def test_what_cannot_be_sent_is_said(open_as):
    page = open_as("rita")
    page.goto("/help/api")
    page.get_by_label("Your token").fill("jeton …")

    expect(sends(unfolded(page, "list_runs"))).to_contain_text("No answer came")


def test_words_find_an_operation_while_one_types(open_as):
    page = open_as("rita")
    page.goto("/help/api")

    page.keyboard.press("/")
    page.keyboard.type("undo")

    expect(page.locator(".api-op:visible")).to_have_count(1)
    expect(page.locator("#undo_run")).to_be_visible()
    page.keyboard.type("zzz")
    expect(page.get_by_text("No operation has these words.")).to_be_visible()


def test_all_that_unfolds_has_no_barriers(open_as):
    page = open_as("rita", **CALM)
    page.goto("/help/api")

    page.evaluate(
        "document.querySelectorAll('main details').forEach(each => { each.open = true; })"
    )

    check(page)


def test_without_javascript_the_page_is_read(open_as):
    page = open_as("rita", java_script_enabled=False)
    page.goto("/help/api?q=create")

    creating = unfolded(page, "create_account")

    expect(creating.get_by_text('"name": "Nordic Toys"').first).to_be_visible()
    expect(creating.get_by_role("button")).to_have_count(0)
    expect(page.get_by_text("this page is for reading")).to_be_visible()
    expect(page.get_by_label("Your token")).to_be_hidden()
    expect(page.locator("#list_accounts")).to_be_hidden()


def test_all_that_a_token_may_do_is_in_sight_on_a_phone(open_as):
    page = open_as("rita", locale="fr-FR", **PHONE)
    page.goto("/preferences/tokens")

    scopes = page.locator(".chosen-from", has=page.locator("input[name=scopes]"))

    assert scopes.evaluate("box => box.scrollHeight - box.clientHeight") <= 0
