"""The filter of the accounts list that people build: its form, its address, its chips."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import Account
from tests.support.web import htmx

BUILDER = "/accounts/filter-builder"


def chips(text):
    """Return the chips of a page: what they say, and where each leads."""
    found = re.findall(r'<a class="chip" href="([^"]*)"><span>([^<]*)', text)
    return {said: parse_qs(urlsplit(href.replace("&amp;", "&")).query) for href, said in found}


def row(place, field, operator="", *values):
    """Return what a row of the form sends."""
    return {f"field-{place}": field, f"operator-{place}": operator, f"value-{place}": list(values)}


def names(text):
    return re.findall(r'<th scope="row"[^>]*><a [^>]*>([^<]*)</a>', text)


@pytest.fixture
def towns(make):
    """Three of bob's accounts in three towns."""
    for name, town in (("A", "Lyon"), ("B", "Graz"), ("C", "Turin")):
        make.account(name, billing_city=town, owner_id=make.bob.id)
    make.account("D")


def test_the_form_leads_to_the_list_that_its_rows_ask_for(make, as_user, towns):
    client = as_user(make.bob)
    sent = {
        **row("0-0", "billing_city", "is", " lyon "),
        **row("0-1", "billing_city", "is", "GRAZ"),
    }

    answer = client.post(f"{BUILDER}?active=yes", data={**sent, "every-0": "any", "do": "show"})

    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.location).query) == {
        "active": ["yes"],
        "where": ["billing_city~is~lyon|billing_city~is~GRAZ"],
    }
    assert names(client.get(answer.location).text) == ["A", "B"]


def test_groups_hold_together(make, as_user, towns):
    sent = {
        **row("0-0", "owner_id", "any", "me"),
        **row("1-0", "billing_city", "any", "Graz\nTurin"),
    }

    answer = as_user(make.bob).post(BUILDER, data={**sent, "do": "show"})

    where = parse_qs(urlsplit(answer.location).query)["where"]
    assert where == ["owner_id~any~me;billing_city~any~Graz~Turin"]


def test_each_condition_is_a_chip_that_leads_to_the_list_without_it(make, as_user, towns):
    where = "billing_city~any~Lyon~Graz;active~yes|credit_limit~gt~1000|owner_id~none~me"

    found = chips(as_user(make.bob).get(f"/accounts?q=a&where={where}").text)

    assert list(found) == [
        "Search: a",
        "City is Lyon or Graz",
        "Active is yes",
        "or Credit limit is more than 1,000",
        "or Owner is not Me",
    ]
    assert found["City is Lyon or Graz"] == {
        "q": ["a"],
        "where": ["active~yes|credit_limit~gt~1000|owner_id~none~me"],
    }
    assert found["Active is yes"]["where"] == [
        "billing_city~any~Lyon~Graz;credit_limit~gt~1000|owner_id~none~me"
    ]
    assert found["Search: a"] == {"where": [where]}


@pytest.mark.parametrize(
    "condition, said",
    [
        ("name~begins~Ac", "Name begins with Ac"),
        ("notes~empty", "Notes is empty"),
        ("credit_limit~between~10~20.5", "Credit limit is between 10 and 20.5"),
        ("created_at~past~30", "Date created is within the last 30 days"),
        ("created_at~past~0", "Date created is today"),
        ("updated_at~older~0", "Date changed is before today"),
        ("created_at~older~1", "Date created is more than a day ago"),
        ("created_at~is~2026-03-01", "Date created is on Mar 1, 2026"),
        ("last_activity~older~0", "Last activity is before today, or never"),
        ("last_activity~older~30", "Last activity is more than 30 days ago, or never"),
        ("tags~all~key~old", "Tags has key and old"),
        ("tags~none~key", "Tags does not have key"),
        ("contact_method~any~email~fax", "Contact method is E-mail or Fax"),
        ("owner_id~empty", "Owner is nobody"),
        ("active~no", "Active is no"),
    ],
)
def test_a_condition_is_said_in_words(make, as_user, condition, said):
    assert list(chips(as_user(make.bob).get(f"/accounts?where={condition}").text)) == [said]


