"""Somebody imports contacts, edits an export of them, and takes everything back."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.look import CALM, barriers, check
from tests.browser.walk import WORKED, Walk, content
from tests.browser.words import english_words, overflow


@dataclass(frozen=True)
class Way:
    """A way to use crmapp, what each page is looked at for, and a name of its own."""

    name: str
    language: str = "en"
    look: Any = content
    options: dict[str, Any] = field(default_factory=dict)


WAYS = {
    "on a laptop": Way("Żółw", look=barriers, options=dict(CALM)),
    "in French": Way("Élan", "fr", english_words, {"locale": "fr-FR"}),
    "without JavaScript": Way("Mruk", options={"java_script_enabled": False}),
    "on a phone": Way(
        "Bóbr",
        look=overflow,
        options={
            "viewport": {"width": 390, "height": 844},
            "has_touch": True,
            "is_mobile": True,
        },
    ),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_manager_imports_contacts_and_edits_them_in_a_file(open_as, way):
    page = open_as("mona", **way.options)
    walk = Walk(page, way.language, way.options.get("java_script_enabled", True), way.look)
    number, account = an_account(walk)

    sends(walk, people(walk, number, way), "contact", "Import contacts")
    goes_on(walk, "Import contacts")
    runs(walk, "Run: %(count)s contact", "Run: %(count)s contacts", 2)
    walk.waits_for_the_receipt("Completed with errors")
    first = page.url
    walk.link("Show its accounts").click()
    expect(page.locator("#accounts-table")).to_contain_text(number)
    walk.goes_to(f"{account}/contacts")
    expect(page.get_by_role("rowheader", name=f"Ann {way.name}")).to_be_visible()

    sends(walk, edited(exported(page, number), way), "contact", "Import contacts")
    goes_on(walk, "Import contacts")
    runs(walk, "Run: %(count)s contact", "Run: %(count)s contacts", 1)
    walk.waits_for_the_receipt()
    expect(walk.number("Updated")).to_have_text("1")
    walk.undoes()
    walk.waits_for_the_receipt()
    walk.goes_to(first)
    walk.undoes()
    walk.waits_for_the_receipt()
    walk.goes_to(f"{account}/contacts")
    expect(page.get_by_role("rowheader", name=f"Ann {way.name}")).to_have_count(0)


def an_account(walk: Walk) -> tuple[str, str]:
    """Return the number and the address of an account of the demo that has a number."""
    walk.goes_to("/accounts?sort=-number")
    row = walk.page.locator("#accounts-table tbody tr").first
    address = row.get_by_role("link").first.get_attribute("href") or ""
    number = re.search(r"\b[A-Z]+\d+\b", row.inner_text())
    assert number, row.inner_text()
    return number.group(), re.sub(r"\?.*", "", address)


def people(walk: Walk, number: str, way: Way) -> str:
    """Return a file of two contacts of the account, and one of an account that is not there."""
    heads = ";".join(
        walk.say(text) for text in ("Account number", "First name", "Last name", "E-mail")
    )
    return (
        f"{heads}\n{number};Ann;{way.name};ann@{way.name.lower()[:1]}x.example\n"
        f"{number};Bob;{way.name};\nnowhere;Eve;{way.name};\n"
    )


def sends(walk: Walk, text: str, object_: str, title: str) -> None:
    walk.goes_to("/accounts")
    walk.link("Import").click()
    tab = walk.page.locator(".tabs").get_by_role("link", name=walk.say("Contacts"), exact=True)
    tab.click()
    walk.comes_to(walk.say(title))
    sent: Any = {"name": f"{object_}s.csv", "mimeType": "text/csv", "buffer": text.encode()}
    walk.page.locator("input[type=file]").set_input_files(sent)
    walk.page.get_by_role("button", name=walk.say("Send and look at it")).click()
    walk.comes_to(walk.say("How the file is read"))


def goes_on(walk: Walk, title: str) -> None:
    """She looks at the rows and the fields, and has the preview made."""
    page = walk.page
    page.get_by_role("button", name=walk.say("Go on to the fields")).click()
    walk.comes_to(walk.say(title))
    for name in ("account_number", "first_name", "last_name", "email"):
        expect(page.locator(f"select[name={name}]")).not_to_have_value("")
    page.get_by_role("button", name=walk.say("Preview all rows")).click()
    expect(page.locator("#upserts-plan .plan-says")).to_be_visible(timeout=WORKED)
    walk.looks_around()


def runs(walk: Walk, one: str, several: str, count: int) -> None:
    page = walk.page
    page.get_by_role("button", name=walk.count(one, several, count), exact=True).click()
    page.wait_for_url(re.compile(r"/runs/\d+$"))
    walk.is_told("The run has begun.")


def exported(page: Page, number: str) -> str:
    """Have the contacts of the account exported for editing; return the file."""
    page.goto(f"/accounts/exports/new?q={number}")
    page.locator("input[name=object][value=contact]").check()
    page.locator("input[name=file][value=csv]").check()
    with page.expect_download() as taken:
        page.locator("#accounts-export form").get_by_role("button").first.click()
    return taken.value.path().read_text("utf-8-sig")


def edited(text: str, way: Way) -> str:
    """Give the first of the contacts that were imported a phone number."""
    head, *rows = list(csv.reader(io.StringIO(text)))
    at = next(n for n, row in enumerate(rows) if "Ann" in row and way.name in row)
    rows[at][head.index("Phone" if way.language == "en" else "Téléphone")] = "+48 42 555 0199"
    written = io.StringIO()
    csv.writer(written).writerows([head, *rows])
    return written.getvalue()


def test_the_pages_of_an_import_of_activities_have_no_barriers(open_as):
    page = open_as("mona", **CALM)
    walk = Walk(page)
    page.goto("/imports/new?object=activity")
    check(page)
    text = "Kind,Subject,Date and time\nAppel,Prices,2026-07-01 14:30\n"
    sent: Any = {"name": "doings.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.locator("input[type=file]").set_input_files(sent)
    page.get_by_role("button", name="Send and look at it").click()
    walk.comes_to("How the file is read")
    check(page)
    page.get_by_role("button", name="Go on to the fields").click()
    walk.comes_to("Import activities")
    check(page)

    page.get_by_role("button", name="Preview all rows").click()

    expect(page.get_by_text("this field says to which account").first).to_be_visible()
    check(page)
    expect(page.locator("select[name=subject]")).to_have_value("Subject")
