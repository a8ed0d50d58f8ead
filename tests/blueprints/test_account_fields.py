"""The fields of this installation in the forms and pages of an account."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import event, select

from crmapp.db import db, session
from crmapp.models import Account
from crmapp.services import accounts
from tests.support.web import htmx

KINDS = {
    "text": "some words",
    "long_text": "two\nlines",
    "number": "12.5",
    "money": "1250.00",
    "date": "2026-11-22",
    "yes_no": "y",
    "pick_list": "fax",
    "multi_pick_list": ["fax", "letter"],
    "url": "https://example.com",
    "email": "ann@example.com",
    "phone": "+33 1 23 45",
    "account": "C9",
}


@pytest.fixture
def every_kind(make):
    """Give the installation a field of each kind, and return what a form sends for them."""
    lists = {"pick_list": "contact_method", "multi_pick_list": "contact_method"}
    for kind in KINDS:
        make.field(f"My {kind}", kind=kind, pick_list=lists.get(kind))
    make.account("Partner & Co", number="C9")
    return {f"c_my_{kind}": typed for kind, typed in KINDS.items()}


def test_each_kind_is_entered_shown_and_offered_for_change(as_user, make, every_kind):
    alice = as_user(make.alice)

    made = alice.post("/accounts", data={"name": "Acme", **every_kind})
    page = alice.get(made.headers["Location"])
    form = alice.get(made.headers["Location"] + "/edit")

    assert made.status_code == 303
    for shown in ("some words", "1,250.00", "12.5", "Nov 22, 2026", "Fax", "Letter", "Partner"):
        assert shown in page.text
    assert 'value="C9"' in form.text
    assert form.text.count('<option selected value="fax">') == 1
    ticked = r'<input checked [^>]*name="c_my_multi_pick_list"[^>]*value="(\w+)"'
    assert sorted(re.findall(ticked, form.text)) == ["fax", "letter"]
    assert 'type="date" value="2026-11-22"' in form.text


def test_what_is_wrong_is_said_at_each_field_and_nothing_typed_is_lost(as_user, make, every_kind):
    wrong = {name: "x" * 10_000 for name in every_kind if name != "c_my_long_text"}
    wrong["c_my_yes_no"] = ""

    answer = as_user(make.alice).post("/accounts", data={"name": "Acme", **wrong})

    assert answer.status_code == 422
    assert answer.text.count('aria-invalid="true"') == len(wrong) - 1
    assert answer.text.count("x" * 10_000) >= 7


def test_a_form_that_was_open_when_a_field_was_retired_shows_what_was_typed_there(as_user, make):
    make.field("Old")
    account_id = accounts.create({"name": "Acme", "c_old": "as it was"}, by=make.alice)
    make.field("Old", retired=True)
    alice = as_user(make.alice)

    sent = {"name": "Acme 2", "c_old": "typed meanwhile", "version": "1"}
    told = alice.post(f"/accounts/{account_id}", data=sent)
    del sent["c_old"]  # the form that she was shown has no such field
    saved = alice.post(f"/accounts/{account_id}", data=sent)

    account = make.again(Account, account_id)
    assert (told.status_code, saved.status_code) == (409, 303)
    assert "A field was retired while you were filling in this form" in told.text
    assert "typed meanwhile" in told.text
    assert 'value="Acme 2"' in told.text
    assert 'name="c_old"' not in told.text
    assert (account.name, account.custom) == ("Acme 2", {"c_old": "as it was"})


def test_what_nobody_changed_in_a_field_that_was_retired_stops_no_form(as_user, make):
    make.field("Old")
    account_id = accounts.create({"name": "Acme", "c_old": "as it was"}, by=make.alice)
    make.field("Old", retired=True)

    sent = {"name": "Acme 2", "c_old": "as it was", "version": "1"}
    answer = as_user(make.alice).post(f"/accounts/{account_id}", data=sent)

    assert answer.status_code == 303
    assert make.again(Account, account_id).name == "Acme 2"


def test_a_new_account_in_a_form_with_a_field_that_was_retired_is_not_lost(as_user, make):
    make.field("Old", retired=True)

    answer = as_user(make.bob).post("/accounts", data={"name": "Acme", "c_old": "typed"})

    assert answer.status_code == 409
    assert "typed" in answer.text
    assert 'value="Acme"' in answer.text


def test_a_value_of_a_field_that_was_retired_is_not_taken_where_it_stands(as_user, make):
    make.field("Old")
    account_id = accounts.create({"name": "Acme", "c_old": "as it was"}, by=make.alice)
    make.field("Old", retired=True)

    sent, address = {"c_old": "typed", "version": "1"}, f"/accounts/{account_id}/values/c_old"

    answer = as_user(make.alice).post(address, data=sent, headers=htmx("div#account-1-c_old"))

    assert (answer.status_code, answer.headers["HX-Reswap"]) == (422, "none")
    assert "This field was retired while you were typing." in answer.text


def test_a_form_of_two_hundred_fields_is_a_form(as_user, make):
    for number in range(200):
        make.field(f"Field {number}", kind="multi_pick_list", pick_list="contact_method")

    alice, asked = as_user(make.alice), []

    def listen(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    answer = alice.get("/accounts/new")
    event.remove(db.engine, "before_cursor_execute", listen)

    assert len(set(re.findall(r'name="c_field_\d+"', answer.text))) == 200
    sent = {"name": "Acme", **{f"c_field_{number}": ["fax", "letter"] for number in range(200)}}
    assert alice.post("/accounts", data=sent).status_code == 303
    held = session.scalars(select(Account.custom).where(Account.name == "Acme")).one()
    assert [*held.values()] == [["fax", "letter"]] * 200
    assert len([query for query in asked if "FROM pick_list_value" in query]) < 20


def test_the_page_about_fields_has_them_in_the_readers_language(as_user, make):
    make.field("Zone", label_fr="Zone de livraison", help_fr="Où l’on livre.", required=True)
    dora = make.user("dora", "manager", locale="fr")

    page = as_user(dora).get("/accounts/fields")

    assert "Zone de livraison" in page.text
    assert "Où l’on livre." in page.text


class TestInTheList:
    @pytest.fixture
    def alice(self, make, as_user):
        """Sign alice in to an installation with a number and a list of its own, and an account."""
        shown = {"filterable": True, "listed": True}
        make.field("Seats", label_fr="Places", kind="number", **shown)
        make.field("How", kind="multi_pick_list", pick_list="contact_method", **shown)
        make.field("Group", kind="account", **shown)
        secret = accounts.create({"name": "Secret"}, by=make.alice)
        typed = {"name": "Acme", "c_seats": "1250.5", "c_how": "fax, letter", "c_group": "Secret"}
        accounts.create(typed, by=make.alice)
        accounts.update(secret, {"owner_id": str(make.mallory.id)}, 1, by=make.alice)
        return as_user(make.alice)

    def test_a_column_shows_what_people_read(self, alice):
        page = alice.get("/accounts")

        assert '<td class="num">1,250.5</td>' in page.text
        assert "<td>Fax, Letter</td>" in page.text
        assert re.search(r'<td><a href="/accounts/\d+">Secret</a></td>', page.text)
        assert "sort=c_seats" in page.text
        assert "sort=c_how" not in page.text
        assert "sort=c_group" not in page.text

    def test_a_name_that_the_reader_may_not_see_is_not_shown(self, alice, make, as_user):
        page = as_user(make.bob).get("/accounts")

        assert "Acme" in page.text
        assert "Secret" not in page.text

    def test_a_filter_is_a_chip_that_can_be_taken_away_and_stays_while_one_searches(self, alice):
        page = alice.get("/accounts?c_how=fax&c_seats=1000..&sort=-c_seats")

        assert "<span>How: Fax</span>" in page.text
        assert 'href="/accounts?sort=-c_seats&amp;c_seats=1000.."' in page.text
        assert '<input type="hidden" name="c_how" form="accounts-filter" value="fax">' in page.text
        assert "Acme" in page.text

    def test_filters_are_chosen_on_a_page_that_keeps_the_others(self, alice):
        page = alice.get("/accounts/filters?q=acme&c_how=fax")

        assert 'action="/accounts/filters?q=acme"' in page.text
        assert '<option value="fax" selected>Fax</option>' in page.text
        assert 'name="c_seats"' in page.text

    @pytest.mark.parametrize(
        "locale, typed, asked",
        [
            ("fr", "1.250,50", "1250.5"),
            ("fr", "1\u00a0250,5..", "1250.5.."),
            ("fr", "1,250..1.300,75", "1.25..1300.75"),
            ("fr", "..1\u202f250,5", "..1250.5"),
            ("fr", "none", "none"),
            ("fr", "many", "many"),
            ("en", "1,250..2,000.5", "1250..2000.5"),
        ],
    )
    def test_an_address_has_numbers_as_programs_write_them_whoever_types(
        self, alice, make, as_user, locale, typed, asked
    ):
        client = as_user(make.user("dora", "manager", locale=locale))

        answer = client.post("/accounts/filters?q=acme", data={"c_seats": typed, "c_how": "fax"})

        assert answer.status_code == 303
        query = parse_qs(urlsplit(answer.location).query)
        assert query == {"q": ["acme"], "c_seats": [asked], "c_how": ["fax"]}

    @pytest.mark.parametrize("locale, seats", [("fr", "1250,5..2000"), ("en", "1250.5..2000")])
    def test_a_filter_by_numbers_is_shown_as_its_reader_types_it(
        self, alice, make, as_user, locale, seats
    ):
        client = as_user(make.user("dora", "manager", locale=locale))

        form = client.get("/accounts/filters?c_seats=1,250.5..2000").text
        page = client.get("/accounts?c_seats=1,250.5..2000").text

        assert f'name="c_seats" value="{seats}"' in form
        assert f": {seats}</span>" in page.replace("\u00a0:", ":")

    @pytest.mark.parametrize("query", ["c_seats=many", "c_nothing=1", "sort=c_how"])
    def test_what_cannot_be_asked_is_422(self, alice, query):
        assert alice.get(f"/accounts?{query}").status_code == 422

    def test_a_file_has_the_columns_too(self, alice):
        lines = alice.get("/accounts/list.csv?c_how=fax").text.splitlines()

        assert lines[0].endswith("Team,Seats,How,Group,Active")
        assert lines[1].endswith(',1250.5,"Fax, Letter",Secret,Yes')

    def test_a_workbook_is_made(self, alice):
        assert alice.get("/accounts/list.xlsx").status_code == 200
