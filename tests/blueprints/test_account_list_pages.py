"""The list of accounts: chips, locations, deleted accounts, neighbours and files."""

from __future__ import annotations

import csv
import io
import re

import pytest
from python_calamine import CalamineWorkbook

from crmapp.services import accounts
from tests.support.web import htmx


def chips(text):
    """Return the chips of a page: what they say, and where each leads."""
    found = re.findall(r'<a class="chip" href="([^"]*)"><span>([^<]*)', text)
    return {said: href.replace("&amp;", "&") for href, said in found}


def neighbours(text):
    """Return where *previous* and *next* lead on a record page."""
    found = re.findall(r'id="neighbour-(prev|next)" rel="\w+" href="([^"]*)"', text)
    return {rel: href.replace("&amp;", "&") for rel, href in found}


# --- filters ----------------------------------------------------------------------------------


def test_each_filter_is_a_chip_that_leads_to_the_list_without_it(make, as_user):
    address = "/accounts?q=acme&active=yes&owner=me&location=Graz&location=Lyon&sort=-number"

    found = chips(as_user(make.bob).get(address).text)

    assert list(found) == [
        "Search: acme", "Active", "Owner: Bob", "Location: Graz", "Location: Lyon",
    ]  # fmt: skip
    assert found["Location: Graz"] == (
        "/accounts?q=acme&active=yes&owner=me&location=Lyon&sort=-number"
    )
    assert found["Search: acme"].startswith("/accounts?active=yes")


def test_all_filters_are_cleared_at_once_and_the_order_stays(make, as_user):
    text = as_user(make.mona).get("/accounts?q=acme&deleted=yes&sort=-number").text

    assert '<a class="clear" href="/accounts?deleted=yes&amp;sort=-number">' in text


def test_several_locations_are_wanted_at_once(make, as_user):
    for location in ("Graz", "Lyon", "Turin"):
        make.account(f"Firm in {location}", location=location)

    text = as_user(make.bob).get("/accounts?location=Graz&location=Turin").text

    assert "Firm in Graz" in text
    assert "Firm in Turin" in text
    assert "Firm in Lyon" not in text


@pytest.mark.parametrize("asked", ["location=" + "x" * 300, "&".join(["location=a"] * 1)])
def test_a_location_is_any_short_text(make, as_user, asked):
    answer = as_user(make.bob).get(f"/accounts?{asked}")

    assert answer.status_code == (422 if "xxx" in asked else 200)


@pytest.mark.parametrize("headers", [{}, htmx("div#accounts-locations")], ids=["plain", "htmx"])
def test_locations_are_offered_as_far_as_their_accounts_are_seen(make, as_user, headers):
    make.account("A", location="Łódź", owner_id=make.bob.id)
    make.account("B", location="Lyon")
    make.account("C", location="Lodève", owner_id=make.mallory.id)

    def offered(person, words):
        text = as_user(person).get(f"/accounts/locations?words={words}", headers=headers).text
        return re.findall(r'name="location" value="([^"]*)"', text)

    assert offered(make.bob, "") == ["Łódź", "Lyon"]
    assert offered(make.bob, "LOD") == ["Łódź"]
    assert offered(make.carol, "lod") == ["Lodève", "Łódź"]


def test_a_chosen_location_stays_chosen_while_one_looks_for_another(make, as_user):
    make.account("B", location="Lyon")

    text = as_user(make.bob).get("/accounts/locations?words=ly&location=Graz").text

    assert re.search(r'value="Graz" checked', text)
    assert re.search(r'value="Lyon">', text)


# --- deleted ----------------------------------------------------------------------------------


