"""The messages of webhooks: what became of each, sent again one by one or by a period, tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from crmapp.blueprints.api import door, records, schemas
from crmapp.blueprints.api.door import Operation, operation
from crmapp.domain.fields import freeze
from crmapp.domain.scopes import Scope
from crmapp.i18n import N_
from crmapp.models import Delivery
from crmapp.services import webhook_log, webhooks
from crmapp.services.record_names import Named
from crmapp.services.webhooks import RIGHT
from crmapp.web.access import person, requires

_FILTERS: dict[str, Mapping[str, Any]] = {
    "state": {"enum": list(webhook_log.STATES)},
    "cursor": records.CURSOR,
}
_READ_BY: Mapping[str, Scope] = {
    "account": Scope.ACCOUNTS_READ,
    "contact": Scope.CONTACTS_READ,
    "activity": Scope.ACTIVITIES_READ,
}
"""Kind of record → what a token needs to be told its name."""


@operation(
    Operation("GET", "/webhooks/<int:hook_id>/messages", Scope.WEBHOOKS_READ,
              N_("List the messages of a webhook"), answers="WebhookMessages", arguments=_FILTERS)
)  # fmt: skip
@requires(RIGHT)
def list_webhook_messages(hook_id: int) -> ResponseReturnValue:
    """List what became of the messages, the newest first, a page at a time."""
    args = records.arguments(*_FILTERS)
    if args.get("state", "waiting") not in webhook_log.STATES:
        raise records.wrong("state")
    state, before = args.get("state", ""), records.place(args.get("cursor"))
    rows, following = webhook_log.listed(hook_id, by=person(), state=state, before=before)
    return records.many(_shown(rows), str(following) if following else None)


@operation(
    Operation("GET", "/webhooks/<int:hook_id>/messages/<int:message_id>", Scope.WEBHOOKS_READ,
              N_("Read a message of a webhook"), answers="WebhookMessage")
)  # fmt: skip
@requires(RIGHT)
def read_webhook_message(hook_id: int, message_id: int) -> ResponseReturnValue:
    """Send what became of a message."""
    records.arguments()
    return _one(hook_id, message_id)


@operation(
    Operation("POST", "/webhooks/<int:hook_id>/messages/<int:message_id>/send",
              Scope.WEBHOOKS_WRITE, N_("Send a message of a webhook again"),
              answers="WebhookMessage", status=202, keyed=False)
)  # fmt: skip
@requires(RIGHT)
def send_webhook_message(hook_id: int, message_id: int) -> ResponseReturnValue:
    """Send a message again at once; read it in a moment for what became of it."""
    webhook_log.send_again(hook_id, message_id, by=person())
    return _one(hook_id, message_id), 202


@operation(
    Operation("POST", "/webhooks/<int:hook_id>/replay", Scope.WEBHOOKS_WRITE,
              N_("Send all messages of a period again that were given up"), sends="Replay",
              answers="Replayed", status=202, keyed=False)
)  # fmt: skip
@requires(RIGHT)
def replay_webhook(hook_id: int) -> ResponseReturnValue:
    """Send what was given up from ``since`` to before ``until`` again; say how many it is."""
    sent = schemas.checked(records.body(), "Replay")
    since, until = (datetime.fromisoformat(sent[name]) for name in ("since", "until"))
    return {"messages": webhook_log.replay(hook_id, since, until, by=person())}, 202


@operation(
    Operation("POST", "/webhooks/<int:hook_id>/ping", Scope.WEBHOOKS_WRITE,
              N_("Send a ping by a webhook"), answers="WebhookMessage", status=202, keyed=False)
)  # fmt: skip
@requires(RIGHT)
def ping_webhook(hook_id: int) -> ResponseReturnValue:
    """Send a message that tells nothing; read it in a moment for what became of it."""
    message_id = webhooks.ping(hook_id, by=person())
    there = url_for("api.read_webhook_message", hook_id=hook_id, message_id=message_id)
    return _one(hook_id, message_id), 202, {"Location": there}


def _one(hook_id: int, message_id: int) -> dict[str, Any]:
    (shown,) = _shown([webhook_log.get(hook_id, message_id, by=person())])
    return shown


def _shown(rows: Sequence[Delivery]) -> list[dict[str, Any]]:
    told = [row for row in rows if row.object and door.opened(_READ_BY[row.object])]
    named = webhook_log.named(told, by=person())
    return [_message(row, named.get((row.object, row.record_id or 0))) for row in rows]


def _message(row: Delivery, named: Named | None) -> dict[str, Any]:
    return {
        "id": row.id,
        "event_id": row.event_id,
        "kind": row.kind,
        "object": row.object,
        "record_id": row.record_id,
        "title": named.name if named else None,
        "link": _address(row) if named else None,
        "state": row.state,
        "attempts": row.attempts,
        "status": row.status,
        "error": row.error,
        "answer": row.answer,
        "seconds": row.seconds,
        "created_at": freeze(row.created_at),
        "tried_at": freeze(row.tried_at),
        "next_at": freeze(row.next_at) if row.state == "waiting" else None,
    }


def _address(row: Delivery) -> str:
    place: dict[str, Any] = {f"{row.object}_id": row.record_id}
    return url_for(f"api.read_{row.object}", **place)