@pytest.mark.parametrize(
    "condition, said",
    [
        ("created_at~past~0", "Date de création est aujourd’hui"),
        ("created_at~past~1", "Date de création est dans le dernier jour"),
        ("updated_at~older~0", "Date de modification est avant aujourd’hui"),
    ],
)
def test_french_tells_no_days_from_one_and_dates_from_what_was_created(
    make, as_user, condition, said
):
    client = as_user(make.user("dora", "manager", locale="fr"))

    assert list(chips(client.get(f"/accounts?where={condition}").text)) == [said]


@pytest.mark.parametrize("headers", [{}, htmx("div#drawer-body")], ids=["plain", "htmx"])
def test_the_builder_shows_the_filter_of_the_list(make, as_user, headers):
    where = "billing_city~any~Lyon~Graz;credit_limit~between~10~20"

    text = as_user(make.bob).get(f"{BUILDER}?where={where}", headers=headers).text

    assert re.search(r"<textarea[^>]*>Lyon\nGraz</textarea>", text)
    assert re.findall(r'value="(\d+)"[^>]*inputmode="decimal"', text) == ["10", "20"]
    assert '<option value="between" selected>' in text


@pytest.mark.parametrize(
    "locale, typed, kept",
    [
        ("fr", "1.250,50", "1250.50"),
        ("fr", "1\u00a0250,5", "1250.50"),
        ("fr", "1\u202f250,50", "1250.50"),
        ("fr", "1,250", "1.25"),
        ("en", "1,250", "1250.00"),
    ],
)
def test_a_number_is_read_as_its_reader_writes_it(make, as_user, locale, typed, kept):
    client = as_user(make.user("dora", "manager", locale=locale))

    answer = client.post(BUILDER, data={**row("0-0", "credit_limit", "gt", typed), "do": "show"})

    assert answer.status_code == 303
    asked = parse_qs(urlsplit(answer.location).query)
    assert asked == {"where": [f"credit_limit~gt~{kept}"]}


@pytest.mark.parametrize(
    "locale, typed, kept",
    [
        ("fr", "36 500", "36500"),
        ("fr", "1\u202f000", "1000"),
        ("fr", "1\u00a0000", "1000"),
        ("en", "36,500", "36500"),
        ("en", "7", "7"),
    ],
)
def test_days_are_typed_as_other_numbers(make, as_user, locale, typed, kept):
    client = as_user(make.user("dora", "manager", locale=locale))

    answer = client.post(BUILDER, data={**row("0-0", "created_at", "past", typed), "do": "show"})

    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.location).query) == {"where": [f"created_at~past~{kept}"]}


def test_a_number_is_shown_as_its_reader_types_it(make, as_user):
    client = as_user(make.user("dora", "manager", locale="fr"))
    where = "credit_limit~between~1250.50~2000"

    form = client.get(f"{BUILDER}?where={where}").text
    page = client.get(f"/accounts?where={where}").text

    assert re.findall(r'value="([\d,.]+)"[^>]*inputmode="decimal"', form) == ["1250,50", "2000"]
    assert any("1\u202f250,50 et 2\u202f000" in said for said in chips(page))


@pytest.mark.parametrize(
    "place, field, operator, values, problem",
    [
        ("0-0", "credit_limit", "gt", ["much"], "Enter an amount, like 1250.00."),
        (
            "0-0",
            "credit_limit",
            "between",
            ["1", ""],
            "Enter a value, or take this condition away.",
        ),
        ("0-0", "email", "is", ["nobody"], "Enter a full address, like ann@example.com."),
        ("0-0", "created_at", "past", ["-1"], "Enter a number of days, from 0 to 36,500."),
        ("0-0", "created_at", "past", ["2 2"], "Enter a number of days, from 0 to 36,500."),
        ("0-0", "credit_limit", "gt", ["2 2"], "Enter an amount, like 1250.00."),
        ("0-0", "created_at", "is", ["1066-10-14"], "Enter a date, like 2026-11-22."),
        ("0-0", "billing_city", "is", ["x" * 201], "Look for at most 200 characters"),
        ("0-0", "tags", "any", [], "Enter a value, or take this condition away."),
        ("0-0", "c_gone", "is", ["x"], "Accounts have no field “c_gone” any more."),
        ("0-0", "c_gone", "invented", ["x"], "Accounts have no field “c_gone” any more."),
        ("0-0", "parent_id", "is", ["nobody"], "No account that you see has this number or name."),
        ("0-0", "owner_id", "any", ["77"], "“77” is not in the list."),
    ],
)
def test_what_is_wrong_stands_beside_its_value_and_nothing_typed_is_lost(
    make, as_user, place, field, operator, values, problem
):
    sent = {**row(place, field, operator, *values), **row("0-1", "billing_city", "is", "Lyon")}

    answer = as_user(make.bob).post(BUILDER, data={**sent, "do": "show"})

    assert answer.status_code == 422
    wrong = answer.text.partition('id="accounts-filter-condition-0-0"')[2].partition(
        'id="accounts-filter-condition-0-1"'
    )[0]
    assert problem in wrong
    assert all(value in wrong for value in values)
    assert 'value="Lyon"' in answer.text


