"""Selecting in the grid: by box, page and all; across pages; carried on as a focus; one's own."""

import re
from html import unescape

import pytest
from sqlalchemy import func, select

from crmapp.db import session
from crmapp.models import StoredSelection
from tests.support.tables import Table
from tests.support.web import htmx

pytestmark = pytest.mark.usefixtures("sales")
CUSTOMERS = "/analytics/sales/customers"
SELECTION = f"{CUSTOMERS}/selection"


def post(client, url=SELECTION, **form):
    """Send what a browser without JavaScript sends, and return where it is led."""
    response = client.post(url, data=form)
    assert response.status_code == 303, response.text
    return response.headers["Location"]


def shown(client, url):
    """The keys of the page's rows, the ticked ones among them, and the number selected."""
    page = client.get(url).text
    boxes = re.findall(r'name="key"[^>]*value="([^"]+)"[^>]*?( checked)?>', page)
    said = re.search(r'class="selected-count">.*?([\d,]+) selected', page)
    ticked = [key for key, checked in boxes if checked]
    return [key for key, _ in boxes], ticked, int(said[1].replace(",", "")) if said else 0


def form_of(client, url):
    """Where the page's form sends ticks to."""
    page = client.get(url).text
    return unescape(re.search(r'id="grid-table" method="post" action="([^"]+)"', page)[1])


def tick(client, url, *keys):
    return post(client, form_of(client, url), act="tick", key=list(keys))


# --- ticks ----------------------------------------------------------------------------------------


def test_ticked_rows_are_selected_blue_and_counted(alice):
    url = tick(alice, CUSTOMERS, "C034", "C056")

    keys, ticked, count = shown(alice, url)
    assert sorted(ticked) == ["C034", "C056"]
    assert count == 2
    assert alice.get(url).text.count('<tr id="grid-row-') == len(keys)
    assert len(re.findall(r'<tr id="[^"]+" class="selected">', alice.get(url).text)) == 2
    assert '<span class="badge">2 selected</span>' in alice.get(url).text


def test_the_same_through_htmx_is_one_request_that_shows_its_address(alice):
    answer = alice.post(SELECTION, data={"key": ["C034"]}, headers=htmx("grid-sheet"))

    assert answer.status_code == 200
    assert answer.text.startswith('<div id="grid-sheet"')
    assert shown(alice, answer.headers["HX-Replace-Url"])[1:] == (["C034"], 1)


def test_an_unticked_row_is_no_longer_selected(alice):
    url = tick(alice, CUSTOMERS, "C034", "C056")

    url = tick(alice, url, "C056")

    assert shown(alice, url)[1:] == (["C056"], 1)


def test_a_selection_lasts_across_pages_and_sorting(alice):
    url = tick(alice, f"{CUSTOMERS}?size=25", "C034")
    second = f"{url}&page=2"
    other = shown(alice, second)[0][0]

    url = tick(alice, second, other)

    assert shown(alice, url)[1:] == ([other], 2)
    first = url.replace("&page=2", "")
    assert shown(alice, first)[1:] == (["C034"], 2)
    assert shown(alice, f"{first}&sort=-name")[2] == 2


def test_nothing_ticked_makes_no_selection(alice):
    url = tick(alice, CUSTOMERS)

    assert "sel=" not in url
    assert session.scalar(select(func.count(StoredSelection.id))) == 0


def test_a_row_that_is_not_on_the_page_is_refused(alice):
    refused = alice.post(f"{SELECTION}?size=25", data={"key": ["C034", "nobody"]})

    assert refused.status_code == 404
    assert "choose the rows again" in refused.text


# --- page, then all -------------------------------------------------------------------------------


def test_all_are_selected_in_two_steps_with_the_exact_number(alice):
    before = alice.get(f"{CUSTOMERS}?size=25").text
    assert "Select all" not in before.replace("Select all rows of this page", "")
    url = post(alice, form_of(alice, f"{CUSTOMERS}?size=25"), act="page")
    assert shown(alice, url)[2] == 25
    assert "Select all 80 matching" in alice.get(url).text

    url = post(alice, form_of(alice, url), act="all", count="80")

    assert shown(alice, url)[2] == 80
    assert session.scalar(select(StoredSelection.mode)) == "all"
    assert session.scalar(select(StoredSelection.keys)) == []


