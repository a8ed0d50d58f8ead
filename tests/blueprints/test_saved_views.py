"""Views of the accounts: kept, opened by others with their own permissions, changed, deleted."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import SavedView, Team, User
from crmapp.services import saved_views, users
from tests.support.web import htmx

LIST = "/accounts?location=Lyon&sort=-number"


@pytest.fixture(params=["plain", "htmx"])
def headers(request):
    return htmx("div#drawer-body") if request.param == "htmx" else {}


def keep(client, url=LIST, name="Lyon", audience="mine", headers=None):
    """Save a list as the form does, and return where one is led."""
    _path, _, args = url.partition("?")
    sent = {"name": name, "audience": audience}
    answer = client.post(f"/accounts/views?{args}", data=sent, headers=headers or {})
    assert answer.status_code in (200, 303), answer.text
    return answer.headers.get("Location") or answer.headers["HX-Redirect"]


def opened(client, address="/accounts?view=1"):
    """Return the address in so many words that a view opens at."""
    answer = client.get(address)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def names(text):
    """Return the accounts of a page."""
    return re.findall(r'<tr id="account-\d+-row">.*?<th scope="row"[^>]*><a [^>]*>([^<]*)', text)


def is_changed(text):
    return ">Changed</span>" in text


def shown(client, address="/accounts?view=1"):
    return client.get(address, follow_redirects=True).text


# --- opened -----------------------------------------------------------------------------------


def test_a_saved_list_opens_by_its_address_as_it_was(make, as_user, headers):
    make.account("Firm", location="Lyon")
    make.account("Other", location="Graz")
    client = as_user(make.bob)

    view = keep(client, headers=headers)

    assert view == "/accounts?view=1"
    assert opened(client, view) == "/accounts?view=1.1&location=Lyon&sort=-number"
    text = shown(client, view)
    assert names(text) == ["Firm"]
    assert not is_changed(text)


@pytest.mark.parametrize("headers", [{}, htmx("div#accounts-table")], ids=["plain", "htmx"])
def test_another_order_marks_it_as_changed_and_it_may_be_saved(make, as_user, headers):
    client = as_user(make.bob)
    keep(client)

    changed = client.get("/accounts?view=1.1&location=Lyon&sort=number", headers=headers).text
    client.post("/accounts/views/1/question?view=1.1&location=Lyon&sort=number")

    assert is_changed(changed)
    assert 'href="/accounts?view=1"' in changed
    assert opened(client) == "/accounts?view=1.2&location=Lyon&sort=number"


def test_the_order_of_filters_and_blank_ones_change_no_view(make, as_user):
    client = as_user(make.bob)
    keep(client, "/accounts?location=Lyon&location=Graz&owner=me")

    text = client.get("/accounts?q=&owner=me&location=Graz&location=Lyon&sort=name&view=1.1").text

    assert not is_changed(text)


def test_a_view_whose_filters_were_all_taken_away_does_not_bring_them_back(make, as_user):
    make.account("Other", location="Graz")
    client = as_user(make.bob)
    keep(client, "/accounts?location=Lyon")
    page = client.get("/accounts?view=1.1&location=Lyon").text

    without = re.search(r'<a class="clear" href="([^"]*)"', page)[1].replace("&amp;", "&")
    text = client.get(without).text

    assert "Other" in names(text)
    assert is_changed(text)


def test_the_links_of_a_list_lead_back_to_its_view(make, as_user):
    account = make.account("Firm", location="Lyon")
    client = as_user(make.bob)
    keep(client)

    record = client.get(f"/accounts/{account.id}?view=1.1&location=Lyon&sort=-number").text

    assert 'href="/accounts?view=1.1&amp;location=Lyon&amp;sort=-number"' in record


def test_next_and_previous_stay_within_the_view(make, as_user):
    one, two = (make.account(name, location="Lyon") for name in ("A1", "A3"))
    make.account("A2", location="Graz")
    client = as_user(make.bob)
    keep(client, "/accounts?location=Lyon")

    row = re.search(rf'<a href="(/accounts/{one.id}[^"]*)"', shown(client))[1]
    record = client.get(row.replace("&amp;", "&")).text

    assert f'rel="next" href="/accounts/{two.id}?view=1.1&amp;location=Lyon"' in record


def test_a_file_of_a_view_has_the_rows_of_its_list(make, as_user):
    make.account("Firm", location="Lyon")
    make.account("Other", location="Graz")

    text = as_user(make.bob).get("/accounts/list.csv?view=1.1&location=Lyon").text

    assert "Firm" in text
    assert "Other" not in text


# --- shared -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "audience, finds",
    [("mine", {"nora"}), ("team", {"nora", "rita"}), ("everyone", {"nora", "rita", "mallory"})],
)
def test_a_view_is_found_by_its_audience_alone(make, as_user, audience, finds):
    users.add(name="Rita", email="r@crm.example", role="rep", teams=["North"], by=None)
    users.add(name="Nora", email="n@crm.example", role="manager", teams=["North"], by=None)
    north = session.scalars(select(Team).where(Team.name == "North")).one().id
    keep(
        as_user(_person("nora", make)), audience=f"team:{north}" if audience == "team" else audience
    )
    finds = {"nora" if name == "mona" else name for name in finds}

    clients = {name: as_user(_person(name, make)) for name in ("nora", "rita", "mallory")}
    opens = {
        name for name, each in clients.items() if each.get("/accounts?view=1").status_code == 303
    }
    listing = {name for name, each in clients.items() if "view=1" in each.get("/accounts").text}

    assert opens == listing == finds


def _person(name, make):
    if name in ("rita", "nora"):
        return session.scalars(select(User).where(User.name == name.title())).one()
    return getattr(make, name)


def test_each_reader_sees_the_accounts_that_are_open_to_her(make, as_user):
    make.account("Of Bob", location="Lyon", owner_id=make.bob.id)
    make.account("Of Mallory", location="Lyon", owner_id=make.mallory.id)
    keep(as_user(make.mona), audience="everyone")

    assert names(shown(as_user(make.bob))) == ["Of Bob"]
    assert names(shown(as_user(make.mallory))) == ["Of Mallory"]


def test_mine_in_a_shared_view_is_what_belongs_to_its_reader(make, as_user):
    make.account("Of Mona", owner_id=make.mona.id)
    make.account("Of Bob", owner_id=make.bob.id)
    keep(as_user(make.mona), "/accounts?owner=me", audience="everyone")

    assert names(shown(as_user(make.mona))) == ["Of Mona"]
    assert names(shown(as_user(make.bob))) == ["Of Bob"]


def test_only_who_looks_after_views_shares_one_with_everyone(make, as_user, headers):
    bob, mona = as_user(make.bob), as_user(make.mona)

    forms = [each.get("/accounts/views/new", headers=headers).text for each in (bob, mona)]
    refused = bob.post(
        "/accounts/views", data={"name": "All", "audience": "everyone"}, headers=headers
    )

    assert ['value="everyone"' in form for form in forms] == [False, True]
    assert refused.status_code == 422
    assert "Choose who finds it." in refused.text


def test_a_view_outlives_its_maker_and_is_taken_over(make, as_user):
    bob, mona, north = make.bob, make.mona, make.bob.teams[0]
    keep(as_user(bob), audience="mine")
    keep(as_user(mona), name="Of Mona", audience="everyone")
    saved_views.describe(1, {"name": "Lyon", "audience": f"team:{north.id}"}, 1, by=bob)
    users.set_active(mona.id, False, by=None)

    before = shown(as_user(bob), "/accounts?view=2")
    as_user(make.alice).post("/accounts/views/2/ownership")

    assert "Mona, who has left" in before
    assert session.get_one(SavedView, 2).user_id == make.alice.id
    assert opened(as_user(bob), "/accounts?view=2")


def test_nobody_takes_over_what_its_maker_works_with(make, as_user):
    keep(as_user(make.mona), audience="everyone")

    by_admin = as_user(make.alice).post("/accounts/views/1/ownership")
    by_rep = as_user(make.bob).post("/accounts/views/1/ownership")

    assert by_admin.status_code == 422
    assert by_rep.status_code == 403
    assert session.get_one(SavedView, 1).user_id == make.mona.id


# --- changed ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent, says",
    [
        ({"name": " ", "audience": "mine"}, "Enter a name of at most 80 characters."),
        ({"name": "x" * 81, "audience": "mine"}, "Enter a name of at most 80 characters."),
        ({"name": "LYON", "audience": "mine"}, "You have a view with this name already."),
        ({"name": "New", "audience": "team:99"}, "Choose who finds it."),
        ({"name": "New", "audience": "world"}, "Choose who finds it."),
    ],
)
def test_a_refused_view_keeps_what_was_typed(make, as_user, headers, sent, says):
    client = as_user(make.bob)
    keep(client)

    answer = client.post("/accounts/views?owner=me", data=sent, headers=headers)

    assert answer.status_code == 422
    assert says in answer.text
    assert f'value="{sent["name"]}"' in answer.text
    assert 'action="/accounts/views?owner=me"' in answer.text
    assert len(session.scalars(select(SavedView)).all()) == 1


def test_a_list_that_cannot_be_asked_is_not_saved(make, as_user):
    answer = as_user(make.bob).post("/accounts/views?active=maybe", data={"name": "x"})

    assert answer.status_code == 422
    assert session.scalars(select(SavedView)).all() == []


def test_the_form_sent_twice_keeps_one(make, as_user, headers):
    client = as_user(make.bob)
    sent = {"name": "Once", "audience": "mine", "idempotency_key": "k"}

    for _ in range(2):
        client.post("/accounts/views?owner=me", data=sent, headers=headers)

    assert len(session.scalars(select(SavedView)).all()) == 1


def test_its_maker_renames_and_shares_it(make, as_user, headers):
    client, team = as_user(make.bob), make.bob.teams[0].id
    keep(client)
    sent = {"name": "Ours", "audience": f"team:{team}", "version": "1"}

    assert 'value="Lyon"' in client.get("/accounts/views/1/edit", headers=headers).text
    client.post("/accounts/views/1", data=sent, headers=headers)

    view = session.get_one(SavedView, 1)
    assert (view.name, view.audience, view.team_id, view.version) == ("Ours", "team", team, 2)


@pytest.mark.parametrize("address", ["/edit", "/deletion", "/question", ""])
def test_who_finds_anothers_view_may_not_change_it(make, as_user, headers, address):
    keep(as_user(make.mona), audience="everyone")
    method = "GET" if address == "/edit" else "POST"
    sent = {"name": "Stolen", "audience": "mine", "version": "1"}

    answer = as_user(make.bob).open(
        f"/accounts/views/1{address}?view=1.1", method=method, data=sent, headers=headers
    )

    assert answer.status_code == 403
    assert "view.share" in answer.text
    assert session.get_one(SavedView, 1).version == 1


def test_what_one_does_not_find_is_not_there(make, as_user, headers):
    keep(as_user(make.bob))
    mallory = as_user(make.mallory)

    answers = [
        mallory.get("/accounts?view=1"),
        mallory.get("/accounts/views/1/edit", headers=headers),
        mallory.get("/accounts/views/1/deletion", headers=headers),
        mallory.post("/accounts/views/1", data={"name": "x"}, headers=headers),
        mallory.post("/accounts/views/1/question?view=1.1", headers=headers),
        mallory.post("/accounts/views/1/deletion", headers=headers),
        mallory.post("/accounts/views/default", data={"view": "1"}, headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [404] * len(answers)


def test_a_deleted_view_leaves_its_list_on_the_screen(make, as_user, headers):
    make.account("Firm", location="Lyon")
    client = as_user(make.bob)
    keep(client)

    assert "Delete Lyon?" in client.get("/accounts/views/1/deletion", headers=headers).text
    client.post("/accounts/views/1/deletion", headers=headers)
    text = client.get("/accounts?view=1.1&location=Lyon").text

    assert names(text) == ["Firm"]
    assert "This view is not open to you any more" in text
    assert client.get("/accounts?view=1").status_code == 404


# --- two at once ------------------------------------------------------------------------------


def test_who_saves_a_view_that_somebody_else_has_changed_is_told_what(make, as_user):
    keep(as_user(make.mona), audience="everyone")
    alice, mona = as_user(make.alice), as_user(make.mona)
    mona.post("/accounts/views/1/question?view=1.1&location=Graz&sort=-number")

    page = alice.get("/accounts?view=1.1&location=Turin&sort=-number").text
    refused = alice.post("/accounts/views/1/question?view=1.1&location=Turin&sort=-number")

    assert "Mona changed this view since you opened it." in page
    assert refused.status_code == 409
    assert [re.findall(r"<li>([^<]*)</li>", refused.text)] == [
        ["Location: Graz", "Location: Turin"]
    ]
    assert session.get_one(SavedView, 1).args == "location=Graz&sort=-number"


def test_who_was_told_saves_hers_all_the_same(make, as_user):
    keep(as_user(make.mona), audience="everyone")
    alice = as_user(make.alice)
    as_user(make.mona).post("/accounts/views/1/question?view=1.1&location=Graz")
    refused = alice.post("/accounts/views/1/question?view=1.1&location=Turin").text

    again = re.search(r'action="(/accounts/views/1/question[^"]*)"', refused)[1]
    alice.post(again.replace("&amp;", "&"))

    assert session.get_one(SavedView, 1).args == "location=Turin"


def test_a_rename_that_comes_too_late_is_shown_again(make, as_user, headers):
    keep(as_user(make.mona), audience="everyone")
    as_user(make.mona).post(
        "/accounts/views/1", data={"name": "Hers", "audience": "everyone", "version": "1"}
    )
    sent = {"name": "His", "audience": "everyone", "version": "1"}

    late = as_user(make.alice).post("/accounts/views/1", data=sent, headers=headers)

    assert late.status_code == 409
    assert "It is called “Hers” now." in late.text
    assert 'value="His"' in late.text
    assert 'name="version" type="hidden" value="2"' in late.text
