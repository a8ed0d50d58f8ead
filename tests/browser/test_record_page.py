"""A rep works on the page of an account: what she knows at a glance, does, and finds again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.integrations.ways import ways
from tests.browser.placed import guests
from tests.browser.test_my_day import dismisses_the_toast
from tests.browser.walk import Walk

__all__ = ["guests"]
PHONES = {(True, "en", 0): 1, (True, "fr", 0): 2, (False, "en", 1): 3, (True, "en", 3): 4}


@pytest.fixture
def walk(guests, way) -> Walk:
    return guests("rita", way)


@ways("on a laptop", "in French", "without JavaScript", "on a phone")
def test_a_rep_finds_her_call_in_the_timeline(walk, way):
    number = PHONES[way.scripts, way.language, len(way.options)]
    company, phone = f"Canal {number} Bakery", f"+33 5 55 90 00 0{number}"

    walk.goes_to("/")
    walk.comes_to(walk.say("My day"))
    finds_that_another_has_its_phone(walk, company, phone)
    knows_at_a_glance(walk, phone)
    walk.logs_call("Prices")
    dismisses_the_toast(walk)
    walk.adds_contact("Ida", "Baker")
    dismisses_the_toast(walk)
    does_a_task(walk, "Samples")
    finds_her_call(walk)


def finds_that_another_has_its_phone(walk: Walk, company: str, phone: str) -> None:
    walk.opens_form_of_a_new_account()
    walk.field("Name").fill(company)
    walk.field("Phone").fill(phone)
    walk.saves()
    walk.comes_to(company)
    walk.opens_form_of_a_new_account()
    walk.field("Name").fill(f"Somebody at {phone}")
    walk.field("Phone").fill(phone)
    if not walk.scripts:
        walk.saves()
    found = walk.page.locator("#accounts-hints-phone, .may-exist").filter(has_text=company).first
    expect(found).to_be_visible()
    use = f"{walk.say('Use this instead')} {company}"
    found.get_by_role("button", name=use, exact=True).click()
    walk.comes_to(walk.say("Edit %(name)s", name=company))
    walk.saves()
    walk.is_told("Account “%(name)s” saved.", name=company)
    dismisses_the_toast(walk)
    walk.comes_to(company)


def knows_at_a_glance(walk: Walk, phone: str) -> None:
    glance = walk.page.get_by_role("list", name=walk.say("At a glance"))
    expect(glance.get_by_role("link", name=phone)).to_be_visible()
    expect(glance).to_contain_text("Rita")


def does_a_task(walk: Walk, subject: str) -> None:
    walk.link("Add a task").first.click()
    walk.comes_to(walk.say("New task"))
    walk.field("Subject").fill(subject)
    walk.saves()
    to_do = walk.page.get_by_role("region", name=walk.say("To do"))
    expect(to_do).to_contain_text(subject)
    dismisses_the_toast(walk)
    walk.looks_around()
    to_do.get_by_role("button", name=f"{walk.say('Done')}: {subject}").click()
    toast = walk.is_told("“%(subject)s” is done.", subject=subject)
    expect(to_do).to_have_count(0)
    toast.get_by_role("button", name=walk.say("Undo")).click()
    walk.is_told("“%(subject)s” is as it was.", subject=subject)
    expect(to_do).to_contain_text(subject)
    dismisses_the_toast(walk)


def finds_her_call(walk: Walk) -> None:
    walk.opens_tab("Timeline")
    stream = walk.page.locator(".timeline").last
    expect(stream).to_contain_text("Prices")
    expect(stream).to_contain_text("Ida Baker")
    walk.shows("Calls")
    expect(walk.page.locator(".event")).to_have_count(1)
    walk.page.locator(".tools select[name=person]").select_option(label="Rita Rep")
    if not walk.scripts:
        walk.page.get_by_role("button", name=walk.say("Apply"), exact=True).click()
    walk.page.wait_for_url(re.compile("show=call&person=[0-9]+"))
    expect(walk.page.locator(".event")).to_contain_text("Prices")
    walk.shows("E-mails")
    expect(walk.page.get_by_role("heading", name=walk.say("Nothing matches"))).to_be_visible()


def test_a_rep_works_by_keyboard_alone(open_as):
    walk = Walk(open_as("rita"))
    page, press = walk.page, walk.page.keyboard.press
    walk.creates_account("Keyboard Bakery")
    menu = page.locator("#accounts-record-menu")

    menu.locator("summary").focus()
    press("Enter")
    expect(menu.get_by_text("Add a meeting")).to_be_visible()
    press("Escape")
    expect(menu.get_by_text("Add a meeting")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()
    press("Enter")
    press("Tab")
    expect(menu.get_by_text("Add a meeting")).to_be_focused()
    press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Subject")).to_be_focused()
    page.keyboard.type("Bread")
    press("Enter")
    walk.is_told("“%(subject)s” added.", subject="Bread")

    to_do = page.get_by_role("region", name="To do")
    expect(to_do).to_be_visible()
    press("j")
    press("d")
    walk.is_told("“%(subject)s” is done.", subject="Bread")
    expect(to_do).to_have_count(0)
    press("z")
    walk.is_told("“%(subject)s” is as it was.", subject="Bread")
    expect(to_do).to_be_visible()


def test_the_origin_of_a_value_leads_to_its_change(open_as):
    page = open_as("rita")
    page.goto("/accounts/5")
    page.locator("a.origin", has_text="Run 1").first.click()

    page.wait_for_url(re.compile(r"/history\?before=[0-9]+#change-[0-9]+"))
    expect(page.locator(".event-part:target .diff")).to_be_visible()


def test_a_page_is_printed_from_the_menu(open_as):
    page = open_as("rita")
    page.add_init_script("window.print = () => { document.title = 'printed'; }")
    page.goto("/accounts/5")
    Walk(page).chooses("Print")

    expect(page).to_have_title("printed")
    expect(page.locator("#accounts-record-menu")).not_to_have_attribute("open", "")
