"""Contacts, activities, fields and pick lists by the API, and its description."""

from __future__ import annotations

import re

import pytest

from crmapp.blueprints.api.door import OPERATIONS
from crmapp.services import contacts
from tests.support.hostile import HOSTILE

NOTE = {"kind": "note", "happens_at": "2026-06-15T12:00:00+00:00"}


def test_a_contact_is_added_read_and_changed(make, program):
    account, asks = make.account("Acme"), program(make.mona)
    sent = {"first_name": "Nina", "last_name": "Doe", "roles": ["technical"]}

    made = asks.post(f"/accounts/{account.id}/contacts", sent)

    assert made.status_code == 201, made.json
    assert {name: made.json[name] for name in sent} == sent
    assert made.json["account_id"] == account.id
    path = made.headers["Location"].removeprefix("/api/v1")
    assert asks.get(path).json == made.json
    assert asks.patch(path, {"last_name": "Roe"}, version=1).json["last_name"] == "Roe"
    assert asks.patch(path, {"last_name": "Poe"}, version=1).status_code == 412
    assert asks.patch(path, {"last_name": "Poe"}).status_code == 428
    assert contacts.get(made.json["id"], by=make.mona).last_name == "Roe"


def test_contacts_are_listed_a_page_at_a_time_to_those_who_see_their_account(make, program):
    account = make.account("Acme", owner_id=make.bob.id)
    expected = [make.contact(account, f"Doe {number:02}").id for number in range(52)]
    make.contact(make.account("Other", owner_id=make.mallory.id), "Secret")
    asks = program(make.bob)

    first = asks.get("/contacts").json
    second = asks.get(f"/contacts?cursor={first['next']}").json

    assert [each["id"] for each in first["items"] + second["items"]] == expected
    assert second["next"] is None
    assert asks.get("/contacts?q=Secret").json["items"] == []


@pytest.mark.parametrize("path", ["/contacts", "/runs"])
@pytest.mark.parametrize("cursor", ["", "0", "00", "-1", "x"])
def test_a_page_begins_after_a_record_or_at_the_beginning(make, program, path, cursor):
    answer = program(make.mona).get(f"{path}?cursor={cursor}")

    assert answer.status_code == 422
    assert [each["field"] for each in answer.json["errors"]] == ["cursor"]


@pytest.mark.parametrize("active", ["", "both"])
def test_contacts_are_active_or_not(make, program, active):
    answer = program(make.mona).get(f"/contacts?active={active}")

    assert answer.status_code == 422
    assert [each["field"] for each in answer.json["errors"]] == ["active"]


def test_an_activity_is_added_read_and_changed(make, program):
    account, asks = make.account("Acme"), program(make.mona)
    sent = {"kind": "task", "subject": "Prices", "happens_at": "2026-06-15T12:00:00+00:00"}

    made = asks.post(f"/accounts/{account.id}/activities", sent)

    assert made.status_code == 201, made.json
    assert {name: made.json[name] for name in sent} == sent
    assert made.json["owner_id"] == make.mona.id
    path = made.headers["Location"].removeprefix("/api/v1")
    assert asks.get(path).json == made.json
    assert asks.patch(path, {"subject": "Later"}, version=1).json["subject"] == "Later"
    assert asks.patch(path, {"subject": "Never"}, version=1).status_code == 412


def test_activities_are_listed_the_latest_first_a_page_at_a_time(make, program):
    account, asks = make.account("Acme"), program(make.mona)
    made = [make.activity(account, f"Call {number}").id for number in range(52)]
    path = f"/accounts/{account.id}/activities"

    first = asks.get(path).json
    second = asks.get(f"{path}?cursor={first['next']}").json

    assert [each["id"] for each in first["items"] + second["items"]] == made[::-1]
    assert second["next"] is None


@pytest.mark.parametrize("kind", ["contact", "activity"])
def test_what_another_rep_has_is_not_there(make, program, kind):
    account = make.account("Secret", owner_id=make.mallory.id)
    record = make.contact(account) if kind == "contact" else make.activity(account)
    several = {"contact": "contacts", "activity": "activities"}[kind]
    asks = program(make.bob)

    answers = [
        asks.get(f"/{several}/{record.id}"),
        asks.patch(f"/{several}/{record.id}", {}, version=1),
        asks.get(f"/accounts/{account.id}/{several}"),
        asks.post(f"/accounts/{account.id}/{several}", {}),
    ]

    assert [each.status_code for each in answers] == [404] * 4


