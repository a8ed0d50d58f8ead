"""What became of the messages of webhooks: read, sent again, forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update

from crmapp.db import session, unit_of_work, utcnow
from crmapp.errors import Invalid, NotFound
from crmapp.i18n import N_
from crmapp.models import Delivery, User
from crmapp.queue import later
from crmapp.services import audit, record_names, webhooks
from crmapp.services.record_names import Named
from crmapp.services.request_log import MEANINGS

PAGE = 50
KEPT_FOR = timedelta(days=30)
STATES: dict[str, str] = {
    "waiting": N_("Waiting"),
    "delivered": N_("Delivered"),
    "failed": N_("Given up"),
}
REASONS: dict[str, str] = MEANINGS | {
    "erased": N_("What it told was erased for good."),
    "secrets": N_("The key that opens its secret is gone. Make a new webhook."),
    "WrongInstance": N_("The address must not be spoken with: it is private, or not https://."),
}
"""What codes of errors mean."""
_BATCH = 1_000


def listed(
    hook_id: int, *, by: User, state: str = "", before: int | None = None
) -> tuple[Sequence[Delivery], int | None]:
    """Return a page of messages, newest first, and the id to go on before, if there is more.

    Raises:
        Forbidden, NotFound
    """
    webhooks.get(hook_id, by=by)
    query = select(Delivery).where(Delivery.webhook_id == hook_id).order_by(Delivery.id.desc())
    if state in STATES:
        query = query.where(Delivery.state == state)
    if before is not None:
        query = query.where(Delivery.id < before)
    rows = session.scalars(query.limit(PAGE + 1)).all()
    return rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None


def named(rows: Iterable[Delivery], *, by: User) -> dict[tuple[str, int], Named]:
    """Return kind and id → what the records of messages are called, if ``by`` sees them now.

    Three statements at most, however many messages there are.
    """
    wanted: dict[str, set[int]] = {}
    for row in rows:
        if row.record_id is not None:
            wanted.setdefault(row.object, set()).add(row.record_id)
    return record_names.of(wanted, seen_by=by)


def some_given_up(hook_id: int, *, by: User) -> bool:
    """Say whether there is anything to replay.

    Raises:
        Forbidden, NotFound
    """
    webhooks.get(hook_id, by=by)
    lost = select(Delivery.id).where(Delivery.webhook_id == hook_id, Delivery.state == "failed")
    return session.scalar(lost.limit(1)) is not None


def get(hook_id: int, delivery_id: int, *, by: User) -> Delivery:
    """Return a message.

    Raises:
        Forbidden, NotFound
    """
    webhooks.get(hook_id, by=by)
    found = session.get(Delivery, delivery_id)
    if found is None or found.webhook_id != hook_id:
        raise NotFound
    return found


def send_again(hook_id: int, delivery_id: int, *, by: User) -> None:
    """Send a message again at once, under the id that it had.

    Raises:
        Forbidden, NotFound
    """
    get(hook_id, delivery_id, by=by)
    with unit_of_work():
        _renew(Delivery.id == delivery_id)
        audit.note("webhook_replayed", by=by, about="webhook", about_id=hook_id, messages=1)
        later("webhooks.deliver")


def replay(hook_id: int, since: datetime, until: datetime, *, by: User) -> int:
    """Send all messages of a period again that were given up; return how many.

    Raises:
        Forbidden, NotFound
        Invalid: the period ends before it begins.
    """
    webhooks.get(hook_id, by=by)
    if until <= since:
        raise Invalid({"until": N_("Choose an end that is later than the beginning.")})
    own = (Delivery.webhook_id == hook_id, Delivery.state == "failed")
    with unit_of_work():
        period = (Delivery.created_at >= since, Delivery.created_at < until)
        count = session.scalar(select(func.count()).select_from(Delivery).where(*own, *period)) or 0
        _renew(*own, *period)
        audit.note("webhook_replayed", by=by, about="webhook", about_id=hook_id, messages=count)
        later("webhooks.deliver")
    return count


def _renew(*which: ColumnElement[bool]) -> None:
    fresh: dict[str, Any] = {"state": "waiting", "attempts": 0, "next_at": utcnow()}
    session.execute(
        update(Delivery).where(*which).values(**fresh),
        execution_options={"synchronize_session": False},
    )


def forget_old() -> int:
    """Delete a batch of messages that are older than is kept and do not wait; return how many."""
    old = (Delivery.created_at < utcnow() - KEPT_FOR, Delivery.state != "waiting")
    batch = select(Delivery.id).where(*old).order_by(Delivery.created_at).limit(_BATCH)
    some = session.scalar(batch.limit(1))
    session.rollback()
    if some is None:
        return 0
    with unit_of_work():
        gone = session.scalars(batch).all()
        session.execute(delete(Delivery).where(Delivery.id.in_(gone)))
    return len(gone)
