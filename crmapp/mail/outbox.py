"""The outbox: letters written in the transaction of their cause, sent later by the sweeper."""

from __future__ import annotations

import hashlib

from crmapp.config import settings
from crmapp.db import session
from crmapp.models.mail import MailOutbox


def post_ready_made(
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


def message_id(key: str) -> str:
    """Return the Message-ID of a notification: the same key is the same letter, sent once."""
    digest = hashlib.sha256(f"{settings().session_key()}:{key}".encode()).hexdigest()[:32]
    return f"<{digest}@{settings().mail_from.rpartition('@')[2] or 'crmapp'}>"
