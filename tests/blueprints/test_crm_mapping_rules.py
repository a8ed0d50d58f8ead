"""Who gets new accounts, and the versions of a CRM mapping: typed, ordered, compared, restored."""

from __future__ import annotations

import pytest

from crmapp.db import session, unit_of_work
from crmapp.domain.feeds import Content, Responsible
from crmapp.models import CrmMapping, FeedSource, User
from crmapp.services import crm_mapping_edits
from tests.support.feeds import Erp, mapping, source
from tests.support.pages import flat
from tests.support.web import htmx

HEADERS = {"plain": {}, "htmx": htmx("settings-crm-mapping-rules")}
POSTCODE = "billing_postal_code"


@pytest.fixture(params=["plain", "htmx"])
def headers(request):
    return HEADERS[request.param]


@pytest.fixture
def left(make):
    return source(make, Erp())


@pytest.fixture
def right(make):
    return source(make, Erp(), "Shop")


@pytest.fixture
def rule(make, left, right):
    return mapping(make, left, right)


@pytest.fixture
def bob(make):
    """The number of somebody who sells."""
    return make.bob.id


def kept(rule):
    session.rollback()
    session.expire_all()
    return session.get_one(CrmMapping, rule)


def rules_of(rule):
    return list(Content.from_json(kept(rule).content).responsible)


def form(*rows, version=1, **more):
    columns = list(zip(*rows, strict=True)) or [()] * 4
    names = ("field", "begins", "owner", "team")
    cells = {
        name: [str(cell) for cell in cells] for name, cells in zip(names, columns, strict=True)
    }
    return {"rule": [str(n) for n in range(len(rows))], **cells, "version": str(version), **more}


def send(client, rule, data, headers=None):
    return client.post(f"/admin/crm-mappings/{rule}/rules", data=data, headers=headers or {})


def test_rules_are_saved_in_their_order(make, alice, rule, bob, headers):
    make.value("territory", "NE")
    sent = form(("territory", "NE", bob, ""), (POSTCODE, " 75 ", bob, ""))

    answer = send(alice, rule, sent, headers)

    assert answer.status_code == (200 if headers else 303)
    assert rules_of(rule) == [
        Responsible("territory", "NE", bob),
        Responsible(POSTCODE, "75", bob),
    ]
    page = alice.get(f"/admin/crm-mappings/{rule}/rules").text
    assert '<option value="NE" selected>' in page
    assert 'value="75"' in page
    assert "Not saved yet" not in page


@pytest.mark.parametrize(
    "button, left_over",
    [
        ({"up": "1"}, ["75", "69"]),
        ({"down": "0"}, ["75", "69"]),
        ({"remove": "0"}, ["75"]),
        ({"add": POSTCODE}, ["69", "75", ""]),
    ],
)
def test_a_button_changes_what_is_typed_and_saves_nothing(
    alice, rule, bob, headers, button, left_over
):
    sent = form((POSTCODE, "69", bob, ""), (POSTCODE, "75", "", ""), **button)

    answer = send(alice, rule, sent, headers)

    if not headers:
        assert answer.status_code == 303
        answer = alice.get(answer.headers["Location"])
    assert answer.status_code == 200
    found = [part.partition('"')[0] for part in answer.text.split('-begins" value="')[1:]]
    assert found == left_over
    assert "Not saved yet: press Save." in answer.text
    assert rules_of(rule) == []


def test_many_rules_are_changed_without_an_address_of_their_own(alice, rule, bob):
    sent = form(*[(POSTCODE, str(n), bob, "") for n in range(150)], down="0")

    answer = send(alice, rule, sent)

    assert answer.status_code == 200
    assert "The rule stands at place 2 of 150." in answer.text


@pytest.mark.parametrize(
    "row, says, at",
    [
        ((POSTCODE, " ", "{bob}", ""), "Say which territory", "begins"),
        ((POSTCODE, "7\x005", "{bob}", ""), "Say which territory", "begins"),
        ((POSTCODE, "7" * 81, "{bob}", ""), "Say which territory", "begins"),
        ((POSTCODE, "75", "", ""), "Choose an owner or a team.", "owner"),
        ((POSTCODE, "75", "x", ""), "This person or team is not there any more.", "owner"),
        (("phone", "75", "{bob}", ""), "Say which territory", "begins"),
    ],
)
def test_what_is_wrong_stands_at_its_rule(alice, rule, bob, headers, row, says, at):
    row = [cell.format(bob=bob) for cell in row]
    sent = form((POSTCODE, "69", bob, ""), row)

    answer = send(alice, rule, sent, headers)

    assert answer.status_code == 422
    assert says in answer.text
    assert f'id="rule-1-{at}"' in answer.text.partition('aria-invalid="true"')[0][-300:]
    assert 'value="69"' in answer.text
    assert rules_of(rule) == []


