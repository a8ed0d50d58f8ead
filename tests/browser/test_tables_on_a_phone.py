"""Tables of many columns are read on a phone without being pushed sideways."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.look import barriers
from tests.browser.walk import Walk
from tests.browser.words import overflow

HEADS = "Invoice date;Customer no;Customer name;City;Product code;Product line;Quantity;Amount"
ROW = "2026-{month:02}-15;0000{no};A customer of a long name {no};Villeurbanne;P{no};Toys;3;12.50"
TABLE = "\n".join([HEADS, *(ROW.format(month=1 + no % 6, no=no) for no in range(1, 9))]) + "\n"
FILE: Any = {"name": "export.csv", "mimeType": "text/csv", "buffer": TABLE.encode()}


@pytest.fixture
def phone(open_as) -> Page:
    return open_as("alice", viewport={"width": 390, "height": 844}, locale="fr-FR")


def is_read_at_once(region: Locator) -> None:
    """Look whether all cells stand within the width, each below what it is, none over another."""
    expect(region).to_be_visible()
    page = region.page
    assert region.evaluate("box => box.scrollWidth - box.clientWidth") <= 0
    labels = region.locator("td").evaluate_all(
        "cells => cells.map(cell => getComputedStyle(cell, '::before').content)"
    )
    assert labels
    assert "none" not in labels
    assert overflow(page) == []
    assert barriers(page) == []


def test_the_rights_of_each_role(phone):
    phone.goto("/admin/users")

    is_read_at_once(phone.get_by_role("region", name="Ce que chaque rôle peut faire"))


def test_the_first_rows_of_a_file(phone):
    walk = Walk(phone, "fr")
    phone.goto("/imports/new")
    phone.locator("input[type=file]").set_input_files(FILE)
    phone.get_by_role("button", name=walk.say("Send and look at it")).click()
    walk.comes_to(walk.say("How the file is read"))

    is_read_at_once(phone.get_by_role("region", name=walk.say("First rows")))


def test_the_preview_of_a_database(phone):
    walk = Walk(phone, "fr")
    phone.goto("/databases/new")
    phone.locator("input[name=file]").set_input_files(FILE)
    phone.get_by_role("button", name=walk.say("Send and look at it")).click()
    walk.comes_to(walk.say("Columns of %(database)s", database="Export"))
    for name in ("label_en", "label_fr"):
        phone.locator(f"#{name}").fill("Petites ventes")
    phone.get_by_role("button", name=walk.say("Preview"), exact=True).click()
    walk.comes_to(walk.say("Preview of %(database)s", database="Petites ventes"))

    is_read_at_once(phone.locator("#databases-grid [role=region]"))
