"""The guide's pictures are taken from the screens; ``scripts/guide_pictures.sh`` keeps them."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from crmapp.web.assets import STATIC
from tests.browser.conftest import connected
from tests.browser.look import barriers
from tests.browser.walk import BY_CODE, Walk
from tests.web.test_guide import LARGEST

KEEP = "CRMAPP_KEEP_PICTURES"
SIZE = {"width": 1120, "height": 680}
TO_WEBP = """async (png) => {
    const image = new Image();
    image.src = "data:image/png;base64," + png;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width, image.height];
    canvas.getContext("2d").drawImage(image, 0, 0);
    return canvas.toDataURL("image/webp", 0.8).split(",")[1];
}"""


def shows(address: str) -> Callable[[Walk], None]:
    return lambda walk: walk.goes_to(address)


def selects(walk: Walk) -> None:
    walk.goes_to(BY_CODE)
    walk.selects("C051", "C052")


def opens_actions(walk: Walk) -> None:
    selects(walk)
    walk.opens_actions()


def maps(walk: Walk) -> None:
    selects(walk)
    walk.starts_adding()


def previews(walk: Walk) -> None:
    maps(walk)
    walk.previews(2)


def opens_the_palette(walk: Walk) -> None:
    walk.goes_to("/accounts/5")
    walk.page.keyboard.press("Control+k")
    expect(walk.page.locator("#palette [role=option]").first).to_be_visible()
    walk.page.keyboard.type("au")
    expect(walk.page.locator("#palette-accounts-2")).to_be_visible()


def shows_read_values(walk: Walk) -> None:
    walk.goes_to("/accounts/5/salesforce")
    expect(walk.page.locator("#accounts-salesforce dd").first).to_have_text("Rita Rep")


def tries_a_source(walk: Walk) -> None:
    walk.goes_to("/admin/sources/new/dataset")
    walk.field("Name of the source").fill("ERP")
    walk.field("Database and dimension").select_option("sales/customers")
    walk.page.get_by_role("button", name=walk.say("Test"), exact=True).click()
    sample = walk.page.locator("#settings-feed-sample")
    expect(sample.get_by_role("row").nth(1)).to_be_visible()
    sample.scroll_into_view_if_needed()


def plans_a_day(walk: Walk) -> None:
    """Add what the day is about, once for both languages."""
    walk.goes_to("/day")
    for subject, account in DAY.items():
        if not walk.page.get_by_text(subject, exact=True).count():
            walk.field("Subject").fill(subject)
            walk.field("Account").fill(account)
            walk.page.get_by_role("button", name=walk.say("Add"), exact=True).click()
            expect(walk.page.locator("th", has_text=subject)).to_be_visible()
    walk.goes_to("/day")


PICTURES: dict[str, Callable[[Walk], None]] = {
    "accounts": shows("/accounts"),
    "account": shows("/accounts/5"),
    "contacts": shows("/accounts/5/contacts"),
    "day": plans_a_day,
    "grid": opens_actions,
    "mapping": maps,
    "preview": previews,
    "receipt": shows("/runs/1"),
    "palette": opens_the_palette,
    "sources": tries_a_source,
    "admin": shows("/admin"),
    "layouts": shows("/admin/layouts/everyone"),
    "salesforce": shows_read_values,
    "salesforce-fields": shows("/admin/subscriptions/advanced-crm/other"),
    "managed-lists": shows("/admin/managed-lists?list=territories"),
}
DAY = {"Budget 2027": "Atelier graphique", "Catalogue": "Alpha Cognac", "SAV": "La Rochelle Gifts"}
OF_ADMINS = {"admin", "layouts", "sources", "salesforce-fields", "managed-lists"}


def picture(page: Page, browser: Browser) -> bytes:
    """Take a picture of the page as small as the eye allows."""
    png = base64.b64encode(page.screenshot()).decode()
    easel = browser.new_page()
    webp = easel.evaluate(TO_WEBP, png)
    easel.close()
    return base64.b64decode(webp)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_picture_can_be_taken_anew(site, open_as, browser, language):
    connected(site)
    locale = {"en": "en-GB", "fr": "fr-FR"}[language]
    folder = STATIC / "guide" / language
    for name, walks in PICTURES.items():
        page = open_as("alice" if name in OF_ADMINS else "mona", locale=locale, viewport=SIZE,
                       reduced_motion="reduce")  # fmt: skip
        walks(Walk(page, language))
        page.wait_for_load_state("networkidle")

        taken = picture(page, browser)

        assert len(taken) < LARGEST, name
        if os.environ.get(KEEP):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.webp").write_bytes(taken)
        page.context.close()
    assert {path.stem for path in folder.glob("*")} == set(PICTURES)


def test_a_chapter_shows_its_pictures(open_as):
    page = open_as("vera", viewport={"width": 390, "height": 844})
    page.goto("/help/start")

    for image in page.locator(".guide-text img").all():
        image.scroll_into_view_if_needed()
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("image => image.naturalWidth") > 0
    assert barriers(page) == []


def test_help_leads_from_a_screen_to_its_chapter_and_the_search_to_a_section(open_as):
    page = open_as("vera")
    page.goto("/analytics/sales/customers?size=25")
    page.locator(".help").click()
    page.wait_for_url("**/help/grid")

    page.locator(".guide-nav").get_by_role("searchbox").fill("theirs")
    page.keyboard.press("Enter")
    page.get_by_role("main").get_by_role("link", name="Change a value").click()

    page.wait_for_url("**/help/accounts#change-a-value")
