"""The columns of the list of accounts: chosen, remembered, kept by views, sent as files."""

from __future__ import annotations

import csv
import io
import re

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import event

from crmapp.db import db
from crmapp.models import User
from crmapp.services import accounts, preferences
from tests.blueprints.test_saved_views import is_changed, keep, opened, shown
from tests.support.web import htmx

STANDARD = ["Account", "Number", "Location", "Phone", "Primary contact", "Owner", "Team"]
DRAWER = htmx("div#accounts-columns")


def heads(text):
    """Return the heads of the list's columns."""
    row = text.partition("<thead>")[2].partition("</thead>")[0]
    cells = re.findall(r"<th scope=\"col\"[^>]*>(?:<a [^>]*>)?([^<]*)", row)
    return [cell for cell in cells if cell]


def row(text, name):
    """Return what the columns of an account hold, after its name."""
    found = re.search(rf'<th scope="row"[^>]*><a [^>]*>{name}</a>.*?</tr>', text, re.DOTALL)
    return re.findall(r"<td[^>]*>(.*?)</td>", found[0], re.DOTALL)


def order(text):
    return re.findall(r'name="field" value="(\w+)"', text)


def ticked(text):
    return set(re.findall(r'name="shown" value="(\w+)" checked', text))


def offered(text):
    return re.findall(r'name="shown" value="(\w+)"', text)


def sent(client, *names, address="/accounts/columns", headers=None, **more):
    """Send the form of the chooser, in which ``names`` are the columns and are ticked."""
    form = {"field": [*names], "shown": [*names], **more}
    return client.post(address, data=form, headers=headers or {})


def led_to(answer):
    return answer.headers.get("HX-Redirect") or answer.location


# --- the address ------------------------------------------------------------------------------


def test_an_address_says_which_columns_there_are_and_the_name_comes_first(make, as_user):
    make.account("Acme", billing_city="Graz", number="C1")

    text = as_user(make.bob).get("/accounts?columns=billing_city,name,number").text

    assert heads(text) == ["Account", "City (Billing address)", "Number"]
    assert row(text, "Acme") == ["Graz", "C1"]


@pytest.mark.parametrize("asked", ["", "columns=", "columns=,,", "columns=password,custom"])
def test_without_any_column_of_ours_there_are_the_standard_ones(make, as_user, asked):
    make.account("Acme")

    assert heads(as_user(make.bob).get(f"/accounts?{asked}").text) == STANDARD


def test_a_list_may_have_nothing_but_the_name(make, as_user):
    make.account("Acme")

    text = as_user(make.bob).get("/accounts?columns=name").text

    assert heads(text) == ["Account"]
    assert row(text, "Acme") == []


def test_columns_stay_while_one_filters_sorts_turns_pages_and_opens_an_account(make, as_user):
    for number in range(51):
        make.account(f"Firm {number:02}", location="Lyon")
    client = as_user(make.mona)

    text = client.get("/accounts?location=Lyon&columns=name,number").text

    kept = "columns=name%2Cnumber"
    assert f'href="/accounts?location=Lyon&amp;{kept}&amp;from=' in text
    assert 'form="accounts-filter" value="name,number"' in text
    assert f'<a class="clear" href="/accounts?{kept}">' in text
    assert re.search(rf'href="/accounts/\d+\?location=Lyon&amp;{kept}"', text)
    assert f'href="/accounts?location=Lyon&amp;{kept}&amp;sort=number"' in text
    assert f'href="/accounts/list.csv?location=Lyon&amp;{kept}"' in text


def test_too_many_columns_lead_to_the_list_without_them(make, as_user):
    names = ",".join(make.field(f"F {number}").name for number in range(30))

    answer = as_user(make.bob).get(f"/accounts?location=Lyon&columns={names}")
    worse = as_user(make.bob).get(f"/accounts?columns={'x,' * 5}{names},c_gone")

    assert "Column: c_gone" in worse.text
    assert answer.status_code == 422
    assert "A list has up to 30 columns." in answer.text
    assert 'href="/accounts?location=Lyon"' in answer.text


