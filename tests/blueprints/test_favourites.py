"""Favourites of the grid: kept, opened by others with their own permissions, changed, deleted."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import session, unit_of_work
from crmapp.models import Favourite, StoredSelection, User
from crmapp.services import users
from tests.blueprints.test_grid_selection import post, shown, tick
from tests.support.web import htmx

pytestmark = pytest.mark.usefixtures("sales")
CUSTOMERS = "/analytics/sales/customers"
BY_NAME = f"{CUSTOMERS}?sort=name&period=ytd"


@pytest.fixture(params=["plain", "htmx"])
def headers(request):
    return htmx("div#drawer-body") if request.param == "htmx" else {}


def keep(client, url=BY_NAME, name="Mine", audience="mine", headers=None):
    """Save a grid as the form does, and return where one is led."""
    path, _, args = url.partition("?")
    sent = {"name": name, "audience": audience}
    answer = client.post(f"{path}/favourites?{args}", data=sent, headers=headers or {})
    assert answer.status_code in (200, 303), answer.text
    return answer.headers.get("Location") or answer.headers["HX-Redirect"]


def opened(client, favourite):
    return client.get(favourite).headers["Location"]


def test_a_saved_grid_opens_by_its_address_as_it_was(make, as_user, headers):
    client = as_user(make.alice)

    favourite = keep(client, headers=headers)

    assert opened(client, favourite).endswith("&sort=name&fav=1")
    grid = client.get(opened(client, favourite)).text
    assert "<span>Mine</span>" in grid
    assert "changed</span>" not in grid


def test_another_sort_marks_it_as_changed_and_it_may_be_saved(make, as_user):
    client = as_user(make.alice)
    favourite = keep(client)

    changed = client.get(opened(client, favourite).replace("sort=name", "sort=-name")).text
    client.post(f"{CUSTOMERS}/favourites/1?sort=-name&period=ytd")

    assert "changed</span>" in changed
    assert "Save the changes" in changed
    assert "sort=-name" in opened(client, favourite)


def test_turning_pages_and_ticking_rows_changes_no_favourite(make, as_user):
    client = as_user(make.alice)
    grid = opened(client, keep(client))

    ticked = tick(client, grid, "C034")

    text = client.get(ticked).text
    assert "fav=1" in ticked
    assert "changed</span>" not in text


@pytest.mark.parametrize(
    "audience, finds",
    [("mine", {"bob"}), ("team", {"bob", "rita"}), ("everyone", {"bob", "rita", "mallory"})],
)
def test_a_favourite_is_found_by_its_audience_alone(make, as_user, audience, finds):
    bob = make.bob
    users.add(name="Rita", email="r@crm.example", role="rep", teams=["North"], by=None)
    team = f"team:{bob.teams[0].id}" if audience == "team" else audience
    keep(as_user(bob), name="Norths", audience=team)

    found = {
        name
        for name in ("bob", "rita", "mallory")
        if as_user(_person(name, make)).get("/analytics/favourites/1").status_code == 303
    }

    listing = {
        name
        for name in ("bob", "rita", "mallory")
        if "Norths" in as_user(_person(name, make)).get("/analytics").text
    }
    assert found == listing == finds


def _person(name, make):
    if name == "rita":
        return session.scalars(select(User).where(User.name == "Rita")).one()
    return getattr(make, name)


def test_each_reader_sees_the_figures_that_are_open_to_her(make, as_user):
    make.customer(make.account("Hers", owner_id=make.mallory.id), "C034")
    keep(as_user(make.alice), url=CUSTOMERS, audience="everyone")
    mallory = as_user(make.mallory)

    keys, _ticked, _count = shown(mallory, opened(mallory, "/analytics/favourites/1"))

    assert keys == ["C034"]


def test_a_focus_is_lent_with_the_favourite_and_nobody_changes_it(make, as_user):
    alice, carol = as_user(make.alice), as_user(make.carol)
    ticked = tick(alice, CUSTOMERS, "C034", "C056")
    focused = post(
        alice, ticked.replace("/customers", "/customers/selection"), act="focus", into="customers"
    )
    keep(alice, url=focused, audience="everyone")

    grid = opened(carol, "/analytics/favourites/1")
    keys, _ticked, _count = shown(carol, grid)

    assert sorted(keys) == ["C034", "C056"]
    lent = session.scalars(
        select(StoredSelection.id).where(StoredSelection.favourite_id == 1)
    ).one()
    refused = carol.post(f"{CUSTOMERS}/selection?sel={lent}", data={"act": "tick", "key": "C034"})
    assert refused.status_code == 404


def test_the_selections_of_others_stay_their_own(make, as_user):
    ticked = tick(as_user(make.alice), CUSTOMERS, "C034")

    assert as_user(make.carol).get(ticked).status_code == 404


def test_what_was_focused_by_a_deleted_favourite_still_answers(make, as_user):
    alice, carol = as_user(make.alice), as_user(make.carol)
    ticked = tick(alice, CUSTOMERS, "C034")
    focused = post(
        alice, ticked.replace("/customers", "/customers/selection"), act="focus", into="customers"
    )
    keep(alice, url=focused, audience="everyone")
    grid = opened(carol, "/analytics/favourites/1")

    alice.post("/analytics/favourites/1/deletion")

    assert carol.get("/analytics/favourites/1").status_code == 404
    assert shown(carol, grid)[0] == ["C034"]


def test_a_favourite_outlives_its_maker(make, as_user):
    keep(as_user(make.bob), name="Kept", audience="everyone")

    as_user(make.alice).post(f"/admin/users/{make.bob.id}", data={"role": "rep"})

    assert "Kept" in as_user(make.carol).get("/analytics").text


@pytest.mark.parametrize(
    "sent, says",
    [
        ({"name": " ", "audience": "mine"}, "Enter a name of at most 80 characters."),
        ({"name": "x" * 81, "audience": "mine"}, "Enter a name of at most 80 characters."),
        ({"name": "MINE", "audience": "mine"}, "You have a favourite with this name already."),
        ({"name": "New", "audience": "team:1"}, "Choose who finds it."),
        ({"name": "New", "audience": "world"}, "Choose who finds it."),
    ],
)
def test_a_refused_favourite_keeps_what_was_typed(make, as_user, headers, sent, says):
    client = as_user(make.carol)
    keep(client)

    answer = client.post(f"{CUSTOMERS}/favourites", data=sent, headers=headers)

    assert answer.status_code == 422
    assert says in answer.text
    assert f'value="{sent["name"]}"' in answer.text
    assert len(session.scalars(select(Favourite)).all()) == 1


def test_the_form_sent_twice_keeps_one(make, as_user, headers):
    client = as_user(make.alice)
    sent = {"name": "Once", "audience": "mine", "idempotency_key": "k"}

    for _ in range(2):
        client.post(f"{CUSTOMERS}/favourites", data=sent, headers=headers)

    assert len(session.scalars(select(Favourite)).all()) == 1


def test_its_maker_renames_and_shares_it(make, as_user, headers):
    client = as_user(make.bob)
    keep(client)
    sent = {"name": "Ours", "audience": "everyone"}

    assert 'value="Mine"' in client.get("/analytics/favourites/1/edit", headers=headers).text
    client.post("/analytics/favourites/1", data=sent, headers=headers)

    assert "Ours" in as_user(make.carol).get("/analytics").text


@pytest.mark.parametrize("address", ["/edit", "/deletion", ""])
def test_who_finds_anothers_favourite_may_not_change_it(make, as_user, headers, address):
    keep(as_user(make.bob), audience="everyone")
    carol = as_user(make.carol)
    method = "GET" if address == "/edit" else "POST"

    answer = carol.open(f"/analytics/favourites/1{address}", method=method, headers=headers)

    assert answer.status_code == 403
    assert "settings.manage" in answer.text
    assert as_user(make.bob).get("/analytics/favourites/1").status_code == 303


def test_what_one_does_not_find_is_not_there(make, as_user, headers):
    keep(as_user(make.bob))
    mallory = as_user(make.mallory)

    answers = [
        mallory.get("/analytics/favourites/1", headers=headers),
        mallory.get("/analytics/favourites/1/edit", headers=headers),
        mallory.post("/analytics/favourites/1", data={"name": "x"}, headers=headers),
        mallory.post(f"{CUSTOMERS}/favourites/1", headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert "Favourites" in mallory.get(f"{CUSTOMERS}?fav=1").text


def test_a_favourite_whose_columns_are_gone_says_so(make, as_user):
    keep(as_user(make.alice))
    with unit_of_work():
        session.get_one(Favourite, 1).args = {"sort": "gone"}

    answer = as_user(make.alice).get("/analytics/favourites/1")

    assert answer.status_code == 422
    assert "sort is none of those that can be used" in answer.text
