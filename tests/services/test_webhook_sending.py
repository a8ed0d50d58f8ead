"""Webhooks tell a real receiver what was committed, all of it, in order, whatever happens."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import timedelta

import pytest

from crmapp import config
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.webhooks import PAUSES
from crmapp.models import AuditEvent, Webhook
from crmapp.services import (
    accounts,
    merges,
    webhook_events,
    webhook_log,
    webhook_sending,
)
from tests.connectors.test_addresses import resolving
from tests.connectors.wire import http, listening
from tests.support.webhooks import (
    changed,
    deliver,
    headers,
    hook,
    is_signed_by,
    kinds,
    log,
    saved,
    told,
)

OK = http()
BROKEN = http("500 Internal Server Error", b"out of order")


@pytest.fixture(autouse=True)
def here(app, settings):
    """Let receivers be on this machine, as the operator may."""
    config.use(replace(settings, webhook_hosts=("127.0.0.1",)))


def test_what_was_committed_is_told_once_signed_by_the_secret(make):
    with listening(OK) as peer:
        hook_id, secret = hook(make, f"{peer.url}/in?x=1")
        account_id = saved(make, credit_limit=None, phone="01 23")
        changed(make, account_id, phone="99")

        assert deliver() == 2
        assert deliver() == 0

    created, updated = told(peer)
    assert (created["type"], updated["type"]) == ("account.created", "account.updated")
    assert updated["data"]["changed"] == {"phone": {"old": "01 23", "new": "99"}}
    assert updated["data"]["record"]["name"] == "Acme"
    assert (updated["data"]["version"], updated["data"]["source"]) == (2, "api")
    assert headers(peer)["webhook-id"] == updated["id"]
    assert peer.requests[0].startswith(b"POST /in?x=1 ")
    assert is_signed_by(secret, peer, 0)
    assert is_signed_by(secret, peer, 1)
    assert not is_signed_by("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", peer)
    assert [(each.state, each.status, each.attempts) for each in log()] == [
        ("delivered", 200, 1),
        ("delivered", 200, 1),
    ]


def test_what_was_rolled_back_is_never_told(make):
    with listening(OK) as peer:
        hook(make, peer.url)
        with pytest.raises(ZeroDivisionError):
            saved(make, "Nobody", then=lambda: 1 / 0)

        assert deliver() == 0


def test_only_what_happens_after_it_was_added_is_told(make):
    saved(make, "Old")
    with listening(OK) as peer:
        hook(make, peer.url)
        saved(make, "New")
        deliver()

    assert [each["data"]["record"]["name"] for each in told(peer)] == ["New"]


def test_accounts_are_named_by_their_numbers_as_the_api_does(make):
    parent = make.account("Mother", number="M1")
    with listening(OK) as peer:
        hook(make, peer.url)
        saved(make, "Daughter", parent_id=parent.id)
        deliver()

    (event,) = told(peer)
    assert event["data"]["changed"]["parent"] == {"old": None, "new": "M1"}
    assert event["data"]["record"]["parent"] == "M1"
    assert "parent_id" not in event["data"]["changed"]


def test_a_receiver_that_fails_is_told_again_after_a_wait_that_grows(make, clock):
    with listening(BROKEN, BROKEN, OK) as peer:
        hook(make, peer.url)
        saved(make)
        assert deliver() == 0
        assert deliver() == 0
        assert len(peer.requests) == 1
        (first,) = log()
        assert (first.state, first.status, first.answer) == ("waiting", 500, "out of order")
        clock.shift(PAUSES[0])
        deliver()
        clock.shift(PAUSES[0])
        deliver()
        assert len(peer.requests) == 2
        clock.shift(PAUSES[1])

        assert deliver() == 1

    assert len({each["id"] for each in told(peer)}) == 1
    assert [(each.state, each.status, each.attempts) for each in log()] == [("delivered", 200, 3)]


def test_it_is_given_up_after_the_last_wait(make, clock):
    with listening(BROKEN) as peer:
        hook(make, peer.url)
        saved(make)
        for wait in (*PAUSES, timedelta()):
            deliver()
            clock.shift(wait)

        assert deliver() == 0

    assert [(each.state, each.attempts) for each in log()] == [("failed", len(PAUSES) + 1)]
    assert len(peer.requests) == len(PAUSES) + 1


def test_later_changes_of_a_record_wait_for_its_earlier_ones_others_do_not(make, clock):
    with listening(BROKEN, OK) as peer:
        hook(make, peer.url)
        account_id = saved(make, "First")
        changed(make, account_id, phone="1")
        saved(make, "Second")
        deliver()
        assert kinds(peer) == ["account.created", "account.created"]
        clock.shift(PAUSES[0])

        deliver()

    assert [(each["type"], each["data"]["record_id"] == account_id) for each in told(peer)] == [
        ("account.created", True),
        ("account.created", False),
        ("account.created", True),
        ("account.updated", True),
    ]


def test_one_that_never_answers_holds_nothing_up(make):
    def silent(connection: socket.socket) -> None:
        connection.recv(1)  # until the sender hangs up

    with listening(silent) as peer, listening(OK) as other:
        hook(make, peer.url)
        hook(make, other.url, name="Other")
        saved(make)
        saved(make)

        assert deliver(limit=0.3) == 2

    assert len(peer.requests) == 1
    slow = [each for each in log() if each.error]
    assert [(each.state, each.status, each.error) for each in slow] == [("waiting", None, "time")]


def test_an_answer_is_kept_to_a_thousand_characters(make):
    with listening(http(body=b"x" * 200_000)) as peer:
        hook(make, peer.url)
        saved(make)

        assert deliver() == 1

    assert log()[0].answer == "x" * 1_000


def test_a_message_is_not_given_up_before_its_webhook_is_off(make, monkeypatch):
    def dies(*_arguments, **_values):
        raise RuntimeError("no time left")

    with listening(http("410 Gone")) as peer:
        hook_id, _secret = hook(make, peer.url)
        saved(make)
        monkeypatch.setattr("crmapp.services.audit.note", dies)
        with pytest.raises(RuntimeError, match="no time left"):
            deliver()

    session.rollback()
    assert session.get_one(Webhook, hook_id).active
    assert [each.state for each in log()] == ["waiting"]


def test_a_receiver_that_is_gone_is_told_nothing_any_more_and_that_is_said(make):
    with listening(http("410 Gone")) as peer:
        hook_id, _secret = hook(make, peer.url)
        saved(make, "One")
        saved(make, "Two")
        deliver()
        deliver()

    found = session.get(Webhook, hook_id)
    assert (found.active, found.off_reason, len(peer.requests)) == (False, "gone", 1)
    noted = session.query(AuditEvent).filter_by(kind="webhook_off").one()
    assert (noted.about_id, noted.details, noted.by_id) == (str(hook_id), {"reason": "gone"}, None)


def test_redirects_are_not_followed(make):
    with listening(OK) as secret, listening(http("302 Found", Location=secret.url)) as peer:
        hook(make, peer.url)
        saved(make)

        assert deliver() == 0

    assert not secret.requests
    assert [(each.state, each.status) for each in log()] == [("waiting", 302)]


def test_a_name_that_leads_elsewhere_later_is_not_followed_there(make, settings, monkeypatch):
    config.use(settings)
    with listening(OK) as peer:
        resolving(monkeypatch, "93.184.216.34", "127.0.0.1")
        hook(make, "https://hub.example.com/in")
        saved(make)

        assert deliver() == 0

    assert not peer.requests
    assert [(each.state, each.status, each.error) for each in log()] == [
        ("waiting", None, "WrongInstance")
    ]


def test_who_dies_between_sending_and_noting_sends_it_again_under_the_same_id(
    make, clock, monkeypatch
):
    class Killed(BaseException):
        pass

    def die(*_args):
        raise Killed

    with listening(OK) as peer:
        hook(make, peer.url)
        saved(make)
        with monkeypatch.context() as patched:
            patched.setattr(webhook_sending, "_keep", die)
            with pytest.raises(Killed):
                deliver()
        assert deliver() == 0  # the dead one still holds the lease
        clock.shift(webhook_sending.LEASE)

        assert deliver() == 1

    first, second = told(peer)
    assert first == second
    assert headers(peer, 0)["webhook-id"] == headers(peer, 1)["webhook-id"]


def test_a_lease_that_a_wrong_clock_gave_keeps_nobody_out(make):
    with listening(OK) as peer:
        hook_id, _secret = hook(make, peer.url)
        saved(make)
        with unit_of_work():
            session.get(Webhook, hook_id).leased_until = utcnow() + timedelta(days=400)

        assert deliver() == 1


def test_a_merge_says_into_which_account(make):
    kept, gone = make.account("Kept"), make.account("Gone")
    with listening(OK) as peer:
        hook(make, peer.url, ["account.merged", "account.deleted"])
        merges.merge(kept.id, {kept.id: kept.version, gone.id: gone.version}, {}, by=make.mona)
        deliver()

    (event,) = told(peer)
    assert event["type"] == "account.merged"
    assert (event["data"]["record_id"], event["data"]["merged_into"]) == (gone.id, kept.id)


def test_a_deletion_and_its_restoration_are_told(make):
    account = make.account()
    with listening(OK) as peer:
        hook(make, peer.url)
        accounts.delete(account.id, by=make.alice)
        accounts.restore(account.id, by=make.alice)
        deliver()

    assert kinds(peer) == ["account.deleted", "account.restored"]


def test_what_was_given_up_in_a_period_is_sent_again_and_one_alone_too(make, clock):
    with listening(*[BROKEN] * (len(PAUSES) + 1), OK) as peer:
        hook_id, _secret = hook(make, peer.url)
        saved(make)
        begun = utcnow()
        for wait in (*PAUSES, timedelta()):
            deliver()
            clock.shift(wait)
        early = begun - timedelta(days=2), begun - timedelta(days=1)
        assert webhook_log.replay(hook_id, *early, by=make.alice) == 0
        period = begun - timedelta(days=1), begun + timedelta(days=1)

        assert webhook_log.replay(hook_id, *period, by=make.alice) == 1
        assert deliver() == 1
        webhook_log.send_again(hook_id, log()[0].id, by=make.alice)
        assert deliver() == 1

    assert len({each["id"] for each in told(peer)}) == 1


def test_many_changes_wait_in_the_log_and_not_as_messages(make, monkeypatch):
    monkeypatch.setattr(webhook_events, "AT_ONCE", 3)
    with listening(BROKEN) as peer:
        hook(make, peer.url)
        for number in range(20):
            saved(make, f"Account {number}")

        deliver()

    assert len(log()) < 10


def test_messages_are_forgotten_after_a_month_but_not_while_they_wait(make, clock):
    with listening(OK, BROKEN) as peer:
        hook(make, peer.url)
        saved(make)
        saved(make)
        deliver()
    clock.shift(webhook_log.KEPT_FOR + timedelta(seconds=1))

    assert webhook_log.forget_old() == 1
    assert [each.state for each in log()] == ["waiting"]
