"""The form in which each person arranges what Salesforce holds of accounts for herself."""

import re

import pytest

from crmapp.services import integrations, own_details
from crmapp.services.integrations import Options
from tests.support.web import htmx

CHOSEN = ["OwnerId", "Phone", "Site"]
DRAWER = htmx("div#accounts-arrangement")


@pytest.fixture(autouse=True)
def chosen(make):
    integrations.save(Options(True, tuple(CHOSEN)), seen=0, by=make.alice)


@pytest.fixture
def address(make):
    return f"/accounts/{make.account('Acme').id}/salesforce/arrangement"


def order(text):
    return re.findall(r'name="field" value="(\w+)"', text)


def ticked(text):
    return re.findall(r'name="shown" value="(\w+)" checked', text)


def seen_by(person):
    return [line.name for line in own_details.lines(by=person) if line.shown]


@pytest.mark.parametrize("name", ["alice", "bob", "carol"])
@pytest.mark.parametrize("headers", [{}, htmx("div#drawer-body")])
def test_everybody_who_sees_accounts_arranges_for_herself(make, as_user, address, name, headers):
    client = as_user(getattr(make, name))
    text = client.get(address, headers=headers).text
    assert (order(text), ticked(text)) == (CHOSEN, CHOSEN)
    assert ("<html" in text) is not bool(headers)

    form = {"field": ["Site", "OwnerId", "Phone"], "shown": ["Site", "Phone"]}
    answer = client.post(address, data=form, headers=headers)

    assert (answer.headers.get("HX-Redirect") or answer.location).endswith("/salesforce")
    assert seen_by(getattr(make, name)) == ["Site", "Phone"]


@pytest.mark.parametrize("method", ["get", "post"])
def test_not_on_accounts_of_others_nor_for_visitors_nor_without_the_tab(
    make, as_user, client, address, method
):
    hidden = make.account("Secret", owner_id=make.mallory.id)
    assert getattr(client, method)(address).status_code == 302
    path = f"/accounts/{hidden.id}/salesforce/arrangement"
    assert getattr(as_user(make.bob), method)(path).status_code == 404

    integrations.save(Options(False, tuple(CHOSEN)), seen=1, by=make.alice)

    assert getattr(as_user(make.bob), method)(address).status_code == 404


@pytest.mark.parametrize("headers", [{}, DRAWER])
@pytest.mark.parametrize(
    "button, name, place, moved",
    [
        ("up", "Phone", 1, ["Phone", "OwnerId", "Site"]),
        ("down", "Phone", 3, ["OwnerId", "Site", "Phone"]),
        ("up", "OwnerId", 1, ["OwnerId", "Phone", "Site"]),
    ],
)
def test_a_button_moves_a_detail_keeps_the_ticks_and_saves_nothing(
    make, as_user, address, headers, button, name, place, moved
):
    form = {"field": CHOSEN, "shown": ["Site"], button: name}

    text = as_user(make.bob).post(address, data=form, headers=headers, follow_redirects=True).text

    assert (order(text), ticked(text)) == (moved, ["Site"])
    assert f"stands at place {place} of 3. Not saved yet." in text
    assert seen_by(make.bob) == CHOSEN


def test_a_detail_that_was_dropped_says_where_it_stands(make, as_user, address):
    form = {"field": ["Site", "OwnerId", "Phone"], "shown": CHOSEN, "dropped": "Site"}

    text = as_user(make.bob).post(address, data=form, headers=DRAWER).text

    assert order(text) == ["Site", "OwnerId", "Phone"]
    assert "Site stands at place 1 of 3. Not saved yet." in text


def test_what_is_not_saved_has_an_address_that_back_leads_to(make, as_user, address):
    client = as_user(make.bob)

    answer = client.post(address, data={"field": CHOSEN, "shown": ["Site"], "up": "Site"})

    assert answer.status_code == 303
    assert "csrf" not in answer.location
    assert order(client.get(answer.location).text) == ["OwnerId", "Site", "Phone"]


def test_reset_is_there_for_who_has_arranged_and_gives_it_up(make, as_user, address):
    client = as_user(make.bob)
    assert 'name="reset"' not in client.get(address).text
    client.post(address, data={"field": CHOSEN, "shown": ["Site"]})
    assert 'name="reset"' in client.get(address).text

    client.post(address, data={"field": CHOSEN, "shown": ["Site"], "reset": "1"})

    assert seen_by(make.bob) == CHOSEN


@pytest.mark.parametrize("headers", [{}, DRAWER])
@pytest.mark.parametrize("forged", ["AnnualRevenue", "Id FROM User--", ""])
def test_a_forged_name_is_refused(make, as_user, address, headers, forged):
    form = {"field": [*CHOSEN, forged], "shown": ["Site", forged]}

    answer = as_user(make.bob).post(address, data=form, headers=headers)

    assert answer.status_code == 422
    assert "Look at them again" in answer.text
    assert (order(answer.text), ticked(answer.text)) == (CHOSEN, ["Site"])
    assert seen_by(make.bob) == CHOSEN