# --- what stands in them ----------------------------------------------------------------------


def test_each_kind_of_value_stands_in_its_column_as_people_read_it(make, as_user):
    for kind in ("text", "money", "date", "yes_no", "url", "email", "phone", "long_text"):
        make.field(f"My {kind}", kind=kind)
    make.field("How", kind="multi_pick_list", pick_list="contact_method")
    typed = {
        "c_my_text": "<b>", "c_my_money": "1250", "c_my_date": "2026-11-22", "c_my_yes_no": "no",
        "c_my_url": "example.com", "c_my_email": "a@b.example", "c_my_phone": "+33 1 2",
        "c_my_long_text": "one\ntwo" + " more" * 100, "c_how": "fax, letter",
        "credit_limit": "12.5", "contact_method": "fax", "tags": "a, b", "website": "crm.example",
    }  # fmt: skip
    accounts.create({"name": "Acme", **typed}, by=make.mona)
    names = ["my_text", "my_money", "my_date", "my_yes_no", "my_email", "my_phone", "how"]
    columns = ["credit_limit", "contact_method", "tags", *(f"c_{name}" for name in names)]
    client = as_user(make.mona)

    text = client.get(f"/accounts?columns={','.join(columns)}").text
    links = row(client.get("/accounts?columns=website,c_my_url,c_my_long_text").text, "Acme")

    assert row(text, "Acme") == [
        "12.50", "Fax", "a, b", "&lt;b&gt;", "1,250.00", "Nov 22, 2026", "No",
        '<a href="mailto:a@b.example">a@b.example</a>', '<a href="tel:+3312">+33 1 2</a>',
        "Fax, Letter",
    ]  # fmt: skip
    assert '<td class="num">12.50</td>' in text
    assert [re.findall(r'<a href="([^"]*)"', cell) for cell in links] == [
        ["https://crm.example"], ["https://example.com"], [],
    ]  # fmt: skip
    assert links[2].startswith("one two more")
    assert len(links[2]) <= 200


def test_what_an_account_lacks_is_a_dash_in_every_column(make, as_user):
    make.account("Acme", active=False)
    columns = "tags,credit_limit,website,parent,territory,primary_contact,notes,active,owner"

    text = as_user(make.mona).get(f"/accounts?columns={columns}").text

    assert row(text, "Acme") == [*["–"] * 7, "No", "–"]


def test_an_account_that_another_belongs_to_is_named_only_to_who_may_see_it(make, as_user):
    parent = make.account("Secret", owner_id=make.mallory.id)
    make.account("Acme", parent_id=parent.id)

    by_manager = row(as_user(make.mona).get("/accounts?columns=parent").text, "Acme")
    by_rep = row(as_user(make.bob).get("/accounts?columns=parent").text, "Acme")

    assert by_manager == [f'<a href="/accounts/{parent.id}">Secret</a>']
    assert by_rep == ["An account that is not open to you"]


def test_columns_are_named_and_written_in_the_readers_language(make, as_user):
    make.account("Acme", credit_limit="1250")
    dora = make.user("dora", "manager", locale="fr")

    text = as_user(dora).get("/accounts?columns=credit_limit,active").text

    assert row(text, "Acme") == ["1\u202f250,00", "Oui"]


def test_the_list_sorts_by_a_column_of_a_filterable_field_and_by_no_other(make, as_user):
    make.field("Seats", kind="number", filterable=True)
    make.field("Other", kind="number")
    make.account("Acme")

    text = as_user(make.mona).get("/accounts?columns=number,c_seats,c_other,billing_city").text

    assert re.findall(r'id="accounts-sort-([\w-]+)"', text) == ["name", "number", "c-seats"]


