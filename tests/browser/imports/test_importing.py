"""Somebody imports accounts from a file, corrects what failed, and takes it all back."""

from __future__ import annotations

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
    """A way to use crmapp, what each page is looked at for, and a number of its own."""

    number: str
    language: str = "en"
    look: Any = content
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def company(self) -> str:
        return f"Żółw {self.number}"


WAYS = {
    "on a laptop": Way("0901", look=barriers, options=dict(CALM)),
    "in French": Way("0902", "fr", english_words, {"locale": "fr-FR"}),
    "without JavaScript": Way("0903", options={"java_script_enabled": False}),
    "on a phone": Way(
        "0904",
        look=overflow,
        options={
            "viewport": {"width": 390, "height": 844},
            "has_touch": True,
            "is_mobile": True,
        },
    ),
}


def file_of(way: Way) -> str:
    """Return a file of three rows, of which one lacks its name and one is too wide."""
    heads = "Nom;Numéro;Téléphone" if way.language == "fr" else "Name;Number;Phone"
    return (
        f"{heads}\n{way.company};{way.number};+33 1 23 45 67 89\n;{way.number}1;+33 1 23 45 67 80\n"
        f"Wide {way.number};{way.number}2;555 123 456;x;y\n"
    )


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_manager_imports_accounts_corrects_and_takes_them_back(open_as, way):
    page = open_as("mona", **way.options)
    walk = Walk(page, way.language, way.options.get("java_script_enabled", True), way.look)

    sends(walk, file_of(way))
    run = looks_and_runs(walk, way, created=1)
    sees_its_accounts(walk, run, way)
    failed = takes_failed_rows(walk, run)
    assert failed.count("\n") == 3
    assert way.number + "1" in failed

    sends(walk, corrected(failed, way), like=run)
    looks_and_runs(walk, way, created=1)
    walk.undoes()
    walk.waits_for_the_receipt()
    walk.goes_to(f"/accounts?q={way.number}1")
    expect(page.get_by_role("link", name=f"Fixed {way.number}", exact=True)).to_have_count(0)


def corrected(failed: str, way: Way) -> str:
    """Give the row without a name one; the one that is too wide stays as it is."""
    return failed.replace(f"\n;{way.number}1", f"\nFixed {way.number};{way.number}1")


def sends(walk: Walk, text: str, like: str = "") -> None:
    if like:
        walk.goes_to(like)
        walk.link("Same settings again").click()
    else:
        walk.goes_to("/accounts")
        walk.link("Import").click()
    walk.comes_to(walk.say("Import accounts"))
    sent: Any = {"name": "accounts.csv", "mimeType": "text/csv", "buffer": text.encode()}
    walk.page.locator("input[type=file]").set_input_files(sent)
    walk.page.get_by_role("button", name=walk.say("Send and look at it")).click()
    walk.comes_to(walk.say("How the file is read"))


def looks_and_runs(walk: Walk, way: Way, created: int) -> str:
    """She looks at the rows, the fields and the plan, and runs it; return the run's address."""
    page = walk.page
    expect(page.locator("#imports-rows")).to_contain_text(way.number)
    page.get_by_role("button", name=walk.say("Go on to the fields")).click()
    walk.comes_to(walk.say("Add/update accounts"))
    for name in ("name", "number", "phone"):
        expect(page.locator(f"select[name={name}]")).not_to_have_value("")
    page.get_by_role("button", name=walk.say("Preview all rows")).click()
    expect(page.locator("#upserts-plan .plan-says")).to_be_visible(timeout=WORKED)
    walk.looks_around()
    run = walk.runs(created)
    walk.waits_for_the_receipt("Completed with errors")
    expect(walk.number("Created")).to_have_text(str(created))
    return run


def sees_its_accounts(walk: Walk, run: str, way: Way) -> None:
    walk.link("Show its accounts").click()
    expect(walk.page.locator("#accounts-table")).to_contain_text(way.company)
    expect(walk.page.locator("#accounts-table tbody tr")).to_have_count(1)
    walk.looks_around()
    walk.goes_to(run)


def takes_failed_rows(walk: Walk, run: str) -> str:
    with walk.page.expect_download() as taken:
        walk.link("Download failed rows").click()
    assert re.fullmatch(r"run-\d+-failed-rows\.csv", taken.value.suggested_filename)
    return taken.value.path().read_text("utf-8-sig")


def test_the_pages_of_an_import_have_no_barriers(open_as):
    page: Page = open_as("mona", **CALM)
    walk = Walk(page)
    page.goto("/imports/new")
    check(page)
    page.get_by_role("button", name="Send and look at it").click()
    expect(page.get_by_text("Choose a file.").first).to_be_visible()
    check(page)

    sends(walk, "Id;Name;Number\n1;A;2\n3;B;4;5\n")
    check(page)
    page.get_by_label("Column of external ids").select_option("Id")
    page.get_by_role("button", name="Go on to the fields").click()
    expect(page.get_by_text("Enter a name of at most").first).to_be_visible()
    check(page)
    expect(page.get_by_label("Column of external ids")).to_have_value("Id")
