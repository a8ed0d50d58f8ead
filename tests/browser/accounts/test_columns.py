"""A manager chooses the columns of the accounts, keeps them as a view, and a rep opens it."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import arrive
from tests.browser.integrations.ways import ways
from tests.browser.walk import Walk

CITY = "billing-city"
VIEWS = {(True, "en", 0): "Cities 81", (True, "fr", 0): "Cities 82", (False, "en", 1): "Cities 83"}


@ways("on a laptop", "in French", "without JavaScript", "on a phone")
def test_a_manager_chooses_columns_and_a_rep_opens_the_view_that_has_them(guests, way):
    mona = guests("mona", way)
    view = VIEWS.get((way.scripts, way.language, len(way.options)), "Cities 84")

    chooses(mona)
    sorts(mona)
    keeps_them_as(mona, view)
    rita = guests("rita", way)
    opens(rita, view)
    tries_others_and_thinks_better_of_it(rita)
    goes_back_to_the_standard_ones(mona)


def heads(walk: Walk) -> Locator:
    return walk.page.locator("#accounts-region thead th:not(.tick)")


def expect_heads(walk: Walk, *labels: str) -> None:
    expect(heads(walk)).to_have_text([walk.say(label) for label in labels])


def city(walk: Walk) -> str:
    values = {"field": walk.say("City"), "group": walk.say("Billing address")}
    return walk.say("%(field)s (%(group)s)", **values)


def presses(walk: Walk, name: str) -> None:
    """She presses a button that is seen; Enter has one of its own."""
    walk.page.get_by_role("button", name=walk.say(name), exact=True).last.click()


def opens_the_choice(walk: Walk) -> None:
    walk.link("Columns").click()
    walk.comes_to(walk.say("Columns of the list"))


def chooses(walk: Walk) -> None:
    """She looks a column up, moves it to the front, and takes all others but the number away."""
    page = walk.page
    arrive(page, "/accounts") if walk.scripts else walk.goes_to("/accounts")
    opens_the_choice(walk)
    walk.field("Find a column").fill(f"{walk.say('City')} {walk.say('Billing address')}")
    if not walk.scripts:
        presses(walk, "Find")
    expect(page.locator("#accounts-columns [name=shown]")).to_have_count(1)
    page.locator(f"#column-{CITY}").check()
    if not walk.scripts:
        presses(walk, "Find")
    line = page.locator(f"#shown-{CITY}")
    expect(line).to_have_text(city(walk))
    walk.looks_around()
    for name in ("location", "phone", "primary-contact", "owner", "team"):
        page.locator(f"#shown-{name}-remove").click()
        expect(page.locator(f"#shown-{name}")).to_have_count(0)
    page.locator(f"#shown-{CITY}-up").click()
    expect(page.locator(".ladder li").first).to_have_text(city(walk))
    said = walk.say(
        "%(name)s stands at place %(place)s of %(all)s.", name=city(walk), place=1, all=2
    )
    expect(page.locator("#accounts-columns-said")).to_contain_text(said)
    walk.looks_around()
    presses(walk, "Show these columns")
    expect_heads(walk, "Account", city(walk), "Number")
    walk.looks_around()


def sorts(walk: Walk) -> None:
    numbers = walk.page.locator("#accounts-region tbody td:nth-child(4)")
    walk.page.locator("#accounts-sort-number").click()
    expect(numbers.first).to_have_text("C001")
    walk.page.locator("#accounts-sort-number").click()
    expect(numbers.first).not_to_have_text("C001")
    expect_heads(walk, "Account", city(walk), "Number")


def keeps_them_as(walk: Walk, view: str) -> None:
    walk.link("Save as view").click()
    walk.comes_to(walk.say("Save as view"))
    walk.field("Name").fill(view)
    walk.field("Everyone who may see accounts").check()
    walk.saves()
    walk.is_told("View “%(name)s” saved.", name=view)
    expect_heads(walk, "Account", city(walk), "Number")


def opens(walk: Walk, view: str) -> None:
    walk.goes_to("/accounts")
    expect(heads(walk)).to_have_count(7)
    walk.page.locator("#accounts-view-menu > summary").click()
    walk.page.locator("#accounts-view-menu .menu-item").filter(has_text=view).click()
    expect_heads(walk, "Account", city(walk), "Number")
    expect(walk.page.locator("#accounts-sort-number").locator("..")).to_have_attribute(
        "aria-sort", "descending"
    )
    walk.looks_around()


def tries_others_and_thinks_better_of_it(walk: Walk) -> None:
    mark = walk.page.locator("#accounts-view").get_by_text(walk.say("Changed"), exact=True)
    opens_the_choice(walk)
    walk.page.locator("#column-active").check()
    presses(walk, "Show these columns")
    expect_heads(walk, "Account", city(walk), "Number", "Active")
    expect(mark).to_be_visible()
    walk.looks_around()
    walk.link("Discard").click()
    expect_heads(walk, "Account", city(walk), "Number")
    expect(mark).to_have_count(0)
    walk.goes_to("/accounts")
    expect(heads(walk)).to_have_count(7)


def goes_back_to_the_standard_ones(walk: Walk) -> None:
    walk.goes_to("/accounts")
    expect_heads(walk, "Account", city(walk), "Number")
    opens_the_choice(walk)
    presses(walk, "Standard columns")
    expect(heads(walk)).to_have_count(7)


def test_columns_are_chosen_by_keys(open_as):
    page = open_as("ivan")
    arrive(page, "/accounts")

    page.locator("#accounts-choose-columns").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#accounts-columns-words")).to_be_focused()
    page.keyboard.type("e-mail")
    expect(page.locator("#accounts-columns [name=shown]")).to_have_count(1)
    expect(page.locator("#accounts-columns-words")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("#shown-email")).to_be_visible()
    expect(page.locator("#column-email")).to_be_focused()
    tabs_to(page, "shown-email-up")
    page.keyboard.press("Enter")
    expect(page.locator(".ladder li").nth(5)).to_have_text("E-mail")
    expect(page.locator("#shown-email-up")).to_be_focused()
    tabs_to(page, "shown-email-remove")
    page.keyboard.press("Enter")
    expect(page.locator("#shown-email")).to_have_count(0)
    expect(page.locator("#shown-team-remove")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Show these columns").last).to_be_focused()


def test_a_column_is_dragged_to_its_place(open_as):
    page = open_as("ivan")
    arrive(page, "/accounts")
    page.locator("#accounts-choose-columns").click()
    first, third = (page.locator(f"#shown-{name} .grip") for name in ("number", "phone"))
    first.scroll_into_view_if_needed()
    here, there = first.bounding_box(), third.bounding_box()
    assert here
    assert there

    page.mouse.move(there["x"] + 5, there["y"] + 10)
    page.mouse.down()
    page.mouse.move(here["x"] + 5, here["y"] + 2, steps=8)
    page.mouse.up()

    expect(page.locator(".ladder li").first).to_have_text("Phone")
    expect(page.locator("#accounts-columns-said")).to_contain_text("Phone stands at place 1 of 6.")


def tabs_to(page: Page, name: str) -> None:
    """She goes on, key by key, until she is there."""
    for _each in range(60):
        if page.evaluate("document.activeElement.id") == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to {name}")
