"""A rep says what a contact is turned to for and who is billed, and finds both from elsewhere."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.integrations.ways import Way, ways
from tests.browser.walk import Walk

NAMES = {
    ("en", 0): ("Quartz Holding", "Opaline Works", "Zednik"),
    ("fr", 0): ("Basalte Groupe", "Grenat Atelier", "Verrier"),
    ("en", 1): ("Topaz Trust", "Umber Mills", "Yardley"),
    ("en", 3): ("Jasper Partners", "Lignite Yard", "Wexford"),
}
"""An account that gets invoices, one whose invoices it gets, and who pays them there: per way."""


@ways("on a laptop", "in French", "without JavaScript", "on a phone")
def test_a_rep_gives_roles_and_says_who_is_billed(open_as, way: Way):
    locale = {"fr": "fr-FR"}.get(way.language, "en-GB")
    page = open_as("rita", locale=locale, reduced_motion="reduce", **way.options)
    walk = Walk(page, way.language, way.scripts, way.look)
    head, branch, last = NAMES[way.language, len(way.options)]
    creates(walk, head)
    place = creates(walk, branch)

    walk.goes_to(place)  # anew: no message lies over the drawer
    adds_payer(walk, last)
    finds_payer(walk, last, branch)
    walk.goes_to(place)
    says_who_is_billed(walk, head)
    sees_it_from_the_other_side(walk, head, branch)


def creates(walk: Walk, name: str) -> str:
    """She creates an account; return its address."""
    walk.page.goto("/accounts/new")
    walk.field("Name").fill(name)
    walk.saves()
    walk.comes_to(name)
    return walk.page.url


def adds_payer(walk: Walk, last: str) -> None:
    walk.chooses("Add a contact")
    walk.comes_to(walk.say("New contact"))
    walk.field("Last name").fill(last)
    for role in roles(walk):
        walk.page.get_by_role("checkbox", name=role, exact=True).check()
    walk.looks_around()
    walk.saves()
    row = walk.page.get_by_role("row").filter(has_text=last)
    expect(row).to_contain_text(roles(walk)[0])
    expect(row).to_contain_text(roles(walk)[1])
    walk.looks_around()


def roles(walk: Walk) -> tuple[str, str]:
    if walk.language == "fr":
        return "Achats", "Comptabilité fournisseurs"
    return "Purchasing", "Accounts payable"


def finds_payer(walk: Walk, last: str, branch: str) -> None:
    page = walk.page
    walk.goes_to("/accounts")
    walk.link("Contacts of all accounts").click()
    walk.comes_to(walk.say("Contacts"))
    page.locator("#contacts-filter [name=role]").select_option(label=roles(walk)[1])
    page.get_by_role("searchbox", name=walk.say("Search contacts")).fill(last)
    if not walk.scripts:
        page.get_by_role("button", name=walk.say("Apply"), exact=True).click()
    expect(page.locator("#contacts-table .chip")).to_have_count(2)
    expect(page.get_by_role("rowheader")).to_have_text([re.compile(last)])
    walk.looks_around()
    walk.link(branch).click()
    walk.comes_to(branch)


def says_who_is_billed(walk: Walk, head: str) -> None:
    """She mistypes the name first; what she has typed is kept, and she is told."""
    page, label = walk.page, walk.say("Bill to")
    page.get_by_role("link", name=walk.say("Edit %(name)s", name=label), exact=True).click()
    box = page.get_by_role("textbox", name=label, exact=True)
    box.fill("Quarz")
    walk.saves()
    expect(
        page.get_by_text(walk.say("No account that you see has this number or name."))
    ).to_be_visible()
    expect(box).to_have_value("Quarz")
    walk.looks_around()
    box.fill(head)
    walk.saves()
    walk.is_told("%(field)s saved.", field=label)


def sees_it_from_the_other_side(walk: Walk, head: str, branch: str) -> None:
    page = walk.page
    page.reload()
    around = page.locator("#accounts-related")
    expect(around).to_contain_text(walk.say("Bill to"))
    around.get_by_role("link", name=head).click()
    walk.comes_to(head)
    expect(around).to_contain_text(walk.say("Accounts billed to this one"))
    expect(around.get_by_role("link", name=branch)).to_be_visible()
    around.get_by_role("link", name=walk.count("Show it in the list", "", 1)).click()
    expect(page.locator("#accounts-table").get_by_role("rowheader")).to_have_text(
        [re.compile(branch)]
    )
    walk.looks_around()
