"""Webhooks by the API: added once, told apart from their secrets, switched, changed, deleted."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import AuditEvent, Webhook

SENT = {
    "name": "Hub",
    "url": "https://8.8.8.8/in",
    "events": ["account.updated", "account.created"],
    "fields": ["account.phone", "account.parent"],
}


def test_a_webhook_is_added_read_changed_and_deleted(make, program):
    asks = program(make.alice)

    answer = asks.post("/webhooks", SENT)

    assert answer.status_code == 201, answer.json
    made = answer.json
    assert made["events"] == ["account.created", "account.updated"]
    assert set(made["fields"]) == set(SENT["fields"])
    assert made.pop("secret").startswith("whsec_")
    path = answer.headers["Location"].removeprefix("/api/v1")
    assert asks.get(path).json == made
    assert asks.get("/webhooks").json["items"] == [made]
    changed = asks.patch(path, {"name": "Other"}, version=1)
    assert changed.json == {**made, "name": "Other", "version": 2}
    assert asks.patch(path, {"name": "Late"}, version=1).status_code == 412
    stale, fresh = ({"If-Match": f'"{version}"'} for version in (1, 2))
    assert asks.ask("DELETE", path, headers=stale).status_code == 412
    assert asks.ask("DELETE", path, headers=fresh).status_code == 204
    assert asks.get(path).status_code == 404


def test_sent_twice_with_a_key_it_is_one_webhook_and_its_secret_is_said_once(make, program):
    asks, key = program(make.alice), {"Idempotency-Key": "k-1"}
    reordered = {**SENT, "events": SENT["events"][::-1]}

    first = asks.post("/webhooks", SENT, **key)
    second = asks.post("/webhooks", reordered, **key)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json == {**first.json, "secret": None}
    assert second.headers["Location"] == first.headers["Location"]
    assert session.query(Webhook).count() == 1


def test_a_key_is_refused_with_another_body(make, program):
    asks, key = program(make.alice), {"Idempotency-Key": "k-1"}
    asks.post("/webhooks", SENT, **key)

    answer = asks.post("/webhooks", {**SENT, "url": "https://8.8.4.4/in"}, **key)

    assert answer.status_code == 422
    assert [each["field"] for each in answer.json["errors"]] == ["Idempotency-Key"]
    assert session.query(Webhook).count() == 1


def test_a_key_whose_webhook_was_deleted_makes_no_other(make, program):
    asks, key = program(make.alice), {"Idempotency-Key": "k-1"}
    made = asks.post("/webhooks", SENT, **key)
    asks.ask(
        "DELETE", made.headers["Location"].removeprefix("/api/v1"), headers={"If-Match": '"1"'}
    )

    assert asks.post("/webhooks", SENT, **key).status_code == 404
    assert session.query(Webhook).count() == 0


def test_a_new_secret_is_another_one(make, program):
    asks = program(make.alice)
    made = asks.post("/webhooks", SENT).json

    renewed = asks.post(f"/webhooks/{made['id']}/secret", None)

    assert renewed.json["secret"].startswith("whsec_")
    assert renewed.json["secret"] != made["secret"]


@pytest.mark.parametrize(
    "wrong, field",
    [
        ({"url": "https://10.0.0.8/in"}, "url"),
        ({"url": "http://8.8.8.8/in"}, "url"),
        ({"events": []}, "events"),
        ({"events": "account.created"}, "events"),
        ({"events": [1]}, "events"),
        ({"fields": ["account.no"]}, "fields"),
        ({"name": ""}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"events": ["\ud800"]}, "events"),
        ({"secret": "mine"}, "secret"),
        ({"active": False}, "active"),
    ],
)
def test_what_is_wrong_is_said_at_its_member(make, program, wrong, field):
    answer = program(make.alice).post("/webhooks", {**SENT, **wrong})

    assert answer.status_code == 422
    assert [each["field"] for each in answer.json["errors"]] == [field]
    assert session.query(Webhook).count() == 0


def test_neither_a_token_without_the_scope_nor_a_person_without_the_right_adds_one(make, program):
    assert program(make.alice, "webhooks:read").post("/webhooks", SENT).status_code == 403
    assert program(make.mona).post("/webhooks", SENT).status_code == 403
    assert session.query(Webhook).count() == 0


def test_it_is_switched_off_and_on_and_changed_meanwhile(make, program):
    asks = program(make.alice)
    path = asks.post("/webhooks", SENT).headers["Location"].removeprefix("/api/v1")

    off = asks.patch(path, {"active": False, "name": "Other"}, version=1).json
    on = asks.patch(path, {"active": True}, version=off["version"]).json
    same = asks.patch(path, {"active": True}, version=on["version"]).json

    assert (off["active"], off["name"]) == (False, "Other")
    assert (on["active"], on["version"]) == (True, off["version"] + 1)
    assert same == on
    assert asks.patch(path, {"active": False}, version=1).status_code == 412
    session.rollback()
    noted = session.scalars(select(AuditEvent.kind).where(AuditEvent.about == "webhook")).all()
    assert sorted(noted) == ["webhook_added", "webhook_changed", "webhook_off", "webhook_on"]


def test_one_whose_address_cannot_be_used_any_more_is_switched_off(make, program):
    message = make.message()
    session.query(Webhook).update({"url": "http://127.0.0.1/in"})
    session.commit()
    asks, path = program(make.alice), f"/webhooks/{message.webhook_id}"

    assert asks.patch(path, {"name": "Other"}, version=1).status_code == 422
    assert asks.patch(path, {"active": False}, version=1).json["active"] is False
