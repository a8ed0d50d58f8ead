"""Every page: no barriers in light or dark, no English among the French, never too wide."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from crmapp.errors import Unavailable
from crmapp.web.access import public
from tests.browser.conftest import Visitors, connected
from tests.browser.look import CALM, check
from tests.browser.words import REMOTE, english_words

PAGES = (
    "/accounts",
    "/accounts?q=nobody+is+called+so&active=yes&owner=me&team=none",
    "/accounts?deleted=yes",
    "/accounts?columns=name,billing_city,credit_limit,website,parent,gone&sort=-number",
    "/accounts?location=Lyon&c_gone=north",
    "/accounts/columns",
    "/accounts/columns?words=city&columns=name,billing_city",
    "/accounts/views/new?owner=me&active=yes",
    "/accounts/new",
    "/accounts/5",
    "/accounts/5/contacts",
    "/accounts/5/timeline",
    "/accounts/5/activities",
    "/accounts/5/timeline?show=planned",
    "/accounts/5/files",
    "/activities/1/files",
    "/accounts/5/sales",
    "/accounts/5/salesforce",
    "/accounts/61/salesforce",
    "/accounts/5/salesforce/arrangement",
    "/accounts/5/timeline?show=changes",
    "/accounts/5/history",
    "/accounts/5/edit",
    "/accounts/5/deletion",
    "/accounts/5/readers",
    "/accounts/5/merge",
    "/accounts/5/merge?with=6&with=7",
    "/accounts/duplicates",
    "/accounts/duplicates?show=different",
    "/accounts/5/contacts/new",
    "/accounts/5/activities/new?kind=call",
    "/accounts/5/activities/new?kind=task",
    "/accounts/5/activities/new?kind=email",
    "/accounts/61/contacts",
    "/accounts/61/sales",
    "/accounts/fields",
    "/accounts/locations",
    "/accounts/exports/new",
    "/accounts/bulk-edits/new?action=field&field=terms&id=5,6",
    "/accounts/bulk-edits/new?action=delete&all=yes&q=auto",
    "/accounts/bulk-edits/new?action=owner",
    "/accounts/5/values/notes/edit",
    "/contacts",
    "/contacts?q=zzz&role=technical&active=yes",
    "/contacts/3/edit",
    "/activities/3/edit",
    "/analytics",
    "/analytics/sales/customers?size=25",
    "/analytics/sales/customers?period=ytd&measures=value,average_price&size=25",
    "/analytics/sales/products?period=total&size=25",
    "/analytics/sales/territories?q=zzz",
    "/analytics/sales/customers?sort=invented",
    "/analytics/sales/customers/transactions?of=value.total&key=C034",
    "/analytics/superstore/segments?period=total",
    "/mappings",
    "/imports/new",
    "/imports/new?object=contact",
    "/imports/new?object=activity",
    "/accounts?run=1",
    "/analytics/superstore/customers?mode=share&activity=all&size=25",
    "/analytics/sales/customers?mode=matrix&across=lines&top=5&size=25",
    "/analytics/sales/products?mode=variance&period=2026-01-05..2026-03-31&against=just_before",
    "/analytics/sales/products?mode=moving&activity=without",
    "/analytics/sales/customers/transactions?mode=matrix&across=lines&top=5&of=value.other",
    "/analytics/sales/customers/favourites/new",
    "/analytics/sales/customers/exports/new?size=25",
    "/analytics/sales/customers?view=bar&period=ytd&sort=value.variance&size=25",
    "/analytics/sales/customers?view=line&size=25",
    "/analytics/sales/customers?view=pareto&period=total&measures=value&size=25",
    "/runs",
    "/runs/1",
    "/runs/1?show=create",
    "/runs/1/undo",
    "/runs?status=failed",
    "/runs?status=done&kind=upsert&since=2026-01-01",
    "/preferences/mail",
    "/preferences/day",
    "/preferences/sessions",
    "/preferences/tokens",
    "/preferences/tokens?of=everybody",
    "/day",
    "/day?section=overdue",
    "/day?person=3",
    "/day/team",
    "/accounts/5/timeline?show=note",
    "/admin/matching",
    "/admin/duplicate-rules",
    "/admin/matches",
    "/admin/matches?show=later",
    "/admin/connections",
    "/admin/connections/salesforce?flow=web",
    "/admin/connections/salesforce?flow=jwt",
    "/admin/connections/intacct",
    "/admin/connections/intacct?kind=intacct_xml",
    "/admin/connections/intacct/removal",
    "/admin/connections/intacct/requests",
    "/admin/connections/salesforce/requests",
    "/admin/subscriptions",
    "/admin/subscriptions/advanced-crm",
    "/admin/subscriptions/advanced-crm/other",
    "/admin/subscriptions/advanced-crm/other?version=1&field=OwnerId&ask=1",
    "/admin/subscriptions/advanced-crm/versions/1/restoration",
    "/admin/subscriptions/crm",
    "/admin/subscriptions/crm/other",
    "/admin/subscriptions/crm/fields",
    "/admin/subscriptions/crm/fields/new",
    "/admin/subscriptions/crm/fields/contacts.default.phone1~Phone/edit",
    "/admin/subscriptions/crm/fields/trial?account=C005",
    "/admin/sources",
    "/admin/sources/new",
    "/admin/sources/new/dataset",
    "/admin/sources/new/salesforce",
    "/admin/sources/new/bucket",
    "/admin/sources/new/tryton",
    "/admin/crm-mappings",
    "/admin/crm-mappings/new",
    "/admin/managed-lists",
    "/admin/managed-lists?list=territories",
    "/admin/sync-health",
    "/admin/sync-health/accounts?cause=held",
    "/upserts/answers",
    "/admin",
    "/admin/users",
    "/admin/users/new",
    "/admin/users/3/edit",
    "/admin/users/3/reach",
    "/admin/users/second-step",
    "/admin/users/identity-provider",
    "/admin/users/3/sessions",
    "/admin/erasures",
    "/admin/erasures?q=a",
    "/admin/erasures/contact/3",
    "/accounts/filters?q=a",
    "/accounts/filter-builder?where=name~contains~a|credit_limit~between~1~2;owner_id~any~me",
    "/admin/fields",
    "/admin/fields/new",
    "/admin/fields/1/edit",
    "/admin/fields/1/retirement",
    "/admin/fields/required",
    "/admin/layouts",
    "/admin/layouts/everyone",
    "/admin/layouts/rep/sections/new",
    "/admin/layouts/rep/sections/s1/edit",
    "/admin/layouts/rep/sections/s2/condition",
    "/admin/layouts/fields/fax/condition?audience=rep",
    "/admin/pick-lists",
    "/admin/pick-lists/new",
    "/admin/pick-lists/terms",
    "/admin/pick-lists/terms/edit",
    "/admin/pick-lists/terms/history",
    "/admin/pick-lists/terms/deletion",
    "/admin/pick-lists/terms/values/new",
    "/admin/pick-lists/terms/values/37/edit",
    "/admin/pick-lists/terms/values/37/deletion",
    "/admin/mail",
    "/admin/unfiled",
    "/admin/unfiled?show=settled",
    "/admin/datasets",
    "/admin/health",
    "/admin/audit",
    "/admin/audit?record=Acme&object=account",
    "/admin/audit?kind=person_erased",
    "/admin/retention",
    "/admin/webhooks",
    "/admin/webhooks/new",
    "/runs?like=1&until=2030-01-01",
    "/search",
    "/search?q=auto",
    "/search?q=zzzz",
    "/shortcuts",
    "/help",
    "/help?q=run",
    "/help/start",
    "/help/add-update",
    "/help/databases",
    "/help/api",
    "/help/api?q=zzzz",
    "/change",
    "/verify",
    "/tf-setup",
    "/wan-register",
    "/mf-recovery-codes",
    "/accounts/999999",
    "/accounts?q=%00",
    "/preferences",
)
FOR_VISITORS = ("/login", "/reset", "/wan-signin")
WALKED = {
    "mappings.show", "upserts.fixes", "settings.replacement", "settings.handover",
    "upserts.mapping", "upserts.plan",
    "grid.edit_favourite", "grid.confirm_favourite_deletion", "security.reset_password",
}  # fmt: skip
"""Pages that are on somebody's way, here or in another story."""
NO_PAGES = {
    "accounts.csv", "accounts.value", "accounts.xlsx",
    "assets.file", "assets.script", "assets.stylesheet", "grid.csv", "grid.database", "grid.xlsx",
    "databases.text", "grid.favourite", "health.live",
    "health.ready", "home", "runs.failed_rows", "runs.file", "runs.last_file", "runs.plan_file",
    "runs.progress",
    "security.static",
}  # fmt: skip
"""What answers with something else than a page, or leads to one."""
NO_PAGES |= {"health.numbers", "settings.audit_file", "settings.sign_in", "settings.signed_in"}
NO_PAGES |= {"settings.managed_list_progress", "settings.sync_progress", "settings.count_sync"}
NO_PAGES |= {"accounts.sync", "accounts.sync_run", "settings.personal_data_file"}
WALKED |= {"settings.one_request", "settings.list_review_page", "settings.sync_plan"}
WALKED |= {"settings.feed_source", "settings.preview_feed_source"}
WALKED |= {"settings.confirm_feed_source_retirement"}
WALKED |= {"settings.new_crm_mapping_source", "settings.crm_mapping_source"}
WALKED |= {"settings.crm_mapping", "settings.crm_mapping_rules", "settings.crm_mapping_versions"}
WALKED |= {"settings.confirm_crm_mapping_removal", "settings.confirm_crm_mapping_restoration"}
NO_PAGES |= {"settings.crm_mapping_state", "settings.go_to_crm_mapping_source"}
WALKED |= {"settings.feed_plan"}
WALKED |= {"settings.webhook", "settings.edit_webhook", "settings.webhook_message"}
WALKED |= {"settings.confirm_webhook_deletion"}
NO_PAGES |= {"imports.template", "accounts.count_views", "accounts.file"}
WALKED |= {"accounts.edit_view", "accounts.confirm_view_deletion"}
NO_PAGES |= {"calendar.show", "day.accounts"}
WALKED |= {"day.owner"}
WALKED |= {"imports.reading"}
WALKED |= {"databases.columns", "databases.new", "databases.preview", "databases.show"}
WALKED |= {"accounts.bulk_edit", "accounts.own_tab"}
NO_PAGES |= {"accounts.last_bulk_edit"}
WALKED |= {"security.two_factor_token_validation", "security.mf_recovery"}
NO_PAGES |= {"security.two_factor_rescue", "security.tf_select"}
NO_PAGES |= {"security.wan_delete", "security.wan_verify", "provider.begin", "provider.back"}