def statements(client, address):
    asked = []

    def listen(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    client.get(address)  # what is kept in memory is read
    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        assert client.get(address).status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    return asked


def test_many_rows_and_many_columns_take_as_many_statements_as_few(make, as_user):
    make.field("Zone", kind="pick_list", pick_list="territory")
    client = as_user(make.mona)
    names = (
        "number,credit_limit,terms,territory,billing_city,owner,team,primary_contact,tags,c_zone"
    )
    parent = make.account("Parent", location="Lyon")
    for number in range(40):
        make.account(f"Firm {number}", owner_id=make.bob.id, parent_id=parent.id)

    few = statements(client, "/accounts?location=Lyon&columns=terms")
    many = statements(client, f"/accounts?columns={names}")
    linked = statements(client, f"/accounts?columns={names},parent")

    assert len(many) == len(few)
    assert len(linked) == len(few) + 1


def test_only_the_columns_that_are_shown_are_read(make, as_user):
    make.account("Acme")

    asked = statements(as_user(make.mona), "/accounts?columns=number")

    read = [each.partition("FROM")[0] for each in asked if "account.number" in each]
    assert read
    assert not [each for each in read if "notes" in each or "custom" in each or "user" in each]


# --- files ------------------------------------------------------------------------------------


def test_files_have_the_columns_of_the_list(make, as_user):
    make.field("Seats", kind="number")
    typed = {"name": "Acme", "credit_limit": "12.5", "c_seats": "3", "notes": "one\ntwo"}
    accounts.create(typed, by=make.mona)
    address = "?q=acme&columns=c_seats,credit_limit,notes"
    client = as_user(make.mona)

    text = client.get(f"/accounts/list.csv{address}").text.removeprefix("\ufeff")
    book = client.get(f"/accounts/list.xlsx{address}").data
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()

    assert list(csv.reader(io.StringIO(text))) == [
        ["Account", "Seats", "Credit limit", "Notes", "Active"],
        ["Acme", "3", "12.50", "one\ntwo", "Yes"],
    ]
    assert sheet[1] == ["Acme", 3, 12.5, "one\ntwo", "Yes"]


def test_a_file_has_a_column_once(make, as_user):
    make.account("Acme", active=False)

    text = as_user(make.mona).get("/accounts/list.csv?q=acme&columns=active,number").text

    assert text.removeprefix("\ufeff").splitlines() == ["Account,Active,Number", "Acme,No,"]


# --- chosen -----------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, htmx("div#drawer-body")], ids=["plain", "htmx"])
def test_the_form_shows_the_columns_of_the_list(make, as_user, headers):
    make.field("Zone")
    client = as_user(make.bob)

    text = client.get("/accounts/columns?columns=name,c_zone,number", headers=headers).text
    usual = client.get("/accounts/columns", headers=headers).text

    assert ("<html" in text) is not bool(headers)
    assert order(text) == ["c_zone", "number"]
    assert ticked(text) == {"c_zone", "number"}
    assert order(usual) == ["number", "location", "phone", "primary_contact", "owner", "team"]


@pytest.mark.parametrize("headers", [{}, DRAWER], ids=["plain", "htmx"])
def test_what_was_chosen_is_shown_and_remembered(make, as_user, headers):
    client = as_user(make.bob)

    answer = sent(client, "number", "email", show="1", headers=headers)

    assert led_to(answer) == "/accounts?columns=name%2Cnumber%2Cemail"
    assert client.get("/accounts").location == led_to(answer)
    assert as_user(make.mona).get("/accounts").status_code == 200


def test_filters_stay_while_one_chooses(make, as_user):
    answer = sent(as_user(make.bob), "number", address="/accounts/columns?q=a&columns=x", show="1")

    assert led_to(answer) == "/accounts?q=a&columns=name%2Cnumber"


def test_her_columns_are_those_of_every_list_that_names_none(make, as_user):
    preferences.keep_columns(["number"], by=make.bob)
    client = as_user(make.bob)

    mine = client.get("/accounts?owner=me").location

    assert mine == "/accounts?owner=me&columns=name%2Cnumber"
    assert client.get(mine).status_code == 200
    assert client.get("/accounts?columns=email").status_code == 200
    assert client.get("/accounts?q=a", headers=htmx("div#accounts-table")).status_code == 200


@pytest.mark.parametrize("names", [(), ("number", "location", "phone", "primary_contact", "owner")])
def test_the_standard_columns_come_back(make, as_user, names):
    preferences.keep_columns(["number"], by=make.bob)
    client = as_user(make.bob)

    if names:
        sent(client, *names, "team", show="1")
    else:
        sent(client, "number", reset="1")

    assert make.again(User, make.bob.id).account_columns is None
    assert client.get("/accounts").status_code == 200


@pytest.mark.parametrize("headers", [{}, DRAWER], ids=["plain", "htmx"])
@pytest.mark.parametrize(
    "button, name, expected",
    [
        ("up", "email", ["email", "number", "phone"]),
        ("down", "email", ["number", "phone", "email"]),
        ("remove", "email", ["number", "phone"]),
        ("remove", "password", ["number", "email", "phone"]),
        ("dropped", "email", ["number", "email", "phone"]),
        ("find", "1", ["number", "email", "phone"]),
    ],
)
def test_a_button_changes_the_order_and_saves_nothing(
    make, as_user, headers, button, name, expected
):
    client = as_user(make.bob)

    text = sent(client, "number", "email", "phone", headers=headers, **{button: name}).text

    assert order(text) == expected
    assert ticked(text) == set(expected)
    assert "Not saved yet." in text
    assert make.again(User, make.bob.id).account_columns is None


def test_ticks_add_a_column_at_the_end_and_take_one_away(make, as_user):
    form = {"field": ["number", "email"], "shown": ["email", "active", "phone"], "show": "1"}

    answer = as_user(make.bob).post("/accounts/columns", data=form)

    assert led_to(answer) == "/accounts?columns=name%2Cemail%2Cactive%2Cphone"


def test_a_search_narrows_the_boxes_and_loses_no_column(make, as_user):
    make.field("Zone", label_fr="Zône")
    client = as_user(make.bob)
    searched = client.post(
        "/accounts/columns", data={"field": ["number"], "shown": ["number"], "words": "CITY bill"}
    ).text
    form = {"field": ["number"], "shown": ["billing_city"], "found": "CITY bill", "words": "zon"}

    found = client.post("/accounts/columns", data=form).text

    assert offered(searched) == ["billing_city"]
    assert order(searched) == ["number"]
    assert offered(found) == ["c_zone"]
    assert order(found) == ["number", "billing_city"]
    assert "No column is called so." in client.get("/accounts/columns?words=nothing").text


def test_too_many_columns_are_refused_and_stay_chosen(make, as_user):
    names = [make.field(f"F {number}").name for number in range(30)]
    client = as_user(make.bob)

    answer = sent(client, *names, show="1")

    assert answer.status_code == 422
    assert "A list has up to 30 columns. Take some away." in answer.text
    assert order(answer.text) == names
    assert sent(client, *names[1:], show="1").status_code == 303


# --- views ------------------------------------------------------------------------------------


def test_a_view_keeps_its_columns_whoever_opens_it(make, as_user):
    make.account("Acme", billing_city="Graz")
    keep(as_user(make.mona), "/accounts?columns=name,billing_city", audience="everyone")
    preferences.keep_columns(["number"], by=make.bob)

    text = shown(as_user(make.bob))

    assert heads(text) == ["Account", "City (Billing address)"]
    assert not is_changed(text)


def test_a_view_without_columns_has_the_standard_ones_whatever_its_reader_likes(make, as_user):
    make.account("Acme", location="Lyon")
    keep(as_user(make.mona), "/accounts?location=Lyon", audience="everyone")
    preferences.keep_columns(["number"], by=make.bob)

    assert heads(shown(as_user(make.bob))) == STANDARD


def test_other_columns_change_a_view_and_are_not_remembered_for_other_lists(make, as_user):
    make.account("Acme", location="Lyon")
    client = as_user(make.bob)
    keep(client, "/accounts?location=Lyon")

    answer = sent(client, "email", address="/accounts/columns?view=1.1&location=Lyon", show="1")
    text = client.get(led_to(answer)).text
    client.post(led_to(answer).replace("/accounts", "/accounts/views/1/question"))

    assert led_to(answer) == "/accounts?view=1.1&location=Lyon&columns=name%2Cemail"
    assert is_changed(text)
    assert opened(client) == "/accounts?view=1.2&location=Lyon&columns=name%2Cemail"
    assert make.again(User, make.bob.id).account_columns is None


def test_the_standard_columns_change_a_view_that_has_others(make, as_user):
    make.account("Acme")
    client = as_user(make.bob)
    keep(client, "/accounts?columns=name,email")

    answer = sent(client, address="/accounts/columns?view=1.1&columns=name,email", reset="1")
    text = client.get(led_to(answer)).text

    assert heads(text) == STANDARD
    assert is_changed(text)


def test_who_was_slower_reads_which_columns_the_other_has_chosen(make, as_user):
    keep(as_user(make.mona), "/accounts?location=Lyon", audience="everyone")
    mona, alice = as_user(make.mona), as_user(make.alice)
    alice.post("/accounts/views/1/question?view=1.1&location=Lyon&columns=name,email")

    answer = mona.post("/accounts/views/1/question?view=1.1&location=Lyon")

    assert answer.status_code == 409
    assert "Columns: Account, E-mail" in answer.text
    assert "Standard columns" in answer.text


# --- gone -------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, htmx("div#accounts-table")], ids=["plain", "htmx"])
def test_a_column_that_is_gone_is_named_and_the_others_are_shown(make, as_user, headers):
    make.account("Acme")
    make.field("Zone", retired=True)

    text = as_user(make.bob).get("/accounts?columns=name,c_zone,email", headers=headers).text

    assert heads(text) == ["Account", "E-mail"]
    assert "the list is shown without it: Zone" in text


def test_a_view_says_which_column_it_lost_and_is_mended_by_saving(make, as_user):
    make.field("Zone")
    make.account("Acme")
    client = as_user(make.bob)
    keep(client, "/accounts?columns=name,c_zone,email")
    make.field("Zone", retired=True)

    address = opened(client)
    text = client.get(address).text
    client.post(address.replace("/accounts", "/accounts/views/1/question"))

    assert address == "/accounts?view=1.1&columns=name%2Cemail"
    assert "Column: Zone" in text
    assert not is_changed(text)
    assert "Column: Zone" not in shown(client)


def test_a_bookmark_with_a_retired_filter_names_the_field_and_leads_on(make, as_user):
    make.account("Acme", location="Lyon")
    make.field("Zone", filterable=True)
    make.field("Zone", retired=True, filterable=True)
    client = as_user(make.bob)

    answer = client.get("/accounts?location=Lyon&c_zone=north&sort=-number")
    rest = re.search(r'<a href="([^"]*)" class="btn primary', answer.text)[1]

    assert answer.status_code == 422
    assert "narrowed down by “Zone”" in answer.text
    assert "Zone: north" in answer.text
    assert rest == "/accounts?location=Lyon&amp;sort=-number"
    assert "Acme" in client.get(rest.replace("&amp;", "&")).text


@pytest.mark.parametrize("asked", ["sort=c_zone", "where=c_zone~is~north", "owner=nobody"])
def test_whatever_else_cannot_be_asked_leads_to_the_rest(make, as_user, asked):
    make.field("Zone", retired=True)

    answer = as_user(make.bob).get(f"/accounts?location=Lyon&{asked}")

    assert answer.status_code == 422
    assert 'href="/accounts?location=Lyon" class="btn primary' in answer.text


def test_a_place_that_is_gone_leads_to_the_beginning(make, as_user):
    answer = as_user(make.bob).get("/accounts?location=Lyon&from=nowhere")

    assert answer.status_code == 422
    assert 'href="/accounts?location=Lyon" class="btn primary' in answer.text
