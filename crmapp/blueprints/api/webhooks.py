"""Webhooks: listed, added, changed and deleted by the programs that are told by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from crmapp.blueprints.api import records, schemas
from crmapp.blueprints.api.door import Operation, operation
from crmapp.domain.fields import freeze
from crmapp.domain.scopes import Scope
from crmapp.i18n import N_
from crmapp.models import Webhook
from crmapp.services import published, webhook_events, webhooks
from crmapp.services.webhooks import RIGHT, Wanted
from crmapp.web.access import person, requires


@operation(
    Operation("GET", "/webhooks", Scope.WEBHOOKS_READ, N_("List the webhooks"), answers="Webhooks")
)  # fmt: skip
@requires(RIGHT)
def list_webhooks() -> ResponseReturnValue:
    """List the webhooks by name; their secrets are not among it."""
    records.arguments()
    return records.many([_shown(each.hook) for each in webhooks.listed(by=person())], None)


@operation(
    Operation("GET", "/webhooks/<int:hook_id>", Scope.WEBHOOKS_READ, N_("Read a webhook"),
              answers="Webhook", versioned=True)
)  # fmt: skip
@requires(RIGHT)
def read_webhook(hook_id: int) -> ResponseReturnValue:
    """Send a webhook without its secret."""
    return records.one(_shown(webhooks.get(hook_id, by=person())))


@operation(
    Operation("POST", "/webhooks", Scope.WEBHOOKS_WRITE, N_("Add a webhook"), sends="NewWebhook",
              answers="AddedWebhook", status=201)
)  # fmt: skip
@requires(RIGHT)
def add_webhook() -> ResponseReturnValue:
    """Add a webhook; its secret is in this answer alone, and not if it is asked for again."""
    sent = schemas.checked(records.body(), "NewWebhook")
    hook_id, word = webhooks.add(_wanted(sent), by=person(), key=records.key("webhook"))
    added = {**_shown(webhooks.get(hook_id, by=person())), "secret": word}
    return records.one(added, 201, url_for("api.read_webhook", hook_id=hook_id))


@operation(
    Operation("PATCH", "/webhooks/<int:hook_id>", Scope.WEBHOOKS_WRITE, N_("Change a webhook"),
              sends="WebhookChanges", answers="Webhook", versioned=True)
)  # fmt: skip
@requires(RIGHT)
def change_webhook(hook_id: int) -> ResponseReturnValue:
    """Change the members that were sent, of the version that If-Match names.

    Its address is looked at only if more is changed than whether it is ``active``: one that cannot
    be used any more can still be switched off.
    """
    hook = webhooks.get(hook_id, by=person())
    version = hook.version
    records.need_version(version)
    sent = dict(schemas.checked(records.body(), "WebhookChanges"))
    on = sent.pop("active", None)
    there = {name: _shown(hook)[name] for name in ("name", "url", "events", "fields")}
    wanted = _wanted({**there, **sent}) if sent else None
    webhooks.update(hook_id, wanted, version, by=person(), on=on)
    return records.one(_shown(webhooks.get(hook_id, by=person())))


@operation(
    Operation("DELETE", "/webhooks/<int:hook_id>", Scope.WEBHOOKS_WRITE, N_("Delete a webhook"),
              status=204, versioned=True)
)  # fmt: skip
@requires(RIGHT)
def delete_webhook(hook_id: int) -> ResponseReturnValue:
    """Delete a webhook with its log, of the version that If-Match names."""
    version = webhooks.get(hook_id, by=person()).version
    records.need_version(version)
    webhooks.remove(hook_id, by=person(), version=version)
    return "", 204


@operation(
    Operation("POST", "/webhooks/<int:hook_id>/secret", Scope.WEBHOOKS_WRITE,
              N_("Give a webhook a new secret"), answers="WebhookSecret", keyed=False)
)  # fmt: skip
@requires(RIGHT)
def renew_webhook_secret(hook_id: int) -> ResponseReturnValue:
    """Make a new secret, which is in this answer alone; those before count for a day more."""
    return {"secret": webhooks.renew_secret(hook_id, by=person())}


def _wanted(sent: Mapping[str, Any]) -> Wanted:
    kept = {called: name for name, called in _called().items()}
    return Wanted(**{**sent, "fields": [kept.get(each, each) for each in sent.get("fields", ())]})


def _called() -> dict[str, str]:
    """Return how a field is kept → how programs call it, as in what a webhook is told."""
    return {
        name: f"{name.partition('.')[0]}.{published.public(spec)}"
        for name, spec in webhook_events.fields_offered().items()
    }


def _shown(hook: Webhook) -> dict[str, Any]:
    called = _called()
    return {
        "id": hook.id,
        "version": hook.version,
        "name": hook.name,
        "url": hook.url,
        "events": hook.events,
        "fields": [called.get(each, each) for each in hook.fields],
        "active": hook.active,
        "off_reason": hook.off_reason,
        "created_at": freeze(hook.created_at),
    }
