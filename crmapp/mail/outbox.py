"""The outbox: letters written in the transaction of their cause, sent later, each under one id."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy import ColumnElement, or_, select, update

from crmapp.config import settings
from crmapp.db import session, unit_of_work, utcnow
from crmapp.mail import messages
from crmapp.mail.post import Carrier, Envelope, Refused, Undeliverable, carrier
from crmapp.models import MailOutbox
from crmapp.services.notifications import message_id

AT_ONCE = 20
ATTEMPTS = 31  # with the pauses between them, a little more than a day
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
    """Send letters that are due, the oldest first, and return how many went.

    A letter is leased when its turn comes, so that two senders do not send it twice; one who dies
    in between leaves it to be sent again under the same Message-ID. A mail server that is away is
    left alone until the next call.
    """
    by = by or carrier(settings())
    sent, abandoned = 0, _abandoned()
    for _turn in range(AT_ONCE):
        letter_id = _lease(utcnow(), abandoned)
        if letter_id is None:
            break
        try:
            sent += _send(letter_id, by)
        except Undeliverable as error:
            _put_off(letter_id, error)
            break
    return sent


def _abandoned() -> Sequence[int]:
    """Return the letters whose senders must have died: we have watched them for a whole lease.

    The end of a lease is said by the sender's clock, which may be wrong.
    """
    leased = (MailOutbox.status == "queued", MailOutbox.attempts > 0, MailOutbox.error.is_(None))
    now, before = monotonic(), dict(_watched)
    _watched.clear()
    for letter_id, attempts in session.execute(
        select(MailOutbox.id, MailOutbox.attempts).where(*leased)
    ):
        _watched[letter_id, attempts] = before.get((letter_id, attempts), now)
    over = LEASE.total_seconds()
    return [letter_id for (letter_id, _), since in _watched.items() if now - since >= over]


_watched: dict[tuple[int, int], float] = {}
"""Letters that somebody has taken, by id and attempts, and since when this process knows it."""


def _lease(now: datetime, abandoned: Sequence[int]) -> int | None:
    """Take the next letter for a while; ``None`` if none is due."""
    due_now = or_(_is_due(now), MailOutbox.id.in_(abandoned))
    waiting = (MailOutbox.status == "queued") & due_now
    due = select(MailOutbox.id).where(waiting).order_by(MailOutbox.id).limit(1)
    if session.scalar(due) is None:
        session.rollback()
        return None
    with unit_of_work():
        letter_id = session.scalar(due.with_for_update(skip_locked=True))
        session.execute(
            update(MailOutbox)
            .where(MailOutbox.id == letter_id)
            .values(next_at=now + LEASE, attempts=MailOutbox.attempts + 1, error=None)
        )
    return letter_id


def _is_due(now: datetime) -> ColumnElement[bool]:
    """Its moment has come, or was said by a clock that was wrong: the writer's, or a sender's."""
    return or_(
        MailOutbox.next_at <= now,
        MailOutbox.attempts == 0,
        MailOutbox.next_at > now + LONGEST_PAUSE,
    )


def _send(letter_id: int, by: Carrier) -> bool:
    """Send one letter and note what became of it.

    Raises:
        Undeliverable: the mail server is away; nothing is noted.
    """
    letter = session.get(MailOutbox, letter_id)
    if letter is None:
        return False
    try:
        words = messages.write(letter)
        envelope = Envelope(letter.message_id, letter.recipient, words, letter.created_at)
        session.rollback()  # a slow mail server must not hold a transaction open
        by.carry(envelope)
    except (messages.Unwritable, Refused) as error:
        _note(letter_id, status="failed", error=str(error))
        return False
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


def _put_off(letter_id: int, error: Undeliverable) -> None:
    """Try again later, longer each time; give up after a day."""
    letter = session.get_one(MailOutbox, letter_id)
    if letter.attempts >= ATTEMPTS:
        _note(letter_id, status="failed", error=str(error))
    else:
        _note(letter_id, next_at=utcnow() + _pause(letter.attempts), error=str(error))


def _note(letter_id: int, **values: object) -> None:
    with unit_of_work():
        session.execute(update(MailOutbox).where(MailOutbox.id == letter_id).values(**values))


def _pause(attempts: int) -> timedelta:
    return min(timedelta(seconds=15 * 2**attempts), LONGEST_PAUSE)