@pytest.fixture(scope="module")
def visitors(browser, site) -> Iterator[Visitors]:
    connected(site)
    visitors = Visitors(browser, site)
    yield visitors
    visitors.close()


@pytest.fixture(scope="module")
def tour(visitors, cookies) -> Callable[[str], Page]:
    """Return a function that opens an address for alice, or a visitor, always on the same page."""
    alice = visitors.open(storage_state=cookies("alice"), **CALM)
    visitor = visitors.open(**CALM)
    alice.goto("/admin/fields/new")
    alice.get_by_label("English label").fill("Delivery zone")
    alice.get_by_role("button", name="Save").click()
    alice.wait_for_url(lambda url: "/new" not in url)
    alice.goto("/admin/subscriptions/crm/fields")
    alice.get_by_role("button", name="Read the fields anew").click()
    expect(alice.get_by_text("The fields of both systems are read.")).to_be_visible()

    def to(address: str) -> Page:
        page = visitor if address in FOR_VISITORS else alice
        page.goto(address)
        return page

    return to


@pytest.fixture(autouse=True)
def nothing_breaks(visitors) -> Iterator[None]:
    visitors.problems.clear()
    yield
    assert visitors.problems == []


def test_every_page_is_in_the_tour(app):
    places = app.url_map.bind("localhost")
    toured = {places.match(address.partition("?")[0])[0] for address in PAGES + FOR_VISITORS
              if address != "/preferences"}  # fmt: skip
    pages = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    pages -= {each for each in pages if each.startswith("api.")}  # they answer to programs

    assert pages - NO_PAGES - WALKED == toured


