"""Sends the messages of webhooks: at least once, those of a record in their order, killed at will.

One sender at a time works for a webhook, under a lease; one who dies in between leaves the
message to be sent again under the same id.
"""

from __future__ import annotations

import time
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    exists,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from crmapp.config import settings
from crmapp.connectors.hooks import LIMIT, Teller, Told
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.webhooks import PAUSES, pause, signature
from crmapp.errors import SecretsLost
from crmapp.models import Delivery, Webhook
from crmapp.services import audit, webhook_events, webhook_secrets

SLICE = 20.0
"""Seconds of work for one webhook before the next one has its turn."""
LEASE = timedelta(minutes=2)
REFUSED_AT_ONCE = 3
"""After so many refused messages in a row the receiver is left alone until the next turn."""
GONE = 410


def deliver_due(limit: float = LIMIT) -> int:
    """Send what is due, each webhook for a slice of time; return how many messages arrived."""
    ids = session.scalars(select(Webhook.id).where(Webhook.active).order_by(Webhook.id)).all()
    session.rollback()
    return sum(_serve(hook_id, limit) for hook_id in ids)


def _serve(hook_id: int, limit: float) -> int:
    fence = _lease(hook_id)
    if fence is None:
        return 0
    sent = refused = 0
    end = time.monotonic() + SLICE
    with Teller(settings().webhook_hosts, limit) as teller:
        while time.monotonic() < end and refused < REFUSED_AT_ONCE:
            more = _follow(hook_id, fence)
            delivery_id = _next(hook_id) if more is not None else None
            if delivery_id is None:
                if not more:
                    break
                continue
            told = _send(teller, delivery_id, fence)
            sent += told is not None and told.arrived
            refused = 0 if told is None or told.arrived else refused + 1
            if told is not None and told.status is None:
                break  # nobody is there
    _release(hook_id, fence)
    return sent


def _lease(hook_id: int) -> int | None:
    """Become the one who sends for a webhook, unless somebody is."""
    now = utcnow()
    free = or_(
        Webhook.leased_until.is_(None),
        Webhook.leased_until <= now,
        Webhook.leased_until > now + LEASE,  # said by a clock that was wrong
    )
    if session.scalar(select(Webhook.id).where(Webhook.id == hook_id, free)) is None:
        session.rollback()
        return None
    with unit_of_work():
        query = select(Webhook).where(Webhook.id == hook_id, Webhook.active, free)
        hook = session.scalar(query.with_for_update(skip_locked=True))
        if hook is None:
            return None
        hook.fence, hook.leased_until = hook.fence + 1, now + LEASE
        return hook.fence


def _follow(hook_id: int, fence: int) -> bool | None:
    """Put down what is new; None if the webhook is off, gone or somebody else's by now."""
    session.rollback()
    hook = session.scalar(select(Webhook).where(*_ours(hook_id, fence)))
    if hook is None or _has_nothing_new(hook):
        return None if hook is None else False
    with unit_of_work():
        query = select(Webhook).where(*_ours(hook_id, fence)).with_for_update()
        hook = session.scalar(query.execution_options(populate_existing=True))
        if hook is None:
            return None
        hook.leased_until = utcnow() + LEASE
        return webhook_events.follow(hook)


def _has_nothing_new(hook: Webhook) -> bool:
    return hook.cursor >= webhook_events.newest()


def _ours(hook_id: int, fence: int) -> tuple[ColumnElement[bool], ...]:
    return Webhook.id == hook_id, Webhook.fence == fence, Webhook.active.is_(True)


def _next(hook_id: int) -> int | None:
    """Return the next message that is due: none of its record that came before it waits."""
    now = utcnow()
    return session.scalar(_due(), {"hook": hook_id, "now": now, "wrong": now + max(PAUSES)})


@cache
def _due() -> Select[int]:
    """Make the statement once: it is asked for each message."""
    hook: BindParameter[int] = bindparam("hook")
    before = aliased(Delivery)
    first = ~exists().where(
        before.webhook_id == hook,
        before.object == Delivery.object,
        before.record_id == Delivery.record_id,
        before.id < Delivery.id,
        before.state == "waiting",
    )
    # What is due later than any pause was put off by a wrong clock.
    due = or_(Delivery.next_at <= bindparam("now"), Delivery.next_at > bindparam("wrong"))
    waiting = and_(Delivery.webhook_id == hook, Delivery.state == "waiting", due)
    query = select(Delivery.id).where(waiting, first)
    return query.order_by(Delivery.next_at, Delivery.id).limit(1)


def _send(teller: Teller, delivery_id: int, fence: int) -> Told | None:
    """Send one message and note what became of it."""
    delivery = session.get_one(Delivery, delivery_id)
    hook_id, event_id = delivery.webhook_id, delivery.event_id
    url, sealed = session.execute(
        select(Webhook.url, Webhook.secrets).where(Webhook.id == hook_id)
    ).one()
    body, attempts = webhook_events.body(delivery), delivery.attempts + 1
    session.rollback()  # a slow receiver must not hold a transaction open
    if body is None:
        with unit_of_work():
            _note(delivery_id, state="failed", error="erased")
        return None
    now = int(utcnow().timestamp())
    try:
        words = webhook_secrets.good(sealed)
    except SecretsLost:
        told = Told(None, 0.0, error="secrets")
    else:
        signed = " ".join(signature(word, event_id, now, body) for word in words)
        headers = {"webhook-id": event_id, "webhook-timestamp": str(now)}
        told = teller.tell(url, body, {**headers, "webhook-signature": signed})
    with unit_of_work():
        _keep(delivery_id, told, attempts)
        if told.status == GONE:
            _switch_off(hook_id, fence)
    return told


def _keep(delivery_id: int, told: Told, attempts: int) -> None:
    state, more = "delivered", pause(attempts)
    if not told.arrived:
        state = "failed" if more is None or told.status == GONE else "waiting"
    _note(
        delivery_id,
        state=state,
        attempts=attempts,
        status=told.status,
        seconds=told.seconds,
        answer=told.answer,
        error=told.error,
        tried_at=utcnow(),
        next_at=utcnow() + (more or timedelta()),
    )


def _note(delivery_id: int, **values: Any) -> None:
    """Inside a unit of work: put down what became of a message."""
    session.execute(
        update(Delivery).where(Delivery.id == delivery_id).values(**values),
        execution_options={"synchronize_session": False},
    )


def _switch_off(hook_id: int, fence: int) -> None:
    """Inside a unit of work: do as a receiver asks that is gone."""
    off = update(Webhook).where(*_ours(hook_id, fence))
    if session.execute(off.values(active=False, off_reason="gone")).rowcount:  # type: ignore[attr-defined]  # of an UPDATE
        audit.note("webhook_off", by=None, about="webhook", about_id=hook_id, reason="gone")


def _release(hook_id: int, fence: int) -> None:
    with unit_of_work():
        own = (Webhook.id == hook_id, Webhook.fence == fence)
        session.execute(update(Webhook).where(*own).values(leased_until=None))
