"""The columns of the list of accounts: in its address, as people read them, in files."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal

import pytest
from python_calamine import CalamineWorkbook

from crmapp.blueprints.accounts import rows
from crmapp.services import accounts
from tests.support.statements import seen

STANDARD = ["Account", "Number", "Location", "Phone", "Primary contact", "Owner", "Team"]


def heads(text):
    """Return the heads of the list's columns."""
    row = text.partition("<thead>")[2].partition("</thead>")[0]
    cells = re.findall(r"<th scope=\"col\"[^>]*>(?:<a [^>]*>)?([^<]*)", row)
    return [cell for cell in cells if cell]


def row(text, name):
    """Return what the columns of an account hold, after its name."""
    found = re.search(rf'<th scope="row"[^>]*><a [^>]*>{name}</a>.*?</tr>', text, re.DOTALL)
    return re.findall(r"<td[^>]*>(.*?)</td>", found[0], re.DOTALL)


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
    with seen(listen):
        assert client.get(address).status_code == 200
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

    client.get("/accounts")  # who may be chosen as owner is read once
    few = statements(client, "/accounts?location=Lyon&columns=terms")
    many = statements(client, f"/accounts?columns={names}")
    linked = statements(client, f"/accounts?columns={names},parent")

    assert len(of_accounts(many)) == len(of_accounts(few))
    assert len(of_accounts(linked)) == len(of_accounts(few)) + 1
    assert len(linked) <= len(few) + 1


def of_accounts(asked):
    return [each for each in asked if "FROM account" in each]


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


def test_a_row_that_was_written_is_written_anew_for_another_zone_and_language(make, as_user):
    make.account("Acme", credit_limit=Decimal("1250.50"))
    paris = make.user("anna", timezone="Europe/Paris", locale="fr")
    tokyo = make.user("olga", timezone="Asia/Tokyo", locale="fr")
    address = "/accounts?columns=credit_limit,created_at"

    here, french, far = (
        row(as_user(who).get(address).text, "Acme") for who in (make.bob, paris, tokyo)
    )

    assert here[0] == "1,250.50"
    assert french[0] == far[0] == "1\u202f250,50"
    assert len({here[1], french[1], far[1]}) == 3


def test_a_row_that_was_written_follows_what_a_value_is_called(make, as_user):
    acme = make.account("Acme")
    make.account("Sub", parent_id=acme.id)
    address = "/accounts?columns=parent"
    assert "Acme" in row(as_user(make.bob).get(address).text, "Sub")[0]

    accounts.update(acme.id, {"name": "Ajax"}, 1, by=make.mona)

    assert "Ajax" in row(as_user(make.bob).get(address).text, "Sub")[0]


def test_a_row_is_kept_though_a_cell_has_several_values(make, as_user, monkeypatch):
    make.field("How", kind="multi_pick_list", pick_list="contact_method")
    accounts.create({"name": "Acme", "tags": "a, b", "c_how": "fax, letter"}, by=make.mona)
    client, address = as_user(make.mona), "/accounts?columns=tags,c_how"
    before = row(client.get(address).text, "Acme")

    monkeypatch.setattr(rows._Writer, "__call__", lambda _self, _line: "written anew")

    assert row(client.get(address).text, "Acme") == before == ["a, b", "Fax, Letter"]
