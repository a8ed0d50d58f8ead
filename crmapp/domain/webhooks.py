"""What a webhook tells: the kinds of events, which of them it wants, their seal, the waits."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta

from crmapp.i18n import N_

PING = "ping"
EVENTS: dict[str, str] = {
    "account.created": N_("An account is created"),
    "account.updated": N_("An account is changed"),
    "account.deleted": N_("An account is deleted"),
    "account.restored": N_("A deleted account is restored"),
    "account.merged": N_("An account is merged into another one"),
    "contact.created": N_("A contact is created"),
    "contact.updated": N_("A contact is changed"),
    "contact.deleted": N_("A contact is deleted"),
    "contact.restored": N_("A deleted contact is restored"),
    "activity.created": N_("An activity is created"),
    "activity.updated": N_("An activity is changed"),
    "activity.deleted": N_("An activity is deleted"),
    "activity.restored": N_("A deleted activity is restored"),
}
"""The kinds of events, and what each says; the first word is the kind of record."""
OBJECTS = tuple(dict.fromkeys(kind.partition(".")[0] for kind in EVENTS))
PAUSES: Sequence[timedelta] = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240, 480, 480)
)
"""How long it waits after each attempt that failed; after the last one it gives up."""
_PREFIX = "whsec_"


def kind_of(object_: str, action: str, fields: Collection[str]) -> str | None:
    """Return the kind of event that a change of the log is, if it is one."""
    merged = object_ == "account" and action == "deleted" and "replaced_by" in fields
    kind = f"{object_}.{'merged' if merged else action}"
    return kind if kind in EVENTS else None


def wants(events: Collection[str], only: Iterable[str], kind: str, fields: Collection[str]) -> bool:
    """Whether a webhook for ``events`` wants one of this kind, in which ``fields`` changed.

    ``only`` are fields (``account.status``): of their kind of record, only updates of them count.
    """
    object_, _, action = kind.partition(".")
    if kind not in events or action != "updated":
        return kind in events
    own = [name.partition(".")[2] for name in only if name.startswith(f"{object_}.")]
    return not own or any(name in fields for name in own)


def new_secret() -> str:
    """Make a secret as Standard Webhooks has them."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode("ascii")


def signature(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """Sign a message as Standard Webhooks 1.0 says: HMAC-SHA256 over id, time and body."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = hmac.digest(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(signed).decode('ascii')}"


def pause(attempts: int) -> timedelta | None:
    """Return how long to wait after so many attempts; None: it is given up."""
    return PAUSES[attempts - 1] if attempts <= len(PAUSES) else None