def test_all_is_refused_when_the_number_has_changed(alice):
    refused = alice.post(SELECTION, data={"act": "all", "count": "79"})

    assert refused.status_code == 422
    assert "The number of rows has changed to 80." in refused.text
    assert '<input type="hidden" name="count" value="80">' in refused.text


def test_the_same_through_htmx_shows_the_rows_as_they_are(alice):
    refused = alice.post(SELECTION, data={"act": "all", "count": "79"}, headers=htmx("grid-sheet"))

    assert refused.status_code == 422
    assert refused.text.startswith('<div id="grid-sheet"')
    assert '<input type="hidden" name="count" value="80">' in refused.text
    assert "The number of rows has changed to 80." in refused.text
    assert "HX-Reswap" not in refused.headers


def test_all_but_some(alice):
    url = post(alice, SELECTION, act="all", count="80")
    keys = shown(alice, url)[0]

    url = tick(alice, url, *keys[2:])

    assert shown(alice, url)[2] == 78
    assert shown(alice, f"{url}&page=2")[2] == 78
    assert shown(alice, tick(alice, url, *keys[1:]))[2] == 79


def test_all_that_match_a_search_go_beside_what_was_selected(alice):
    url = tick(alice, CUSTOMERS, "C034")
    found = f"{url}&q=gift"
    matching = len(shown(alice, found)[0])

    url = post(alice, form_of(alice, found), act="all", count=matching)

    assert shown(alice, url)[2] == matching + 1


def test_a_row_from_outside_joins_all_that_matched(alice):
    matching = len(shown(alice, f"{CUSTOMERS}?q=gift")[0])
    url = post(alice, f"{SELECTION}?q=gift", act="all", count=matching)
    everywhere = url.replace("&q=gift", "")
    _, ticked, before = shown(alice, everywhere)

    url = tick(alice, everywhere, "C034", *ticked)

    assert shown(alice, url)[2] == before + 1
    assert "C034" in shown(alice, url)[1]


def test_a_page_from_outside_joins_all_that_matched(alice):
    url = post(alice, f"{SELECTION}?q=gift", act="all", count=19)
    page = url.replace("&q=gift", "&size=25")

    url = post(alice, form_of(alice, page), act="page")

    keys, ticked, count = shown(alice, url)
    assert ticked == keys
    assert count > 25


def test_clearing_is_a_link_and_can_be_taken_back(alice):
    url = tick(alice, CUSTOMERS, "C034")
    page = alice.get(url).text

    cleared = unescape(re.search(r'href="([^"]+)"[^>]*id="grid-clear"', page)[1])

    assert shown(alice, cleared)[2] == 0
    assert shown(alice, url)[2] == 1


# --- focus ----------------------------------------------------------------------------------------


def test_a_focus_carries_the_selection_into_another_dimension(alice):
    selected = tick(alice, CUSTOMERS, "C034")
    expected = Table.of(alice.get(selected).text).column("Total")[0]

    url = post(alice, form_of(alice, selected), act="focus", into="products")

    page = alice.get(url).text
    assert url.startswith("/analytics/sales/products?")
    assert Table.of(page).total("Total") == expected
    assert "<span>Customers: 1</span>" in page


def test_a_focus_stays_as_it_was_when_the_selection_changes(alice):
    selected = tick(alice, CUSTOMERS, "C034")
    url = post(alice, form_of(alice, selected), act="focus", into="products")

    tick(alice, selected, "C034", "C056")

    assert "<span>Customers: 1</span>" in alice.get(url).text


