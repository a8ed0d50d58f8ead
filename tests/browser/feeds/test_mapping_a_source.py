"""An administrator maps the columns of a source to fields, and says who owns each of them."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from crmapp.domain.ownership import LABELS, Owner
from tests.browser.integrations.ways import ways
from tests.browser.walk import Walk

PAGE = "#settings-crm-mapping-source"


@pytest.fixture
def mapped(walks, erp, way) -> tuple[Walk, str]:
    """A walk that stands at the first source of a CRM mapping that is still to be made."""
    walk = walks("alice", way)
    name = f"SAP {way.language} {way.scripts} {len(way.options)}"
    sets_a_source_up(walk, erp, name)
    source_id = walk.page.url.rpartition("/")[2]
    walk.goes_to(f"/admin/crm-mappings/new/sources/{source_id}?name={quote(name)}")
    walk.comes_to(walk.say("New CRM mapping: %(source)s", source=name))
    return walk, name


def sets_a_source_up(walk: Walk, erp: Path, name: str) -> None:
    walk.goes_to("/admin/sources/new/sql")
    walk.field("Name of the source").fill(name)
    walk.field("Address of the database").fill(f"sqlite:///{erp / 'erp.db'}")
    walk.field("Table or view").fill("customer")
    walk.page.get_by_role("button", name=walk.say("Test"), exact=True).click()
    expect(walk.page.locator("#settings-feed-sample")).to_be_visible()
    walk.saves()
    walk.is_told("The source is saved.")


@ways("on a laptop", "in French", "without JavaScript", "on a phone")
def test_an_admin_maps_a_source(mapped, way):
    walk, name = mapped
    expect(walk.page.locator("#name")).to_have_value("name")
    expect(walk.page.locator("#number")).to_have_value("number")
    expect(walk.page.locator("#settings-crm-samples-name")).to_contain_text("Toys 1 & Sons")

    forgets_the_number(walk)
    chooses_a_step_and_an_owner(walk)
    expect(walk.field("Name of the CRM mapping")).to_have_value(name)
    saves(walk)

    walk.is_told("The CRM mapping is saved. Nothing has run yet.")
    changes_it(walk)


def forgets_the_number(walk: Walk) -> None:
    """What is missing is said at its field, and nothing else is lost."""
    walk.page.locator("#number").select_option("")
    walk.page.locator("#billing_city").select_option("")
    saves(walk)
    expect(walk.page.locator("#number")).to_have_attribute("aria-invalid", "true")
    expect(walk.page.get_by_role("alert")).to_be_visible()
    expect(walk.page.locator("#billing_city")).to_have_value("")
    walk.looks_around()
    walk.page.locator("#number").select_option("number")
    shows_samples(walk)
    expect(walk.page.locator("#settings-crm-samples-number")).to_contain_text("00001")


def chooses_a_step_and_an_owner(walk: Walk) -> None:
    walk.page.locator("#settings-crm-field-name-steps > summary").click()
    walk.page.locator("#settings-crm-field-name-step-1").select_option("upper")
    shows_samples(walk)
    expect(walk.page.locator("#settings-crm-field-name ins.sample").first).to_have_text(
        "TOYS 1 & SONS"
    )
    owner = walk.page.locator("#settings-crm-field-name-owner")
    expect(owner).to_have_value(Owner.ERP)
    owner.select_option(label=walk.say(LABELS[Owner.NEWEST]))
    walk.looks_around()


def shows_samples(walk: Walk) -> None:
    """With JavaScript they follow what is chosen by themselves."""
    if not walk.scripts:
        walk.page.get_by_role("button", name=walk.say("Show samples"), exact=True).click()


def saves(walk: Walk) -> None:
    walk.page.locator(".form-actions").get_by_role("button", name=walk.say("Save")).click()


def changes_it(walk: Walk) -> None:
    """It is shown as it was saved; somebody else is quicker, and is not overwritten unseen."""
    walk.page.wait_for_url(re.compile(r"/crm-mappings/\d+$"))
    address = f"{walk.page.url}/sources/{source_of(walk)}"
    walk.goes_to(address)
    expect(walk.page.locator("#settings-crm-field-name-owner")).to_have_value(Owner.NEWEST)
    expect(walk.page.locator("#settings-crm-field-name-step-1")).to_have_value("upper")
    other = walk.page.context.new_page()
    other.goto(address)
    other.locator("#settings-crm-field-number-owner").select_option(Owner.CRM)
    other.locator(".form-actions button").first.click()
    other.wait_for_url(re.compile(r"/crm-mappings/\d+$"))
    other.close()

    walk.page.locator("#settings-crm-field-name-owner").select_option(Owner.BLANK)
    saves(walk)
    told = walk.page.locator("#settings-crm-mapping-source-others")
    expect(told).to_contain_text(walk.say(LABELS[Owner.CRM]))
    expect(walk.page.locator("#settings-crm-field-name-owner")).to_have_value(Owner.BLANK)
    if walk.scripts:  # who works by keyboard stands at what was changed
        expect(told).to_be_focused()
    walk.looks_around()
    saves(walk)
    walk.is_told("The CRM mapping is saved.")


def source_of(walk: Walk) -> str:
    """Find the number of the source that was set up last."""
    page = walk.page.context.new_page()
    page.goto("/admin/sources")
    links = page.locator("#main a[href*='/admin/sources/']").evaluate_all(
        "all => all.map(each => each.getAttribute('href').split('/').pop())"
    )
    page.close()
    return str(max(int(number) for number in links if number.isdecimal()))
