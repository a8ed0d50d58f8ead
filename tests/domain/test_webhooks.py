from __future__ import annotations

import base64

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from crmapp.domain import webhooks

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'


def is_signed(secret: str, signed: bytes, signature: str) -> bool:
    """Verify by another implementation than ours."""
    seal = HMAC(base64.b64decode(secret.removeprefix("whsec_")), SHA256())
    seal.update(signed)
    try:
        seal.verify(base64.b64decode(signature.removeprefix("v1,")))
    except InvalidSignature:
        return False
    return True


def test_the_example_of_standard_webhooks_is_signed_as_it_says():
    found = webhooks.signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BODY)

    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_signature_is_what_another_implementation_makes_of_it():
    secret = webhooks.new_secret()

    found = webhooks.signature(secret, "evt_7", 1750000000, BODY)

    assert is_signed(secret, b"evt_7.1750000000." + BODY, found)
    assert not is_signed(secret, b"evt_8.1750000000." + BODY, found)
    assert not is_signed(webhooks.new_secret(), b"evt_7.1750000000." + BODY, found)


@pytest.mark.parametrize(
    "object_, action, fields, kind",
    [
        ("account", "created", {"name"}, "account.created"),
        ("account", "deleted", {}, "account.deleted"),
        ("account", "deleted", {"replaced_by"}, "account.merged"),
        ("account", "restored", {"replaced_by"}, "account.restored"),
        ("activity", "updated", {"status"}, "activity.updated"),
        ("account", "linked", {}, None),
        ("attachment", "created", {"name"}, None),
        ("pick_list_value", "updated", {"label_en"}, None),
    ],
)
def test_a_change_is_an_event_of_its_kind(object_, action, fields, kind):
    assert webhooks.kind_of(object_, action, fields) == kind


@pytest.mark.parametrize(
    "kind, fields, wanted",
    [
        ("account.updated", {"phone"}, False),
        ("account.updated", {"phone", "terms"}, True),
        ("account.created", {"phone"}, True),
        ("contact.updated", {"phone"}, True),
        ("contact.deleted", {}, False),
    ],
)
def test_ticked_fields_narrow_updates_of_their_own_kind_of_record_only(kind, fields, wanted):
    events = ("account.created", "account.updated", "contact.updated")

    assert webhooks.wants(events, ["account.terms"], kind, fields) is wanted


def test_waits_grow_from_a_minute_to_eight_hours_and_end():
    waits = [webhooks.pause(attempts) for attempts in range(1, len(webhooks.PAUSES) + 2)]

    assert waits[0].total_seconds() == 60
    assert waits[-2].total_seconds() == 8 * 3600
    assert waits[:-1] == sorted(waits[:-1])
    assert waits[-1] is None