def test_focuses_add_up_and_each_is_cleared_by_itself(alice):
    url = post(alice, form_of(alice, tick(alice, CUSTOMERS, "C034")), act="focus", into="lines")
    key = shown(alice, url)[0][0]
    url = post(alice, form_of(alice, tick(alice, url, key)), act="focus", into="products")
    page = alice.get(url).text
    assert "<span>Customers: 1</span>" in page
    assert "<span>Product lines: 1</span>" in page

    links = re.findall(r'<a class="chip" href="([^"]+)"', page)

    assert ["focus.customers" in link for link in links] == [False, True]
    assert ["focus.lines" in link for link in links] == [True, False]


def test_only_the_selected_are_shown_and_stay_selected(alice):
    selected = tick(alice, CUSTOMERS, "C034", "C056")

    url = post(alice, form_of(alice, selected), act="focus", into="customers")

    assert shown(alice, url) == (["C034", "C056"], ["C034", "C056"], 2)


def test_a_focus_needs_a_selection(alice):
    refused = alice.post(SELECTION, data={"act": "focus", "into": "products"})

    assert refused.status_code == 422
    assert "Nothing is selected. Choose rows first." in refused.text


# --- whose ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("argument", ["sel", "focus.customers"])
def test_somebody_elses_selection_is_not_found(alice, make, as_user, argument):
    number = re.search(r"sel=(\d+)", tick(alice, CUSTOMERS, "C034"))[1]
    mona = as_user(make.mona)

    for url in (f"{CUSTOMERS}?{argument}={number}", f"{CUSTOMERS}?{argument}=424242"):
        assert mona.get(url).status_code == 404
        assert "There is no such selection; choose the rows again." in mona.get(url).text
        assert mona.get(url, headers=htmx()).headers["HX-Reswap"] == "none"


def test_somebody_elses_selection_cannot_be_changed(alice, make, as_user):
    number = re.search(r"sel=(\d+)", tick(alice, CUSTOMERS, "C034"))[1]

    refused = as_user(make.mona).post(f"{SELECTION}?sel={number}", data={"act": "page"})

    assert refused.status_code == 404
    assert session.scalar(select(StoredSelection.keys)) == ["C034"]


def test_a_selection_of_another_dimension_does_not_fit(alice):
    number = re.search(r"sel=(\d+)", tick(alice, CUSTOMERS, "C034"))[1]

    refused = alice.get(f"/analytics/sales/products?sel={number}")

    assert refused.status_code == 422
    assert f"Selection {number} is of another dimension." in refused.text


def test_a_rep_cannot_select_what_she_does_not_see(make, as_user):
    bob = as_user(make.bob)

    assert bob.post(SELECTION, data={"key": ["C034"]}).status_code == 404


# --- the action -----------------------------------------------------------------------------------


def fields(page):
    form = re.search(r'<form method="post" action="/upserts">.*?</form>', page, re.DOTALL)
    return form and dict(re.findall(r'name="([^"]+)" value="([^"]*)"', unescape(form[0])))


def test_the_action_sends_the_question_and_the_selection(alice):
    url = tick(alice, f"{CUSTOMERS}?q=gift", "C056")

    sent = fields(alice.get(url).text)

    assert sent["dataset"] == "sales"
    assert sent["dimension"] == "customers"
    assert sent["q"] == "gift"
    assert f"sel={sent['sel']}" in url
    assert len(sent["idempotency_key"]) > 16


@pytest.mark.parametrize("query, said", [("", "all 92 rows in view"), ("&q=C034", "the only row")])
def test_with_nothing_selected_the_action_says_how_many_rows_it_means(alice, query, said):
    page = alice.get(f"{CUSTOMERS}?period=total{query}").text

    assert f"Nothing is selected: works on {said}" in page


@pytest.mark.parametrize("dimension", ["products", "lines", "countries", "territories"])
def test_only_accounts_have_the_action(alice, dimension):
    assert fields(alice.get(f"/analytics/sales/{dimension}").text) is None


def test_who_lacks_the_right_sees_the_action_and_which_right_is_missing(make, as_user):
    page = as_user(make.carol).get(CUSTOMERS).text

    assert re.search(r'<button class="menu-item tall" disabled', page)
    assert "You lack the right grid.add_update_accounts." in page
