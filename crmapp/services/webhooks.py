"""Webhooks: addresses that are told what changes, set up by those who manage settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select

from crmapp.config import settings
from crmapp.connectors import hooks
from crmapp.connectors.errors import ConnectorError
from crmapp.db import session, unit_of_work
from crmapp.domain.permissions import Right
from crmapp.domain.webhooks import EVENTS, PING
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.i18n import N_, Text
from crmapp.models import Delivery, User, Webhook
from crmapp.queue import later
from crmapp.services import audit, editing, webhook_events, webhook_secrets
from crmapp.services.rights import need

RIGHT = Right.SETTINGS_MANAGE
LONGEST_NAME = 100
LONGEST_URL = 2_000
STALE = N_("Somebody changed this webhook meanwhile. Look at it again, then save.")


@dataclass(frozen=True)
class Wanted:
    """What somebody typed of a webhook."""

    name: str
    url: str
    events: Collection[str]
    fields: Collection[str] = ()


@dataclass(frozen=True)
class Standing:
    """A webhook and how many of its messages wait or were given up."""

    hook: Webhook
    waiting: int
    failed: int


def listed(*, by: User) -> Sequence[Standing]:
    """Return all webhooks by name.

    Raises:
        Forbidden: she may not manage settings.
    """
    need(RIGHT, by=by)
    counts: dict[tuple[int, str], int] = {}
    groups = select(Delivery.webhook_id, Delivery.state, func.count())
    groups = groups.where(Delivery.state != "delivered")
    for hook_id, state, count in session.execute(
        groups.group_by(Delivery.webhook_id, Delivery.state)
    ):
        counts[hook_id, state] = count
    return [
        Standing(hook, counts.get((hook.id, "waiting"), 0), counts.get((hook.id, "failed"), 0))
        for hook in session.scalars(select(Webhook).order_by(Webhook.name, Webhook.id))
    ]


def get(hook_id: int, *, by: User) -> Webhook:
    """Return a webhook.

    Raises:
        Forbidden: she may not manage settings.
        NotFound: there is none.
    """
    need(RIGHT, by=by)
    hook = session.get(Webhook, hook_id)
    if hook is None:
        raise NotFound
    return hook


def add(wanted: Wanted, *, by: User, key: str | None = None) -> tuple[int, str | None]:
    """Add a webhook that is told what changes from now on; return its id and its secret.

    The secret is shown by this answer alone: whoever sends the same ``key`` again gets the id of
    the webhook that there is, and None.

    Raises:
        Forbidden: she may not manage settings.
        Invalid: field → what is wrong with it.
        KeyReused: the key came before with other values.
        NotFound: the webhook of this key was deleted since.
    """
    need(RIGHT, by=by)
    values = _checked(wanted)
    word, kept = webhook_secrets.fresh()
    with unit_of_work():
        hook_id = editing.made(key, values, lambda: _added(values, kept, by), by=by)
        return hook_id, word if get(hook_id, by=by).secrets == kept else None


def _added(values: Mapping[str, Any], kept: str, by: User) -> int:
    hook = Webhook(**values, secrets=kept, cursor=webhook_events.newest())
    session.add(hook)
    session.flush()
    _note("webhook_added", hook, by)
    return hook.id


def update(
    hook_id: int, wanted: Wanted | None, version: int, *, by: User, on: bool | None = None
) -> None:
    """Change a webhook of which ``by`` saw ``version``, switch it on or off, or both at once.

    What is ``None`` stays as it is.

    Raises:
        Forbidden, NotFound
        Invalid: field → what is wrong with it.
        Conflict: somebody changed it meanwhile.
    """
    get(hook_id, by=by)
    values = _checked(wanted) if wanted else {}
    with unit_of_work():
        hook = _locked(hook_id, by)
        if hook.version != version:
            raise Conflict({}, message=STALE)
        if on is not None:
            _turn(hook, on, by)
        if values:
            for name, value in values.items():
                setattr(hook, name, value)
            hook.version += 1
            _note("webhook_changed", hook, by)


def switch(hook_id: int, on: bool, *, by: User) -> Webhook:
    """Switch a webhook on or off; what changes while it is off is never told.

    Raises:
        Forbidden, NotFound
    """
    with unit_of_work():
        hook = _locked(hook_id, by)
        _turn(hook, on, by)
        return hook


def _turn(hook: Webhook, on: bool, by: User) -> None:
    if hook.active == on:
        return
    hook.active, hook.off_reason = on, ""
    hook.upto = hook.horizon = 0
    hook.cursor = webhook_events.newest()
    hook.version += 1
    audit.note("webhook_on" if on else "webhook_off", by=by, about="webhook", about_id=hook.id)


def renew_secret(hook_id: int, *, by: User) -> str:
    """Give a webhook another secret and return it; the old one counts for a day more.

    Raises:
        Forbidden, NotFound
        SecretsLost: the old one cannot be read.
    """
    with unit_of_work():
        hook = _locked(hook_id, by)
        word, hook.secrets = webhook_secrets.fresh(hook.secrets)
        audit.note("webhook_secret", by=by, about="webhook", about_id=hook_id)
    return word


def ping(hook_id: int, *, by: User) -> int:
    """Send a message that tells nothing, to see whether it arrives; return its id.

    Raises:
        Forbidden, NotFound
        Invalid: the webhook is off.
    """
    with unit_of_work():
        hook = _locked(hook_id, by)
        if not hook.active:
            text = N_("Switch the webhook on first.")
            raise Invalid({"": text}, text)
        sent = Delivery(webhook_id=hook_id, kind=PING)
        session.add(sent)
        session.flush()
        later("webhooks.deliver")
        return sent.id


def remove(hook_id: int, *, by: User, version: int | None = None) -> None:
    """Delete a webhook with its log; with ``version``, only if it is still that one.

    Raises:
        Forbidden, NotFound
        Conflict: somebody changed it meanwhile.
    """
    with unit_of_work():
        hook = _locked(hook_id, by)
        if version not in (None, hook.version):
            raise Conflict({}, message=STALE)
        _note("webhook_removed", hook, by)
        session.delete(hook)


def _locked(hook_id: int, by: User) -> Webhook:
    need(RIGHT, by=by)
    query = select(Webhook).where(Webhook.id == hook_id).with_for_update()
    hook = session.scalar(query.execution_options(populate_existing=True))
    if hook is None:
        raise NotFound
    return hook


def _note(kind: str, hook: Webhook, by: User) -> None:
    """Tell the trail; of the address only the host, since the rest of it may be a secret."""
    told: Mapping[str, Any] = {"events": hook.events, "fields": hook.fields}
    host = urlsplit(hook.url).hostname
    audit.note(kind, by=by, about="webhook", about_id=hook.id, name=hook.name, host=host, **told)


def _checked(wanted: Wanted) -> dict[str, Any]:
    """Return the columns of what was typed.

    Raises:
        Invalid: field → what is wrong with it.
    """
    name, url = wanted.name.strip(), wanted.url.strip()
    offered = webhook_events.fields_offered()
    wrong: dict[str, Text | str] = {}
    if not name or len(name) > LONGEST_NAME:
        wrong["name"] = Text(
            N_("Enter a name of at most %(most)s characters."), {"most": LONGEST_NAME}
        )
    if problem := _problem(url):
        wrong["url"] = problem
    if not wanted.events or not set(wanted.events) <= EVENTS.keys():
        wrong["events"] = N_("Tick what it is told.")
    if not set(wanted.fields) <= offered.keys():
        wrong["fields"] = N_("One of these fields is gone. Choose from the list.")
    if wrong:
        raise Invalid(wrong)
    return {
        "name": name,
        "url": url,
        "events": [kind for kind in EVENTS if kind in wanted.events],
        "fields": [each for each in offered if each in wanted.fields],
    }


def _problem(url: str) -> Text | str | None:
    if not url or len(url) > LONGEST_URL:
        return N_("Enter the address of the receiver, like https://hub.example.com/crmapp.")
    try:
        hooks.need_public(url, settings().webhook_hosts)
    except ConnectorError as error:
        return error.message
    return None
