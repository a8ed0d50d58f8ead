"""The outbox: letters written in the transaction of their cause, sent later, each under one id."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update

from crmapp.config import settings
from crmapp.db import session, unit_of_work, utcnow
from crmapp.mail import messages
from crmapp.mail.post import Carrier, Envelope, Refused, Undeliverable, carrier
from crmapp.models import MailOutbox
from crmapp.services.notifications import message_id

AT_ONCE = 20
ATTEMPTS = 10
LEASE = timedelta(minutes=2)
LONGEST_PAUSE = timedelta(hours=1)


def post(
    *, key: str, recipient: str, subject: str, text: str, html: str | None, user_id: int | None
) -> None:
    """Add a letter whose words are known; the caller's transaction keeps it or not."""
    session.add(
        MailOutbox(
            key=key,
            message_id=message_id(key),
            recipient=recipient,
            subject=subject,
            text=text,
            html=html,
            user_id=user_id,
        )
    )


def deliver_due(by: Carrier | None = None) -> int:
    """Send the letters that are due and return how many went.

    A letter is leased before it is sent, so that two senders do not send it twice; one who dies in
    between leaves it to be sent again under the same Message-ID.
    """
    by = by or carrier(settings())
    sent = 0
    for letter_id in _lease(utcnow()):
        sent += _send(letter_id, by)
    return sent


def _lease(now: datetime) -> list[int]:
    waiting = (MailOutbox.status == "queued") & (MailOutbox.next_at <= now)
    if session.scalar(select(MailOutbox.id).where(waiting).limit(1)) is None:
        session.rollback()
        return []
    with unit_of_work():
        due = (
            select(MailOutbox.id)
            .where(waiting)
            .order_by(MailOutbox.id)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        ids = list(session.scalars(due))
        session.execute(
            update(MailOutbox)
            .where(MailOutbox.id.in_(ids))
            .values(next_at=now + LEASE, attempts=MailOutbox.attempts + 1)
        )
    return ids


def _send(letter_id: int, by: Carrier) -> bool:
    letter = session.get(MailOutbox, letter_id)
    if letter is None:
        return False
    attempts = letter.attempts
    try:
        words = messages.write(letter)
        envelope = Envelope(letter.message_id, letter.recipient, words, letter.created_at)
        session.rollback()  # a slow mail server must not hold a transaction open
        by.carry(envelope)
    except (messages.Unwritable, Refused) as error:
        return _note(letter_id, status="failed", error=str(error))
    except Undeliverable as error:
        if attempts >= ATTEMPTS:
            return _note(letter_id, status="failed", error=str(error))
        return _note(letter_id, next_at=utcnow() + _pause(attempts), error=str(error))
    _note(
        letter_id,
        status=by.outcome,
        sent_at=utcnow(),
        error=None,
        subject=words.subject,
        text=words.text,
        html=words.html,
    )
    return True


def _note(letter_id: int, **values: object) -> bool:
    with unit_of_work():
        session.execute(update(MailOutbox).where(MailOutbox.id == letter_id).values(**values))
    return False


def _pause(attempts: int) -> timedelta:
    return min(timedelta(seconds=15 * 2**attempts), LONGEST_PAUSE)
