"""An administrator arranges accounts for her role, and a field that counts only sometimes."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.integrations.ways import Way, ways
from tests.browser.walk import Walk

LAYOUT = "/admin/layouts/admin"
WORDS = {(True, "en", 0): "Laptop", (True, "fr", 0): "Studio", (False, "en", 1): "Paper"}


@ways("on a laptop", "in French", "without JavaScript", "on a phone")
def test_an_administrator_arranges_accounts_and_takes_it_back(guests, way):
    walk = guests("alice", way)
    word = WORDS.get((way.scripts, way.language, len(way.options)), "Mobile")
    phone = f"+43 662 8812{len(word)}{ord(word[0])}"

    makes_a_tab_with_a_section(walk, word)
    moves_a_field_there(walk, f"{word} Delivery")
    lets_a_field_count_for_partners(walk)
    blocks_a_second_phone_number(walk, "block")
    adds_a_partner(walk, f"{word} Partners", phone)
    types_in_a_field_that_does_not_count(walk, f"{word} Partners")
    finds_what_lies_on_the_tab(walk, f"{word} Logistics")
    is_stopped_by_the_phone_number(walk, f"{word} Twins", phone)
    takes_it_back(walk)


def test_the_keyboard_alone_arranges_a_layout(guests):
    walk = guests("alice", Way())
    walk.goes_to(LAYOUT)
    down = walk.page.get_by_role("button", name="Move Name down", exact=True)

    down.focus()
    walk.page.keyboard.press("Enter")

    expect(walk.page.get_by_role("status").filter(has_text="Name stands at place 2")).to_have_count(
        1
    )
    expect(down).to_be_focused()
    rows = walk.page.locator(".layout-rows > li")
    expect(rows.nth(1)).to_contain_text("Number")
    tick = walk.page.get_by_label("Fax", exact=True)
    tick.focus()
    walk.page.keyboard.press("Space")
    presses_by_key(walk.page.get_by_role("button", name="Hide", exact=True))
    expect(row(walk, "fax")).to_contain_text("Hidden")
    presses_by_key(walk.page.get_by_role("button", name="Reset to everyone’s layout"))
    walk.is_told("The layout is reset. Below it stands as it is now.")
    expect(rows.nth(1)).to_contain_text("Name")


def test_a_field_is_dragged_into_another_section(guests):
    walk = guests("alice", Way())
    walk.goes_to(LAYOUT)
    grip, goal = row(walk, "fax").locator(".grip"), row(walk, "website").locator(".grip")
    start, end = grip.bounding_box(), goal.bounding_box()
    assert start
    assert end

    walk.page.mouse.move(start["x"] + 5, start["y"] + 5)
    walk.page.mouse.down()
    walk.page.mouse.move(end["x"] + 5, end["y"] + end["height"] - 2, steps=8)
    walk.page.mouse.up()

    said = walk.page.get_by_role("status").filter(has_text="Fax stands at place")
    expect(said).to_have_count(1)
    names = walk.page.locator(".layout-rows > li").all_inner_texts()
    placed = [name.strip() for name in names]
    assert placed.index("Fax") > placed.index("Website")
    presses(walk, "Reset to everyone’s layout")
    walk.is_told("The layout is reset. Below it stands as it is now.")


def presses_by_key(button: Locator) -> None:
    button.focus()
    button.press("Enter")


def presses(walk: Walk, button: str) -> None:
    walk.page.get_by_role("button", name=walk.say(button), exact=True).click()


def row(walk: Walk, name: str) -> Locator:
    return walk.page.locator(f"#row-{name}")


def makes_a_tab_with_a_section(walk: Walk, word: str) -> None:
    walk.goes_to("/admin/layouts")
    walk.link("Administrator").click()
    walk.looks_around()
    walk.link("Add a tab").click()
    walk.comes_to(walk.say("Add a tab"))
    walk.saves()
    expect(
        walk.page.get_by_text(walk.say("Enter a name in one language at least."))
    ).not_to_have_count(0)
    walk.field("French name").fill(f"{word} Logistics")
    walk.saves()
    walk.is_told("“%(name)s” is saved.", name=f"{word} Logistics")
    walk.goes_to(LAYOUT)  # a toast would lie over the drawer
    walk.link("Add a section").click()
    walk.comes_to(walk.say("Add a section"))
    walk.field("English name").fill(f"{word} Delivery")
    walk.page.locator("[name=tab]").select_option(label=f"{word} Logistics")
    walk.saves()
    walk.is_told("“%(name)s” is saved.", name=f"{word} Delivery")
    walk.looks_around()


def moves_a_field_there(walk: Walk, section: str) -> None:
    walk.field("Location").check()
    walk.page.locator("#layout-section").select_option(label=section)
    presses(walk, "Move to section")
    rows = walk.page.locator(".layout-rows > li")
    expect(rows.filter(has=walk.page.get_by_role("heading", name=section))).to_have_count(1)
    below = walk.page.locator(f".layout-section:has(h2:text-is('{section}')) + li")
    expect(below).to_contain_text(walk.say("Location"))
    walk.looks_around()


def lets_a_field_count_for_partners(walk: Walk) -> None:
    walk.goes_to(LAYOUT)
    when = walk.say("When %(name)s is shown", name=walk.say("Fax"))
    row(walk, "fax").get_by_role("link", name=when).click()
    walk.comes_to(when)
    walk.page.locator("#condition-field").select_option("account_type")
    if not walk.scripts:
        presses(walk, "Ask about this field")
    walk.page.locator("[name=operator][value=any]").check()
    walk.page.locator("[name=values][value=partner]").check()
    walk.looks_around()
    walk.saves()
    walk.is_told("Saved: it holds from now on, in forms, on the record page and in runs.")
    expect(row(walk, "fax").locator(".hint")).to_be_visible()


def blocks_a_second_phone_number(walk: Walk, effect: str) -> None:
    walk.goes_to("/admin/duplicate-rules")
    walk.page.locator(f"[name=phone][value={effect}]").check()
    walk.saves()
    walk.is_told("The rules are saved. They hold from now on.")


def adds_a_partner(walk: Walk, name: str, phone: str) -> None:
    walk.opens_form_of_a_new_account()
    opens_all(walk)
    fax = walk.field("Fax")
    expect(fax).to_be_visible(visible=not walk.scripts)
    walk.field("Name").fill(name)
    walk.field("Phone").fill(phone)
    walk.field("Location").fill("Graz")
    walk.page.locator("#account_type").select_option("partner")
    fax.fill("+43 662 99999")
    walk.page.locator("#account_type").select_option("prospect")
    expect(fax).to_be_visible(visible=not walk.scripts)
    walk.page.locator("#account_type").select_option("partner")
    expect(fax).to_have_value("+43 662 99999")
    expect(walk.field("Phone")).to_have_value(phone)
    walk.looks_around()
    walk.saves()
    walk.comes_to(name)
    expect(walk.page.get_by_text("+43 662 99999").first).to_be_visible()


def types_in_a_field_that_does_not_count(walk: Walk, name: str) -> None:
    """What she typed before she made it a prospect is not saved; what the field held comes back."""
    form = f"{walk.page.url.partition('?')[0]}/edit"
    for kind, fax in (("prospect", "+43 662 11111"), ("partner", None)):
        walk.goes_to(form)
        opens_all(walk)
        if fax:
            walk.field("Fax").fill(fax)
        walk.page.locator("#account_type").select_option(kind)
        expect(walk.field("Fax")).to_be_visible(visible=kind == "partner" or not walk.scripts)
        walk.saves()
        walk.is_told("Account “%(name)s” saved.", name=name)
        if fax:
            told = "Not saved, since it does not count: %(fields)s."
            walk.is_told(told, fields=walk.say("Fax"))
            walk.looks_around()
    expect(walk.page.get_by_text("+43 662 99999").first).to_be_visible()
    assert not walk.page.get_by_text("+43 662 11111").count()


def opens_all(walk: Walk) -> None:
    for group in walk.page.locator("details.group:not([open]) > summary").all()[::-1]:
        group.click()


def finds_what_lies_on_the_tab(walk: Walk, tab: str) -> None:
    assert not walk.page.get_by_text("Graz").count()
    walk.opens_tab(tab)
    expect(walk.page.get_by_text("Graz")).to_be_visible()


def is_stopped_by_the_phone_number(walk: Walk, name: str, phone: str) -> None:
    walk.opens_form_of_a_new_account()
    walk.field("Name").fill(name)
    walk.field("Phone").fill(phone)
    walk.saves()
    expect(walk.page.get_by_role("alert")).to_be_visible()
    walk.looks_around()
    blocks_a_second_phone_number(walk, "warn")


def takes_it_back(walk: Walk) -> None:
    walk.goes_to("/admin/layouts/fields/fax/condition?audience=admin")
    presses(walk, "Show always")
    walk.is_told("Saved: it holds from now on, in forms, on the record page and in runs.")
    presses(walk, "Reset to everyone’s layout")
    walk.is_told("The layout is reset. Below it stands as it is now.")
    walk.goes_to("/admin/layouts")
    expect(walk.page.get_by_text(walk.say("The standard layout")).first).to_be_visible()
