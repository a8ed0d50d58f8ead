"""An administrator lets a rep see one territory only, and looks at it as she does."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.walk import Walk

PERSON = "Petra Plain"
HERS, OTHER = "Plainfield Japan", "Plainfield Europe"


def test_a_rep_sees_her_territory_and_the_administrator_looks_as_she_does(open_as):
    walk = Walk(open_as("alice", locale="en-GB"))
    page = walk.page
    page.goto("/admin/users/new")
    walk.field("Name").fill(PERSON)
    walk.field("E-mail").fill("petra@plain.example")
    walk.saves()
    walk.is_told("%(name)s is invited by e-mail to set a password.", name=PERSON)
    for name, territory in ((HERS, "Japan"), (OTHER, "EMEA")):
        page.goto("/accounts/new")
        walk.field("Name").fill(name)
        page.locator("#territory").select_option(label=territory)
        walk.saves()
        walk.comes_to(name)

    page.goto("/admin/users")
    page.get_by_role("link", name=PERSON, exact=True).click()
    page.get_by_role("link", name="Accounts that are seen and changed").click()
    drawer = page.get_by_role("dialog")
    seen = drawer.get_by_role("group", name="Sees beside the person’s own accounts")
    seen.get_by_label("Those of the territories below").check()
    drawer.get_by_label("Japan").check()
    drawer.get_by_role("button", name="Save").click()
    expect(seen).to_contain_text("Choose above that only some accounts are meant")
    expect(drawer.get_by_label("Japan")).to_be_checked()
    drawer.get_by_label("Sees", exact=True).select_option("some")
    drawer.get_by_role("button", name="Save").click()
    walk.is_told("%(name)s saved.", name=PERSON)

    page.get_by_role("link", name=PERSON, exact=True).click()
    page.get_by_role("button", name=f"View as {PERSON}").click()
    banner = page.get_by_role("complementary", name="View as somebody else")
    expect(banner).to_contain_text(f"You see crmapp as {PERSON} does.")
    page.goto("/accounts?q=plainfield")
    expect(page.get_by_role("link", name=HERS)).to_be_visible()
    expect(page.get_by_role("link", name=OTHER)).to_have_count(0)
    banner.get_by_role("button", name="Back to my own view").click()
    expect(banner).to_have_count(0)

    page.goto("/accounts?q=plainfield")
    page.get_by_role("link", name=HERS).click()
    page.locator("#accounts-record-menu").get_by_text("More").click()
    page.get_by_role("link", name="Who sees this account?").click()
    expect(page.get_by_role("dialog")).to_contain_text("has its territory, Japan")
