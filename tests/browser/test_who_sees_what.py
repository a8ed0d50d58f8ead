"""Two reps with accounts of their own, and names that try to be more than text."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.walk import Walk

IN_FRANCE, IN_AMERICA = "La Corne D'abondance, Co.", "Motor Mint Distributors Inc."
"""Customers that are accounts of the demo: one is Rita's, the other Ron's."""
PLACES = ("", "/contacts", "/activities", "/sales", "/history", "/edit", "/contacts/new")


def addresses_of_accounts(page: Page) -> dict[str, str]:
    """Return every account that the person's list shows: address to name."""
    found: dict[str, str] = {}
    page.goto("/accounts")
    while True:
        links = page.locator("#accounts-table tbody th a")
        found |= {str(link.get_attribute("href")): link.inner_text() for link in links.all()}
        following = page.get_by_role("link", name="Next page")
        if not following.count():
            return found
        page.goto(str(following.get_attribute("href")))


def test_a_rep_meets_nothing_of_another_reps_account(open_as):
    rita, ron = open_as("rita"), open_as("ron")
    walk = Walk(rita)
    walk.creates_account("Secret Rita Models")
    hers = re.sub(r"^https?://[^/]+", "", rita.url)

    his = addresses_of_accounts(ron)

    assert his
    assert hers not in his
    assert hers in addresses_of_accounts(rita)
    ron.goto("/accounts?q=Secret+Rita")
    expect(ron.get_by_text("No account matches")).to_be_visible()
    for place in PLACES:
        answer = ron.goto(hers + place)
        assert answer
        assert answer.status == 404, place
        expect(ron.locator("body")).not_to_contain_text("Secret")


def test_reps_see_the_figures_of_their_own_customers_only(open_as):
    customers = {}
    for person in ("rita", "ron"):
        page = open_as(person)
        page.goto("/analytics/sales/customers?activity=all&size=200")
        expect(page.locator("#grid-notes")).to_contain_text("accounts that are open to you")
        names = page.locator("#grid-table tbody").get_by_role("rowheader")
        customers[person] = set(names.all_inner_texts())

    assert IN_FRANCE in customers["rita"]
    assert IN_AMERICA not in customers["rita"]
    assert IN_AMERICA in customers["ron"]
    assert IN_FRANCE not in customers["ron"]


def test_a_name_is_text_wherever_it_stands(open_as):
    walk = Walk(open_as("mona"))
    page = walk.page
    name = '<img src=x onerror=alert(1)> {{ 7*7 }} =cmd() "Łódź" שלום & Co'

    walk.creates_account(name)

    walk.opens_history()
    expect(page.locator(".timeline")).to_contain_text(name)
    walk.goes_to("/accounts?q=%C5%82%C3%B3d%C5%BA+%3Dcmd")
    expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    expect(page.locator("main img")).to_have_count(0)


def test_a_search_for_anything_is_answered(open_as):
    page = open_as("mona")
    for place in ("/accounts", "/analytics/sales/customers"):
        for words in ('" OR (', "%_\\'", "שלום", "Łódź*", "-- ;", "(" * 150):
            page.goto(place)
            page.get_by_role("searchbox").fill(words)
            page.get_by_role("searchbox").press("Enter")
            expect(page.locator("main .empty, main tbody").first).to_be_visible()
            expect(page).to_have_url(re.compile("q="))