def test_a_key_is_one_for_each_kind_of_record(make, program):
    account, asks, key = make.account("Acme"), program(make.mona), {"Idempotency-Key": "k1"}
    contact, again = (
        asks.post(f"/accounts/{account.id}/contacts", {"last_name": "Doe"}, **key) for _ in range(2)
    )
    activity = asks.post(f"/accounts/{account.id}/activities", {**NOTE, "subject": "Doe"}, **key)
    other = asks.post(f"/accounts/{account.id}/contacts", {"last_name": "Roe"}, **key)

    assert again.json["id"] == contact.json["id"]
    assert activity.status_code == 201, activity.json
    assert other.status_code == 422


def test_fields_and_pick_lists_are_those_of_the_installation(make, program):
    zone = make.field("Zone")
    make.value("terms", "heir")
    asks = program(make.carol, "setup:read")

    fields = {each["name"]: each for each in asks.get("/fields/account").json["items"]}
    lists = {each["code"]: each for each in asks.get("/pick-lists").json["items"]}

    assert fields[zone.name]["custom"]
    assert fields["terms"]["pick_list"] == "terms"
    assert "heir" in [each["code"] for each in lists["terms"]["values"]]
    assert asks.get("/pick-lists/terms").json == lists["terms"]
    assert asks.get("/pick-lists/nothing").status_code == 404
    assert asks.get("/accounts").status_code == 403


def test_the_description_names_every_address_and_what_is_sent(make, app, program):
    zone = make.field("Zone")
    described = program(make.carol).get("/openapi.json").json

    served = {
        (re.sub(r"<(?:int:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.endpoint.removeprefix("api.") in OPERATIONS
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    schemas = described["components"]["schemas"]
    assert described["openapi"] == "3.1.0"
    assert {(path, method) for path, of in described["paths"].items() for method in of} == served
    assert schemas["NewAccount"]["required"] == ["name"]
    assert schemas["NewAccount"]["properties"][zone.name]["title"] == "Zone"
    named = set(re.findall(r"#/components/schemas/(\w+)", str(described)))
    assert named <= schemas.keys()


@pytest.mark.parametrize("object_", ["account", "contact", "activity"])
def test_a_visitor_is_told_that_there_may_be_fields_but_not_which(
    make, client, as_user, program, object_
):
    zone = make.field("Zone", object=object_, filterable=object_ == "account", required=True)
    path, name = "/api/v1/openapi.json", object_.capitalize()

    to_visitor, again = client.get(path), client.get(path, headers={"Authorization": "Basic eDp5"})
    signed_in, by_token = as_user(make.carol).get(path), program(make.carol).get("/openapi.json")

    assert to_visitor.json == again.json
    assert signed_in.json == by_token.json
    assert zone.name not in to_visitor.text
    assert "Zone" not in to_visitor.text
    assert "may have further members" in to_visitor.json["info"]["description"]
    open_, closed = (
        each.json["components"]["schemas"][f"New{name}"] for each in (to_visitor, signed_in)
    )
    assert (open_["additionalProperties"], closed["additionalProperties"]) == (True, False)
    assert zone.name in closed["required"]
    assert "description" not in signed_in.json["info"]
    assert "Cookie" in to_visitor.headers["Vary"]


def test_a_token_that_is_not_good_is_told_so_at_the_description_too(make, client):
    forged = {"Authorization": "Bearer crm_forged"}

    assert client.get("/api/v1/openapi.json", headers=forged).status_code == 401


def test_an_account_is_as_it_is_described(make, program):
    zone, asks = make.field("Zone"), program(make.mona)
    schema = asks.get("/openapi.json").json["components"]["schemas"]["Account"]

    assert zone.name in schema["properties"]
    shown = asks.get(f"/accounts/{make.account('Acme').id}").json

    assert shown.keys() == schema["properties"].keys()


@pytest.mark.parametrize("path", ["/accounts", "/accounts/{}/contacts", "/accounts/{}/activities"])
def test_nothing_that_is_sent_breaks_it(make, program, path):
    account, asks = make.account("Acme").id, program(make.mona)
    name = {"/accounts": "name"}.get(path, "last_name" if "contacts" in path else "subject")
    base = NOTE if name == "subject" else {}
    values = [*HOSTILE, 1e999, 10**400, True, [], {}, [[]], ["a"], -1]

    answers = [
        asks.post(path.format(account), {**base, name: value, "notes": value}) for value in values
    ]

    assert {each.status_code for each in answers} <= {201, 409, 422}


@pytest.mark.parametrize("argument", ["q", "active", "owner", "cursor", "limit", "where", "sort"])
def test_nothing_that_is_asked_breaks_it(make, program, argument):
    make.account("Acme")
    asks = program(make.mona)

    for path in ("/accounts", "/contacts"):
        for value in HOSTILE:
            answer = asks.get(path, query_string={argument: value})
            assert answer.status_code in (200, 400, 422), (path, value)
