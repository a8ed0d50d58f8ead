"""Webhooks to a receiver on this machine, what happens here, and what it was told."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from crmapp.db import session, unit_of_work
from crmapp.domain.webhooks import EVENTS
from crmapp.models import Account, Delivery
from crmapp.services import records, webhook_sending, webhooks
from crmapp.services.webhooks import Wanted
from tests.connectors.wire import Peer


def hook(make, url, events=tuple(EVENTS), fields=(), name="Hub"):
    return webhooks.add(Wanted(name, url, events, fields), by=make.alice)


def saved(make, name="Acme", then=lambda: None, **values):
    values, alice = {"name": name, **values}, make.alice
    with unit_of_work():
        account_id = records.create(Account, values, by=alice, source={"kind": "form"})
        then()
    return account_id


def changed(make, account_id, **values):
    with unit_of_work():
        records.update(
            Account, account_id, values, version=None, by=make.alice, source={"kind": "api"}
        )


def deliver(**more):
    session.rollback()
    return webhook_sending.deliver_due(**more)


def log():
    session.rollback()
    return session.query(Delivery).order_by(Delivery.id).all()


def kinds(peer):
    return [each["type"] for each in told(peer)]


def told(peer: Peer) -> list[dict[str, Any]]:
    """Return the events that a receiver was told, in their order."""
    return [json.loads(_parts(each)[1]) for each in peer.requests]


def headers(peer: Peer, number: int = -1) -> dict[str, str]:
    """Return the headers of one of the messages."""
    lines = _parts(peer.requests[number])[0].decode().split("\r\n")[1:]
    return {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }


def is_signed_by(secret: str, peer: Peer, number: int = -1) -> bool:
    """Verify a message as its receiver would, by an implementation that is not ours."""
    sent = headers(peer, number)
    own = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode()
    for signature in sent["webhook-signature"].split(" "):
        seal = HMAC(base64.b64decode(secret.removeprefix("whsec_")), SHA256())
        seal.update(own + _parts(peer.requests[number])[1])
        try:
            seal.verify(base64.b64decode(signature.removeprefix("v1,")))
        except InvalidSignature:
            continue
        return True
    return False


def _parts(request: bytes) -> tuple[bytes, bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    return head, body