@pytest.mark.parametrize("address", PAGES + FOR_VISITORS)
def test_a_page_has_no_barriers(tour, address):
    check(tour(address))


def test_no_page_speaks_english_to_the_french(tour, new_page, cookies):
    page = new_page(storage_state=cookies("alice"), locale="fr-FR")
    found = {}
    for address in PAGES:
        page.goto(address)
        shows_remote_fields = "/subscriptions/" in address or "/salesforce" in address
        found[address] = english_words(page, REMOTE if shows_remote_fields else frozenset())

    assert {address: words for address, words in found.items() if words} == {}


@pytest.mark.parametrize("address", ["/admin", "/accounts/7", "/analytics/sales/customers?size=25"])
def test_a_viewers_page_has_no_barriers(open_as, address):
    page = open_as("vera", **CALM)

    page.goto(address)

    check(page)


def test_what_a_run_did_fits_the_width_of_a_phone(open_as):
    page = open_as("alice", viewport={"width": 390, "height": 844})
    page.goto("/runs/1?show=create")

    region = page.locator("#runs-rows-region")

    assert region.evaluate("box => box.scrollWidth - box.clientWidth") <= 0


def test_the_months_of_an_account_are_read_on_a_phone(open_as):
    page = open_as("alice", viewport={"width": 390, "height": 844}, locale="fr-FR")
    page.goto("/accounts/5/sales")

    heads = page.locator("#accounts-sales-sales .card:has(figure) thead th")
    heights = heads.evaluate_all("heads => heads.map(head => head.offsetHeight)")

    assert heights
    assert max(heights) <= 80, "words of the heads are broken"
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("address", ["/accounts/5/contacts", "/admin/health"])
def test_a_table_is_stacked_on_a_phone(open_as, address):
    page = open_as("alice", viewport={"width": 390, "height": 844}, locale="fr-FR")
    page.goto(address)

    region = page.locator(".grid").first

    assert region.evaluate("box => box.scrollWidth - box.clientWidth") <= 0


def test_the_list_of_runs_fits_a_laptop_in_french(open_as):
    page = open_as("alice", locale="fr-FR")
    page.goto("/runs")

    region = page.locator("#runs-region")

    assert region.evaluate("box => box.scrollWidth - box.clientWidth") <= 0


def test_a_table_of_a_few_rows_takes_no_more_room_than_they_do(open_as):
    page = open_as("alice")
    page.goto("/analytics/sales/lines?q=trains")

    boxes = [page.locator(each).bounding_box() for each in ("#grid-region", "#grid-region table")]

    assert boxes[0]["height"] - boxes[1]["height"] < 4


@pytest.mark.parametrize("error, says", [(RuntimeError(), "500"), (Unavailable(), "503")])
def test_a_failure_has_no_barriers(app, serve, browser, monkeypatch, error, says):
    @public
    def fail() -> None:
        raise error

    monkeypatch.setitem(app.view_functions, "health.live", fail)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    page = browser.new_page(base_url=serve(), **CALM)

    page.goto("/health")

    expect(page.get_by_role("main")).to_contain_text(says)
    check(page)
    page.context.close()