def test_a_person_that_is_no_number_of_anybody_is_just_not_chosen(make, as_user):
    sent = row("0-0", "owner_id", "any", "9" * 5_000)

    assert as_user(make.bob).post(BUILDER, data={**sent, "do": "look"}).status_code == 200


def test_more_than_a_filter_takes_is_refused(make, as_user):
    sent = {}
    for number in range(21):
        sent |= row(f"0-{number}", "billing_city", "is", f"Town {number}")

    answer = as_user(make.bob).post(BUILDER, data={**sent, "do": "show"})

    assert answer.status_code == 422
    assert "up to 10 groups and 20 conditions" in answer.text
    assert 'value="Town 20"' in answer.text


@pytest.mark.parametrize(
    "does, rows",
    [
        ("add-0", [2, 1]),
        ("add-1", [1, 2]),
        ("group", [1, 1, 1]),
        ("remove-0-0", [1]),
        ("look", [1, 1]),
    ],
)
def test_buttons_add_and_remove_rows_and_keep_what_was_typed(make, as_user, does, rows):
    sent = {**row("0-0", "billing_city", "is", "Lyon"), **row("1-0", "name", "contains", "Acme")}

    answer = as_user(make.bob).post(BUILDER, data={**sent, "do": does})

    groups = answer.text.split('<fieldset class="filter-group">')[1:]
    assert answer.status_code == 200
    assert [group.count('class="filter-row') for group in groups] == rows
    assert 'value="Acme"' in answer.text
    assert ('value="Lyon"' in answer.text) is (does != "remove-0-0")


def test_another_field_offers_what_can_be_asked_of_it(make, as_user):
    sent = row("0-0", "credit_limit", "contains", "1000")

    text = as_user(make.bob).post(BUILDER, data=sent).text

    offered = re.findall(r'<option value="(\w+)"[^>]*>[^<]*…', text)
    assert offered == ["is", "not", "lt", "le", "gt", "ge", "between"]
    assert 'value="1000"' in text


def test_a_form_without_conditions_leads_to_the_whole_list(make, as_user):
    answer = as_user(make.bob).post(f"{BUILDER}?q=a&where=active~yes", data={"do": "show"})

    assert answer.location == "/accounts?q=a"


@pytest.mark.parametrize(
    "where",
    ["x", "name~is", "name~like~x", "name~is~a~b", "nothing~is~x", r"name~is~a\b", "name~is~a;"],
)
def test_an_address_that_nobody_wrote_is_refused(make, as_user, where):
    client = as_user(make.bob)

    assert client.get("/accounts", query_string={"where": where}).status_code == 422
    assert client.get(BUILDER, query_string={"where": where}).status_code == 200


def test_quick_filters_keep_the_built_filter(make, as_user):
    text = as_user(make.bob).get("/accounts?where=name~is~%3Cb%3E").text

    assert (
        '<input type="hidden" name="where" form="accounts-filter" value="name~is~&lt;b&gt;">'
        in text
    )


def test_a_file_of_the_list_heeds_the_filter(make, as_user, towns):
    text = as_user(make.bob).get("/accounts/list.csv?where=billing_city~any~Lyon~Turin").text

    assert [line.partition(",")[0] for line in text.splitlines()[1:]] == ["A", "C"]


def test_a_record_knows_its_neighbours_in_the_filtered_list(make, as_user, towns):
    account = session.scalar(select(Account.id).where(Account.name == "A"))

    text = as_user(make.bob).get(f"/accounts/{account}?where=billing_city~any~Lyon~Turin").text

    following = session.scalar(select(Account.id).where(Account.name == "C"))
    assert f'href="/accounts/{following}?where=billing_city~any~Lyon~Turin"' in text
