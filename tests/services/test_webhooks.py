"""Webhooks are set up, switched, given secrets and deleted, and the trail says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from crmapp import config
from crmapp.db import session, unit_of_work, utcnow
from crmapp.errors import Conflict, Forbidden, Invalid, NotFound
from crmapp.models import AuditEvent, Change, Delivery, Webhook
from crmapp.services import (
    contacts,
    key_rotation,
    webhook_log,
    webhook_secrets,
    webhooks,
)
from crmapp.services.webhooks import Wanted
from tests.connectors.test_addresses import resolving
from tests.connectors.wire import http, listening
from tests.support.webhooks import (
    changed,
    deliver,
    hook,
    is_signed_by,
    kinds,
    saved,
    told,
)

OK = http()


@pytest.fixture(autouse=True)
def here(app, settings):
    """Let receivers be on this machine, as the operator may."""
    config.use(replace(settings, webhook_hosts=("127.0.0.1",)))


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.8", "169.254.169.254", "192.168.1.1", "::1", "fe80::1", "0.0.0.0"],  # noqa: S104  refused
)
def test_a_private_address_is_refused_when_it_is_saved(make, settings, monkeypatch, address):
    config.use(settings)
    resolving(monkeypatch, address)

    with pytest.raises(Invalid) as refused:
        hook(make, "https://hub.example.com/in")

    assert "CRMAPP_WEBHOOK_HOSTS" in str(refused.value.fields["url"])


@pytest.mark.parametrize(
    "url", ["", "hub", "ftp://hub.example", "http://hub.example", "https://u:p@hub.example",
            "https://hub.example:8443", "https://[::1", "file:///etc/passwd", "https://127.0.0.1"],
)  # fmt: skip
def test_what_is_no_public_https_address_is_refused(make, settings, url):
    config.use(settings)

    with pytest.raises(Invalid) as refused:
        hook(make, url)

    assert list(refused.value.fields) == ["url"]


def test_updates_are_told_only_if_a_ticked_field_changed(make):
    with listening(OK) as peer:
        hook(make, peer.url, ["account.updated", "contact.created"], ["account.phone"])
        account_id = saved(make)
        changed(make, account_id, website="https://acme.example")
        changed(make, account_id, phone="5", fax="6")
        contacts.add(account_id, {"last_name": "Doe"}, by=make.alice)
        deliver()

    assert kinds(peer) == ["account.updated", "contact.created"]
    assert set(told(peer)[0]["data"]["changed"]) == {"phone", "fax"}
    assert told(peer)[1]["data"]["record"]["account_id"] == account_id


def test_a_ping_tells_nothing(make):
    with listening(OK) as peer:
        hook_id, secret = hook(make, peer.url, ["account.merged"])
        webhooks.ping(hook_id, by=make.alice)

        assert deliver() == 1

    assert kinds(peer) == ["ping"]
    assert told(peer)[0]["data"] == {}
    assert is_signed_by(secret, peer)


def test_what_changes_while_it_is_off_is_never_told(make):
    with listening(OK) as peer:
        hook_id, _secret = hook(make, peer.url)
        webhooks.switch(hook_id, False, by=make.alice)
        saved(make, "Unseen")
        assert deliver() == 0
        webhooks.switch(hook_id, True, by=make.alice)
        saved(make, "Seen")
        deliver()

    assert [each["data"]["record"]["name"] for each in told(peer)] == ["Seen"]
    webhooks.switch(hook_id, False, by=make.alice)
    with pytest.raises(Invalid):
        webhooks.ping(hook_id, by=make.alice)


def test_a_new_secret_and_for_a_day_the_old_one_sign(make, clock):
    with listening(OK) as peer:
        hook_id, old = hook(make, peer.url)
        new = webhooks.renew_secret(hook_id, by=make.alice)
        saved(make)
        deliver()
        assert is_signed_by(old, peer)
        assert is_signed_by(new, peer)
        clock.shift(webhook_secrets.OVERLAP)
        saved(make)
        deliver()

    assert is_signed_by(new, peer)
    assert not is_signed_by(old, peer)


def test_a_secret_that_was_renewed_twice_in_a_day_still_counts(make, clock):
    hook_id, first = hook(make, "http://127.0.0.1:9/in")
    second = webhooks.renew_secret(hook_id, by=make.alice)
    clock.shift(webhook_secrets.OVERLAP / 2)

    third = webhooks.renew_secret(hook_id, by=make.alice)

    sealed = session.get(Webhook, hook_id).secrets
    assert list(webhook_secrets.good(sealed)) == [third, second, first]
    clock.shift(webhook_secrets.OVERLAP / 2)
    assert list(webhook_secrets.good(sealed)) == [third, second]


def test_few_old_secrets_count_however_many_were_made_in_a_day(make):
    hook_id, first = hook(make, "http://127.0.0.1:9/in")
    made = [first, *(webhooks.renew_secret(hook_id, by=make.alice) for _time in range(9))]

    good = webhook_secrets.good(session.get(Webhook, hook_id).secrets)

    assert list(good) == made[: -webhook_secrets.MOST_OLDER - 2 : -1]


def test_secrets_are_encrypted_and_outlive_a_new_key(make):
    hook_id, secret = hook(make, "http://127.0.0.1:9/in")
    before = session.get(Webhook, hook_id).secrets
    assert secret not in before

    rotation = key_rotation.rotate()
    key_rotation.drop_old()

    after = session.get(Webhook, hook_id).secrets
    assert rotation.done == ("Hub",)
    assert after != before
    assert list(webhook_secrets.good(after)) == [secret]


def test_the_trail_says_who_changed_what_but_neither_secret_nor_address(make):
    hook_id, _secret = hook(make, "http://127.0.0.1:9/in?token=hush")
    wanted = Wanted("Hub", "http://127.0.0.1:9/b", ["account.created"])
    webhooks.update(hook_id, wanted, 1, by=make.alice)
    webhooks.renew_secret(hook_id, by=make.alice)
    webhooks.remove(hook_id, by=make.alice)

    noted = session.query(AuditEvent).filter_by(about="webhook").order_by(AuditEvent.id).all()
    assert [each.kind for each in noted] == [
        "webhook_added",
        "webhook_changed",
        "webhook_secret",
        "webhook_removed",
    ]
    assert {each.by_id for each in noted} == {make.alice.id}
    assert "hush" not in str([each.details for each in noted])


def test_who_was_slower_is_told_so(make):
    hook_id, _secret = hook(make, "http://127.0.0.1:9/in")
    wanted = Wanted("Hub", "http://127.0.0.1:9/in", ["account.created"])
    webhooks.update(hook_id, wanted, 1, by=make.alice)

    with pytest.raises(Conflict):
        webhooks.update(hook_id, wanted, 1, by=make.alice)


def test_only_who_manages_settings_sets_webhooks_up(make):
    hook_id, _secret = hook(make, "http://127.0.0.1:9/in")
    with pytest.raises(Forbidden):
        webhooks.listed(by=make.mona)
    with pytest.raises(Forbidden):
        webhook_log.listed(hook_id, by=make.mona)
    with pytest.raises(NotFound):
        webhooks.get(999, by=make.alice)


@pytest.mark.parametrize(
    "wanted, field",
    [
        (Wanted(" ", "http://127.0.0.1:9", ["account.created"]), "name"),
        (Wanted("Hub", "http://127.0.0.1:9", []), "events"),
        (Wanted("Hub", "http://127.0.0.1:9", ["account.exploded"]), "events"),
        (Wanted("Hub", "http://127.0.0.1:9", ["account.created"], ["account.no"]), "fields"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(make, wanted, field):
    with pytest.raises(Invalid) as refused:
        webhooks.add(wanted, by=make.alice)

    assert list(refused.value.fields) == [field]


def test_a_change_that_takes_the_id_of_one_that_is_gone_is_another_event(make):
    """So it is once a backup was restored: what happened since is gone, and its ids come again."""
    with listening(OK) as peer:
        hook(make, peer.url)
        saved(make)
        deliver()
        with unit_of_work():
            session.execute(delete(Delivery))
            session.execute(update(Change).values(at=utcnow() + timedelta(minutes=5)))
            session.execute(update(Webhook).values(cursor=0))
        deliver()

        one, other = told(peer)
    assert one["id"] != other["id"]
    assert one["data"] == other["data"]
