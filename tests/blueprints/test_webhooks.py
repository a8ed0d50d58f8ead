"""Webhooks in the browser: added, seen, tried, changed, switched, sent again, deleted."""

from __future__ import annotations

import re

import pytest

from crmapp.db import session, unit_of_work
from crmapp.domain.permissions import Role
from crmapp.models import Delivery, Webhook
from crmapp.services import accounts
from tests.blueprints.test_account_columns import statements

SENT = {
    "name": "Hub",
    "url": "https://8.8.8.8/in",
    "events": ["account.created", "account.updated"],
    "fields": ["account.phone"],
}


@pytest.fixture
def alice(make, as_user):
    return as_user(make.alice)


def test_the_secret_is_shown_once(alice):
    made = alice.post("/admin/webhooks", data=SENT)

    word = re.search(r'value="(whsec_[^"]+)"', made.text)[1]
    hook = session.query(Webhook).one()
    assert word not in alice.get(f"/admin/webhooks/{hook.id}").text
    assert (hook.events, hook.fields) == (SENT["events"], SENT["fields"])
    assert "Hub" in alice.get("/admin/webhooks").text


def test_a_form_that_is_sent_twice_adds_one_webhook_and_shows_its_secret_once(alice):
    sent = {**SENT, "idempotency_key": "pressed-twice"}
    alice.post("/admin/webhooks", data=sent)

    again = alice.post("/admin/webhooks", data=sent, follow_redirects=True)

    assert "The webhook is there already." in again.text
    assert "whsec_" not in again.text
    assert session.query(Webhook).count() == 1


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"url": "http://8.8.8.8"}, {"url": "https://10.0.0.1"}, {"events": []}],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(alice, wrong):
    answer = alice.post("/admin/webhooks", data={**SENT, "name": "My hub", **wrong})

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "name" in wrong or 'value="My hub"' in answer.text
    assert re.search(r'value="account.phone"[^>]*checked|checked[^>]*value="account.phone"',
                     answer.text)  # fmt: skip
    assert session.query(Webhook).count() == 0


def test_it_is_changed_unless_somebody_was_quicker(make, alice):
    hook_id = make.message().webhook_id
    changed = {**SENT, "name": "Other", "version": "1"}

    first = alice.post(f"/admin/webhooks/{hook_id}", data=changed)
    second = alice.post(f"/admin/webhooks/{hook_id}", data={**changed, "name": "Late"})

    assert (first.status_code, second.status_code) == (303, 409)
    assert 'value="Late"' in second.text
    assert 'name="version" type="hidden" value="2"' in second.text
    assert make.again(Webhook, hook_id).name == "Other"


def test_a_ping_is_put_down_only_while_it_is_on(make, alice):
    hook_id = make.message().webhook_id

    alice.post(f"/admin/webhooks/{hook_id}/ping")
    alice.post(f"/admin/webhooks/{hook_id}/off")
    alice.post(f"/admin/webhooks/{hook_id}/ping")

    assert session.query(Delivery).count() == 2
    assert "Switch on" in alice.get(f"/admin/webhooks/{hook_id}").text


def test_a_message_is_shown_with_what_the_receiver_said_and_sent_again(make, alice):
    message = make.message(state="failed", attempts=9, status=500, seconds=0.25, answer="<oops>")
    path = f"/admin/webhooks/{message.webhook_id}/messages/{message.id}"

    shown = alice.get(path)
    alice.post(f"{path}/again")

    assert "&lt;oops&gt;" in shown.text
    assert "250" in shown.text
    again = make.again(Delivery, message.id)
    assert (again.state, again.attempts) == ("waiting", 0)


def test_a_message_of_another_webhook_is_not_found(make, alice):
    one, other = make.message(), make.message()

    answer = alice.get(f"/admin/webhooks/{one.webhook_id}/messages/{other.id}")

    assert answer.status_code == 404


def test_a_record_is_named_and_linked_and_once_it_is_gone_has_its_number(make, as_user):
    account = make.account("Acme & Sons")
    contact = make.contact(account, "Doe")
    told = {"kind": "contact.updated", "object": "contact", "record_id": contact.id}
    message, alice = make.message(**told), as_user(make.alice)
    log = f"/admin/webhooks/{message.webhook_id}"
    pages = (log, f"{log}/messages/{message.id}")

    seen = [alice.get(page).text for page in pages]
    accounts.delete(account.id, by=make.alice)
    gone = [alice.get(page).text for page in pages]

    link = rf'<a href="/accounts/{account.id}/contacts"[^>]*>[^<]*Doe</a>'
    assert all(re.search(link, page) for page in seen)
    assert not any("Doe" in page or f"/accounts/{account.id}" in page for page in gone)
    assert f"</code> {contact.id}</td>" in gone[0]
    assert f"<dd>{contact.id}</dd>" in gone[1]


def test_a_page_of_many_messages_takes_as_many_statements_as_one_of_few(make, as_user):
    firms = [make.account(f"Firm {number}") for number in range(9)]
    told = {"kind": "account.updated", "object": "account"}
    few = make.message(**told, record_id=firms[0].id)
    many = make.message(**told, record_id=firms[0].id)
    with unit_of_work():
        session.add_all(
            Delivery(webhook_id=many.webhook_id, **told, record_id=each.id) for each in firms
        )
    alice = as_user(make.alice)
    pages = [f"/admin/webhooks/{each.webhook_id}" for each in (few, few, many)]

    _first, one, ten = (len(statements(alice, page)) for page in pages)

    assert one == ten


def test_messages_are_listed_by_state(make, alice):
    message = make.message(state="failed", kind="account.created", error="time")
    path = f"/admin/webhooks/{message.webhook_id}"

    failed = alice.get(f"{path}?state=failed").text
    assert f"{path}/messages/{message.id}" in failed
    assert "No answer came in time." in failed
    assert f"{path}/messages/{message.id}" not in alice.get(f"{path}?state=delivered").text


@pytest.mark.parametrize(
    "since, until, wrong",
    [("", "2026-01-01", "since"), ("2026-01-02", "2026-01-01", "until"), ("x", "y", "since")],
)
def test_a_period_that_is_none_is_said_at_its_field(make, alice, since, until, wrong):
    path = f"/admin/webhooks/{make.message().webhook_id}"

    answer = alice.post(f"{path}/replay", data={"since": since, "until": until})

    assert answer.status_code == 422
    assert f'id="webhook-{wrong}-error"' in answer.text


def test_a_day_that_is_not_there_in_utc_is_said_at_its_field(make, as_user):
    path = f"/admin/webhooks/{make.message().webhook_id}"
    olga = as_user(make.user("olga", Role.ADMIN, timezone="Asia/Tokyo"))

    answer = olga.post(f"{path}/replay", data={"since": "0001-01-01", "until": "2026-06-15"})

    assert answer.status_code == 422
    assert 'id="webhook-since-error"' in answer.text


def test_why_the_installation_switched_it_off_is_said(make, alice):
    message = make.message()
    session.query(Webhook).update({"active": False, "off_reason": "gone"})
    session.commit()

    page = alice.get(f"/admin/webhooks/{message.webhook_id}").text

    assert "It answered 410" in page


def test_it_is_deleted_with_its_messages(make, alice):
    hook_id = make.message().webhook_id

    answer = alice.post(f"/admin/webhooks/{hook_id}/deletion")

    assert answer.status_code == 303
    assert session.query(Delivery).count() == session.query(Webhook).count() == 0