def test_who_comes_second_keeps_what_she_typed_and_sees_what_changed(
    make, alice, rule, left, right, bob, headers
):
    crm_mapping_edits.arrange(rule, [right, left], version=1, by=make.alice)

    answer = send(alice, rule, form((POSTCODE, "75", bob, "")), headers)

    assert answer.status_code == 409
    assert "Your rules stand below, not saved yet" in answer.text
    assert "The order of the sources is: Shop, Our ERP." in answer.text
    assert 'value="75"' in answer.text
    assert 'name="version" value="2"' in answer.text
    assert send(alice, rule, form((POSTCODE, "75", bob, ""), version=2)).status_code == 303
    assert rules_of(rule) == [Responsible(POSTCODE, "75", bob)]


def test_somebody_who_left_stays_in_her_rule_until_it_is_changed(make, alice, rule, bob):
    send(alice, rule, form((POSTCODE, "75", bob, "")))
    with unit_of_work():
        session.get_one(User, bob).active = False

    page = alice.get(f"/admin/crm-mappings/{rule}/rules").text

    assert f'<option value="{bob}" selected>Bob (cannot sign in)</option>' in page
    again = send(alice, rule, form((POSTCODE, "69", bob, ""), version=2))
    assert again.status_code == 422


def test_a_retired_source_hinders_no_rule(make, alice, rule, left, bob):
    with unit_of_work():
        made = session.get_one(FeedSource, left)
        made.retired_at = made.created_at

    answer = send(alice, rule, form((POSTCODE, "75", bob, "")))

    assert answer.status_code == 303


def test_any_two_versions_are_compared(make, alice, rule, left, right):
    crm_mapping_edits.arrange(rule, [right, left], version=1, by=make.alice)
    crm_mapping_edits.remove(rule, left, version=2, by=make.alice)
    place = f"/admin/crm-mappings/{rule}/versions"

    page = flat(alice.get(place))
    text = flat(alice.get(place, query_string={"from": "1", "to": "3"}))

    assert page.index("Version 3") < page.index("Version 2") < page.index("Version 1")
    assert "From version 1 to version 3 “Our ERP” is read no more." in text
    assert alice.get(place, query_string={"from": "1", "to": "9"}).status_code == 404


def test_an_older_version_is_restored_as_a_new_one(make, alice, rule, left, right, headers):
    crm_mapping_edits.remove(rule, right, version=1, by=make.alice)
    place = f"/admin/crm-mappings/{rule}/versions/1/restoration"

    asked = alice.get(place, headers=headers)
    stale = alice.post(place, data={"version": "1"}, headers=headers)
    answer = alice.post(place, data={"version": "2"}, headers=headers)

    assert "It becomes version 3." in asked.text
    assert "“Shop” is read." in asked.text
    assert stale.status_code == 409
    assert answer.status_code == (200 if headers else 303)
    assert kept(rule).version == 3
    sources = Content.from_json(kept(rule).content).sources
    assert [each.source_id for each in sources] == [left, right]
    assert "does the same" in alice.get(place, headers=headers).text
    assert alice.get(place.replace("/1/", "/9/")).status_code == 404


def test_a_version_whose_source_is_retired_names_the_way_back_and_is_not_restored(
    make, alice, rule, right
):
    crm_mapping_edits.remove(rule, right, version=1, by=make.alice)
    with unit_of_work():
        made = session.get_one(FeedSource, right)
        made.retired_at = made.created_at

    place = f"/admin/crm-mappings/{rule}/versions/1/restoration"
    asked = alice.get(place)
    answer = alice.post(place, data={"version": "2"})

    assert f'href="/admin/sources/{right}"' in asked.text
    assert "A source of this version is retired Bring it back first" in flat(asked)
    assert 'name="version"' not in asked.text
    assert answer.status_code == 422
    assert "“Shop”: This source is not there any more." in flat(answer)
    assert kept(rule).version == 2

    alice.post(f"/admin/sources/{right}/reinstatement", data={"version": "1"})
    back = alice.get(place)
    assert "is retired" not in flat(back)
    assert 'name="version"' in back.text
