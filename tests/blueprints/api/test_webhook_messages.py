"""The messages of webhooks by the API: listed, read, sent again, replayed, and pings."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmapp.db import session, unit_of_work
from crmapp.models import AuditEvent, Delivery, Webhook
from crmapp.services import accounts, webhook_log
from tests.conftest import NOW

PERIOD = {"since": "2026-06-15T00:00:00Z", "until": "2026-06-16T02:00:00+02:00"}


def more(message, count, **values):
    """Put further messages of the same webhook down."""
    with unit_of_work():
        session.add_all(
            Delivery(webhook_id=message.webhook_id, kind="ping", **values) for _ in range(count)
        )


def about(make, object_, record, **values):
    return make.message(
        kind=f"{object_}.updated", object=object_, record_id=record.id, event="evt_1", **values
    )


def test_a_message_is_read_as_the_page_shows_it(make, program, clock):
    account = make.account("Acme")
    told = {"attempts": 2, "status": 500, "seconds": 0.25, "answer": "oops", "tried_at": NOW}
    message = about(make, "account", account, next_at=NOW + timedelta(minutes=5), **told)
    path = f"/webhooks/{message.webhook_id}/messages"
    asks = program(make.alice)

    shown = asks.get(f"{path}/{message.id}").json

    assert shown == {
        "id": message.id,
        "event_id": "evt_1",
        "kind": "account.updated",
        "object": "account",
        "record_id": account.id,
        "title": "Acme",
        "link": f"/api/v1/accounts/{account.id}",
        "state": "waiting",
        "attempts": 2,
        "status": 500,
        "error": "",
        "answer": "oops",
        "seconds": 0.25,
        "created_at": "2026-06-15T09:30:00+00:00",
        "tried_at": "2026-06-15T09:30:00+00:00",
        "next_at": "2026-06-15T09:35:00+00:00",
    }
    assert asks.get(path).json == {"items": [shown], "next": None}
    assert asks.get(shown["link"].removeprefix("/api/v1")).json["name"] == "Acme"


@pytest.mark.parametrize("object_", ["contact", "activity"])
def test_contacts_and_activities_are_named_too(make, program, object_):
    account = make.account("Acme")
    record = make.contact(account, "Doe") if object_ == "contact" else make.activity(account, "Doe")
    message = about(make, object_, record)
    asks = program(make.alice)

    shown = asks.get(f"/webhooks/{message.webhook_id}/messages/{message.id}").json

    assert shown["title"].endswith("Doe")
    assert asks.get(shown["link"].removeprefix("/api/v1")).status_code == 200


def test_messages_are_listed_newest_first_a_page_at_a_time_and_by_state(make, program):
    message = make.message(state="failed")
    more(message, webhook_log.PAGE + 1)
    asks, path = program(make.alice), f"/webhooks/{message.webhook_id}/messages"

    first = asks.get(path).json
    second = asks.get(f"{path}?cursor={first['next']}").json

    ids = [each["id"] for each in first["items"] + second["items"]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == webhook_log.PAGE + 2
    assert second["next"] is None
    failed = asks.get(f"{path}?state=failed").json["items"]
    assert [each["id"] for each in failed] == [message.id]


@pytest.mark.parametrize("wrong", ["state=lost", "state=", "cursor=x", "cursor=", "before=1"])
def test_what_cannot_be_asked_is_refused_by_its_name(make, program, wrong):
    answer = program(make.alice).get(f"/webhooks/{make.message().webhook_id}/messages?{wrong}")

    assert answer.status_code == 422
    assert [each["field"] for each in answer.json["errors"]] == [wrong.partition("=")[0]]


def test_a_record_that_is_not_open_to_the_token_or_is_gone_has_its_number_only(make, program):
    account, alice = make.account("Acme"), make.alice
    message = about(make, "account", account)
    path = f"/webhooks/{message.webhook_id}/messages/{message.id}"

    narrow = program(alice, "webhooks:read", "contacts:read").get(path).json
    seen = program(alice, "webhooks:read", "accounts:write").get(path).json
    accounts.delete(account.id, by=alice)
    gone = program(alice).get(path).json

    assert [each["title"] for each in (narrow, seen, gone)] == [None, "Acme", None]
    assert [each["link"] for each in (narrow, gone)] == [None, None]
    assert {each["record_id"] for each in (narrow, gone)} == {account.id}


def test_a_message_is_sent_again_under_its_own_id(make, program):
    message = make.message(state="failed", attempts=9)
    path = f"/webhooks/{message.webhook_id}/messages/{message.id}"

    answer = program(make.alice).post(f"{path}/send", None)

    assert (answer.status_code, answer.json["id"]) == (202, message.id)
    assert (answer.json["state"], answer.json["attempts"]) == ("waiting", 0)
    session.rollback()
    (noted,) = session.query(AuditEvent).filter_by(kind="webhook_replayed")
    assert noted.by_id == make.alice.id


def test_what_was_given_up_in_a_period_is_sent_again_and_counted(make, program):
    message = make.message(state="failed", created_at=NOW)
    more(message, 1, state="failed", created_at=NOW)
    more(message, 1, state="failed", created_at=NOW - timedelta(days=1))
    more(message, 1, state="delivered", created_at=NOW)
    asks, path = program(make.alice), f"/webhooks/{message.webhook_id}"

    first, again = (asks.post(f"{path}/replay", PERIOD) for _ in range(2))

    assert (first.status_code, first.json) == (202, {"messages": 2})
    assert again.json == {"messages": 0}
    assert len(asks.get(f"{path}/messages?state=waiting").json["items"]) == 2


@pytest.mark.parametrize(
    "wrong, field",
    [
        ({"until": PERIOD["since"]}, "until"),
        ({"since": "2026-06-15"}, "since"),
        ({"since": "2026-06-15T00:00:00"}, "since"),
        ({"since": "0001-01-01T00:00:00+10:00"}, "since"),
        ({"until": "soon"}, "until"),
        ({"until": 5}, "until"),
        ({"days": "1"}, "days"),
    ],
)
def test_a_period_that_is_none_is_refused_at_its_member(make, program, wrong, field):
    path = f"/webhooks/{make.message(state='failed').webhook_id}/replay"

    answer = program(make.alice).post(path, {**PERIOD, **wrong})

    assert answer.status_code == 422
    assert [each["field"] for each in answer.json["errors"]] == [field]


def test_a_ping_is_a_message_unless_the_webhook_is_off(make, program):
    asks, path = program(make.alice), f"/webhooks/{make.message().webhook_id}"

    sent = asks.post(f"{path}/ping", None)
    asks.patch(path, {"active": False}, version=1)
    refused = asks.post(f"{path}/ping", None)

    assert (sent.status_code, sent.json["kind"], sent.json["object"]) == (202, "ping", "")
    assert asks.get(sent.headers["Location"].removeprefix("/api/v1")).json == sent.json
    assert refused.status_code == 422


def test_a_message_of_another_webhook_is_not_found(make, program):
    one, other = make.message(), make.message()
    asks, path = program(make.alice), f"/webhooks/{one.webhook_id}/messages/{other.id}"

    assert asks.get(path).status_code == asks.post(f"{path}/send", None).status_code == 404


@pytest.mark.parametrize(
    "way, sent", [("messages/{}/send", None), ("replay", PERIOD), ("ping", None)]
)
def test_who_may_only_read_sends_nothing(make, program, way, sent):
    message = make.message(state="failed")
    path = f"/webhooks/{message.webhook_id}/{way.format(message.id)}"

    assert program(make.alice, "webhooks:read").post(path, sent).status_code == 403
    assert program(make.mona).post(path, sent).status_code == 403
    assert session.query(Delivery).filter_by(state="waiting").count() == 0
    assert session.query(Webhook).count() == 1
