"""Views of the accounts over time: pinned, counted, with conditions that no longer apply."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import delete, select, update

from crmapp.db import session, unit_of_work
from crmapp.models import SavedView, Team, User
from crmapp.services import custom_fields
from tests.blueprints.test_account_list_pages import chips
from tests.blueprints.test_saved_views import is_changed, keep, names, opened, shown
from tests.support.web import htmx


def counts(client, address="/accounts/views/counts?every=1"):
    """Return view → what its place in the menu says."""
    text = client.get(address, headers=htmx("div#accounts-views")).text
    found = re.findall(r'hx-target="#accounts-menu-(\d+)-count"[^>]*>([^<]*)', text)
    return {int(view): said for view, said in found}


def pin(client, view="1"):
    return client.post("/accounts/views/default", data={"view": view})


# --- the view that opens first ----------------------------------------------------------------


def test_a_pinned_view_opens_where_nothing_is_asked(make, as_user):
    client = as_user(make.bob)
    keep(client, "/accounts?location=Lyon")

    pin(client)

    assert opened(client, "/accounts") == "/accounts?view=1.1&location=Lyon"
    assert as_user(make.mona).get("/accounts").status_code == 200


def test_all_accounts_have_an_address_of_their_own(make, as_user):
    make.account("Other", location="Graz")
    client = as_user(make.bob)
    keep(client, "/accounts?location=Lyon")
    pin(client)

    page = shown(client, "/accounts")
    everything = client.get("/accounts?view=all")

    assert 'href="/accounts?view=all"' in page
    assert everything.status_code == 200
    assert "Other" in names(everything.text)


def test_taking_the_last_filter_away_opens_no_pinned_view(make, as_user):
    client = as_user(make.bob)
    keep(client, "/accounts?location=Lyon")
    pin(client)

    without = chips(client.get("/accounts?active=yes").text)["Active"]

    assert without == "/accounts?view=all"
    assert client.get(without).status_code == 200


def test_a_pin_is_taken_away_again(make, as_user):
    client = as_user(make.bob)
    keep(client)
    pin(client)

    client.post("/accounts/views/default")

    assert client.get("/accounts").status_code == 200


def test_a_pinned_view_that_was_deleted_says_so_and_shows_all_accounts(make, as_user):
    make.account("Other", location="Graz")
    keep(as_user(make.mona), audience="everyone")
    bob = as_user(make.bob)
    pin(bob)
    as_user(make.mona).post("/accounts/views/1/deletion")

    text = bob.get("/accounts").text
    bob.post("/accounts/views/default")

    assert "The view that opened first is not open to you any more" in text
    assert "Other" in names(text)
    assert "not open to you any more" not in bob.get("/accounts").text


def test_who_deletes_her_first_view_begins_with_all_accounts(make, as_user):
    client = as_user(make.bob)
    keep(client)
    pin(client)

    client.post("/accounts/views/1/deletion")

    assert session.get_one(User, make.bob.id).default_view is None


# --- counts -----------------------------------------------------------------------------------


def test_each_view_is_counted_for_its_reader(make, as_user):
    make.account("Of Bob", location="Lyon", owner_id=make.bob.id)
    make.account("Of Mallory", location="Lyon", owner_id=make.mallory.id)
    keep(as_user(make.mona), "/accounts?location=Lyon", audience="everyone")
    keep(as_user(make.mona), "/accounts?owner=me", name="My own", audience="everyone")

    assert counts(as_user(make.mona)) == {1: "2", 2: "0"}
    assert counts(as_user(make.bob)) == {1: "1", 2: "1"}


def test_a_view_that_cannot_be_counted_leaves_the_others(make, as_user):
    field = make.field("Zone", filterable=True)
    client = as_user(make.bob)
    keep(client, f"/accounts?{field.name}=north", name="A")
    keep(client, "/accounts?location=Lyon", name="B")
    custom_fields.retire(field.id, by=make.alice)

    assert counts(client) == {1: "–", 2: "0"}


def test_a_very_large_view_is_counted_as_far_as_people_care_to_know(make, as_user, monkeypatch):
    monkeypatch.setattr("crmapp.services.account_list.COUNT_UP_TO", 2)
    monkeypatch.setattr("crmapp.services.account_list._many", {})  # of this test alone
    for number in range(3):
        make.account(f"Firm {number}", location="Lyon")
    client = as_user(make.bob)
    keep(client, "/accounts?location=Lyon")

    assert counts(client) == {1: "2+"}


def test_only_views_that_stand_beside_each_other_are_counted_with_the_list(make, as_user):
    client = as_user(make.bob)
    for number in range(8):
        keep(client, name=f"View {number}")

    at_once, all_ = counts(client, "/accounts/views/counts"), counts(client)

    assert list(at_once) == [1, 2, 3, 4, 5]
    assert len(all_) == 8


def test_the_open_view_stands_beside_the_others_wherever_it_is(make, as_user):
    client = as_user(make.bob)
    for number in range(8):
        keep(client, name=f"View {number}")

    text = shown(client, "/accounts?view=8")

    strip = text.partition('id="accounts-views"')[2].partition("</nav>")[0]
    assert '<a href="/accounts?view=8" aria-current="page"' in strip
    assert strip.count("view-name") == 5


# --- conditions that no longer apply ----------------------------------------------------------


def test_a_view_whose_field_was_retired_opens_and_says_what_it_goes_without(make, as_user):
    make.account("Firm", location="Lyon")
    field = make.field("Zone", filterable=True)
    client = as_user(make.bob)
    keep(client, f"/accounts?location=Lyon&{field.name}=north&sort=-{field.name}")
    custom_fields.retire(field.id, by=make.alice)

    text = shown(client)

    assert names(text) == ["Firm"]
    assert "Part of this view no longer applies" in text
    assert "Order: Zone, descending · Zone: north" in text
    assert not is_changed(text)


def test_a_list_that_was_open_when_its_field_was_retired_opens_its_view_anew(make, as_user):
    field = make.field("Zone", filterable=True)
    client = as_user(make.bob)
    keep(client, f"/accounts?location=Lyon&{field.name}=north")
    address = opened(client)
    custom_fields.retire(field.id, by=make.alice)

    assert opened(client, address) == "/accounts?view=1"


def test_a_value_that_was_deleted_is_a_condition_less(make, as_user):
    make.pick_list("zones")
    make.value("zones", "north")
    field = make.field("Zone", kind="pick_list", pick_list="zones", filterable=True)
    client = as_user(make.bob)
    keep(client, f"/accounts?{field.name}=north")
    with unit_of_work():
        session.execute(update(SavedView).values(args=f"{field.name}=gone"))

    text = shown(client)

    assert "Zone: gone" in text
    assert "Part of this view no longer applies" in text


def test_a_view_is_saved_without_what_no_longer_applies(make, as_user):
    field = make.field("Zone", filterable=True)
    client = as_user(make.bob)
    keep(client, f"/accounts?location=Lyon&{field.name}=north")
    custom_fields.retire(field.id, by=make.alice)

    save = re.search(r'action="(/accounts/views/1/question[^"]*)"', shown(client))[1]
    client.post(save.replace("&amp;", "&"))

    assert session.get_one(SavedView, 1).args == "location=Lyon"
    assert "no longer applies" not in shown(client)


def test_a_field_that_is_back_applies_again(make, as_user):
    field = make.field("Zone", filterable=True)
    client = as_user(make.bob)
    keep(client, f"/accounts?{field.name}=north")
    custom_fields.retire(field.id, by=make.alice)
    custom_fields.bring_back(field.id, by=make.alice)

    assert opened(client) == f"/accounts?view=1.1&{field.name}=north"


def test_a_view_of_a_team_that_is_gone_shows_nobodys_accounts_instead_of_all(make, as_user):
    make.account("Other")
    with unit_of_work():
        session.add(Team(id=77, name="Gone"))
    client = as_user(make.bob)
    keep(client, "/accounts?team=77")
    with unit_of_work():
        session.execute(delete(Team).where(Team.id == 77))

    text = shown(client)

    assert names(text) == []
    assert "The team that it asks for is no more" in text


@pytest.mark.parametrize("asked", ["view=x", "view=99999999999", "view=1.", "view="])
def test_an_address_that_names_no_view_shows_the_list(make, as_user, asked):
    make.account("Firm")

    text = as_user(make.bob).get(f"/accounts?{asked}").text

    assert "Firm" in names(text)


@pytest.mark.parametrize("asked", ["view=0", "view=1", "view=1.1", "view=9999999999"])
def test_a_view_that_nobody_made_is_not_found(make, as_user, asked):
    assert as_user(make.bob).get(f"/accounts?{asked}").status_code == 404


def test_more_filters_are_filters_of_the_same_view(make, as_user):
    make.field("Zone", filterable=True)
    client = as_user(make.bob)
    keep(client, "/accounts?location=Lyon")

    text = client.get("/accounts/filters?view=1.1&location=Lyon").text

    assert 'action="/accounts/filters?view=1.1&amp;location=Lyon"' in text


def test_the_palette_leads_to_views(make, as_user):
    keep(as_user(make.mona), name="Sleeping giants", audience="everyone")
    view = session.scalars(select(SavedView)).one()

    text = as_user(make.bob).get("/search?q=sleeping").text

    assert f'href="/accounts?view={view.id}"' in text


def test_the_palette_leads_to_a_view_as_soon_as_there_is_one_and_only_who_may_see_it(make, as_user):
    looking = as_user(make.bob)
    looking.get("/search?q=sleeping")
    keep(looking, name="Sleeping giants")

    assert "Sleeping giants" in looking.get("/search?q=sleeping").text
    assert "Sleeping giants" not in as_user(make.mallory).get("/search?q=sleeping").text