def test_deleted_accounts_are_a_view_for_those_who_may_restore(make, as_user):
    account = make.account("Gone")
    accounts.delete(account.id, by=make.mona)

    by_manager = as_user(make.mona).get("/accounts?deleted=yes").text
    by_rep = as_user(make.bob).get("/accounts?deleted=yes").text

    assert f'action="/accounts/{account.id}/restoration"' in by_manager
    assert "Gone" not in by_rep
    assert "Deleted accounts are not open to you" in by_rep
    assert (
        "/accounts?deleted=yes"
        not in by_rep.partition('id="accounts-table"')[0].partition("<main")[2]
    )


def test_a_number_that_was_taken_meanwhile_has_a_way_out(make, as_user):
    account = make.account("Acme", number="C1")
    accounts.delete(account.id, by=make.mona)
    make.account("Usurper", number="C1")
    client = as_user(make.mona)

    refused = client.post(f"/accounts/{account.id}/restoration")
    still_gone = client.get(f"/accounts/{account.id}").text
    client.post(f"/accounts/{account.id}/restoration", data={"without_number": "yes"})
    restored = accounts.get(account.id, by=make.mona)

    assert refused.status_code == 422
    assert "Open Usurper" in refused.text
    assert "This account was deleted" in still_gone
    assert restored.number is None


# --- neighbours -------------------------------------------------------------------------------


def test_a_record_knows_its_neighbours_in_the_list_one_came_from(make, as_user):
    one, two, three = (
        make.account(name, location="Lyon", owner_id=make.bob.id) for name in ("A1", "A2", "A3")
    )
    make.account("A2b", location="Graz", owner_id=make.bob.id)
    asked = "?owner=me&location=Lyon&sort=-name"
    client = as_user(make.bob)

    text = client.get(f"/accounts/{two.id}{asked}").text

    assert neighbours(text) == {
        "prev": f"/accounts/{three.id}{asked}",
        "next": f"/accounts/{one.id}{asked}",
    }
    assert f'href="/accounts{asked.replace("&", "&amp;")}"' in text


def test_the_list_leads_to_its_accounts_with_its_arguments(make, as_user):
    account = make.account("Acme", location="Lyon")

    text = as_user(make.bob).get("/accounts?location=Lyon").text

    assert f'href="/accounts/{account.id}?location=Lyon"' in text


def test_an_account_that_has_left_the_list_still_leads_on(make, as_user):
    one, two, three = (make.account(name, location="Lyon") for name in ("A1", "A2", "A3"))
    accounts.update(two.id, {"location": "Graz"}, 1, by=make.mona)

    text = as_user(make.mona).get(f"/accounts/{two.id}/history?location=Lyon").text

    assert neighbours(text) == {
        "prev": f"/accounts/{one.id}/history?location=Lyon",
        "next": f"/accounts/{three.id}/history?location=Lyon",
    }


# --- files ------------------------------------------------------------------------------------


def test_a_csv_file_holds_what_the_list_shows_in_its_order(make, as_user):
    make.account("=1+1", number="C2", phone="+33 1", owner_id=make.bob.id, active=False)
    make.account("Acme", number="C1", location="Łódź", owner_id=make.bob.id)
    make.account("Other", owner_id=make.mallory.id)

    answer = as_user(make.bob).get("/accounts/list.csv?owner=me&sort=-number")
    head, *rows = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))

    assert head == [
        "Account", "Number", "Location", "Phone", "Primary contact", "Owner", "Team", "Active",
    ]  # fmt: skip
    assert rows == [
        ["'=1+1", "C2", "", "'+33 1", "", "Bob", "", "No"],
        ["Acme", "C1", "Łódź", "", "", "Bob", "", "Yes"],
    ]


def test_a_workbook_holds_the_same(make, as_user):
    make.account("=1+1", number="007", owner_id=make.bob.id)

    answer = as_user(make.bob).get("/accounts/list.xlsx?owner=me")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()

    assert rows[1:] == [["=1+1", "007", "", "", "", "Bob", "", "Yes"]]


def test_a_file_refuses_a_hand_written_address(make, as_user):
    assert as_user(make.bob).get("/accounts/list.csv?sort=password").status_code == 422
