"""Somebody who sells attaches a file to an account, fetches it, deletes it, and brings it back."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.integrations.ways import ways
from tests.browser.walk import Walk
from tests.support.attached import PDF


@pytest.fixture
def walk(open_as, way):
    locale = {"locale": "fr-FR"} if way.language == "fr" else {}
    page = open_as("alice", reduced_motion="reduce", **way.options, **locale)
    return Walk(page, way.language, way.scripts, way.look)


@ways("on a laptop", "in French", "without JavaScript", "on a phone")
def test_a_file_is_attached_fetched_deleted_and_restored(walk, way):
    name = f"Offer {way.language} {way.scripts} {len(way.options)}.pdf"
    walk.goes_to("/accounts/11/files")

    sends(walk, "run.exe", b"MZ")
    expect(walk.page.locator("input[type=file]")).to_have_attribute("aria-invalid", "true")
    sends(walk, name, PDF)
    assert fetched(walk, name) == PDF

    deletes(walk, name)
    walk.page.locator("#toasts").get_by_role("button", name=walk.say("Undo")).click()
    expect(walk.link(name)).to_be_visible()

    deletes(walk, name)
    walk.page.locator("details.more > summary").click()
    button = walk.say("Restore %(name)s", name=name)
    walk.page.get_by_role("button", name=button, exact=True).click()
    expect(walk.link(name)).to_be_visible()
    walk.opens_tab("Timeline")
    walk.shows("Files")
    expect(walk.page.locator(".event-part").filter(has_text=name)).to_have_count(5)


@ways("without JavaScript", "on a phone")
def test_a_file_is_attached_to_an_activity(walk, way):
    name = f"Prices {way.scripts}.csv"
    walk.goes_to("/activities/2/files")

    sends(walk, name, b"a;b\n")

    expect(walk.page.locator("#activity-2").get_by_role("link", name=name)).to_be_visible()
    assert fetched(walk, name) == b"a;b\n"


def test_a_file_that_is_dropped_is_attached(open_as):
    walk = Walk(open_as("alice"))
    walk.goes_to("/accounts/12/files")
    dropped = walk.page.evaluate_handle(
        "() => { const bag = new DataTransfer();"
        " bag.items.add(new File(['dropped'], 'dropped.txt')); return bag; }"
    )

    walk.page.locator("#attachments-upload").dispatch_event("drop", {"dataTransfer": dropped})

    expect(walk.link("dropped.txt")).to_be_visible()


def test_the_address_for_mail_is_copied(open_as):
    page = open_as("alice", permissions=["clipboard-read", "clipboard-write"])
    walk = Walk(page)
    walk.goes_to("/accounts/12/timeline")
    page.locator(".mail-drop > summary").click()
    address = walk.field("E-mail address of this account").input_value()

    page.get_by_role("button", name="Copy", exact=True).click()

    expect(page.get_by_role("button", name="Copied", exact=True)).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == address
    page.get_by_role("button", name="New address").click()
    walk.is_told("The account has a new e-mail address.")
    expect(walk.field("E-mail address of this account")).not_to_have_value(address)


def sends(walk: Walk, name: str, content: bytes) -> None:
    sent: Any = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    walk.page.locator("input[type=file]").set_input_files(sent)
    form = walk.page.locator("#attachments-upload")
    form.get_by_role("button", name=walk.say("Add"), exact=True).click()
    walk.looks_around()


def deletes(walk: Walk, name: str) -> None:
    button = walk.say("Delete %(name)s", name=name)
    walk.page.get_by_role("button", name=button, exact=True).click()
    walk.is_told("“%(name)s” deleted.", name=name)
    expect(walk.link(name)).to_have_count(0)


def fetched(walk: Walk, name: str) -> bytes:
    with walk.page.expect_download() as taken:
        walk.page.get_by_role("link", name=name).first.click()
    assert taken.value.suggested_filename == name
    content: bytes = taken.value.path().read_bytes()
    return content
