"""Who should know what, by e-mail; written in the transaction of its cause."""

from __future__ import annotations

import hashlib
from email.utils import parseaddr

from sqlalchemy import select

from crmapp.config import settings
from crmapp.db import session, utcnow
from crmapp.db.bulk import insert_into
from crmapp.models import MailOutbox, Run, User
from crmapp.queue import later


def run_ended(run_id: int) -> None:
    """Tell whoever started the run that it has ended: one message, whatever happens after."""
    found = session.execute(
        select(Run.by_id, User.email).join(User, User.id == Run.by_id).where(Run.id == run_id)
    ).one_or_none()
    if found is None:
        return
    key = f"run-{run_id}-ended"
    moment = utcnow()
    session.execute(
        insert_into(MailOutbox)
        .values(
            key=key,
            message_id=message_id(key),
            recipient=found.email,
            user_id=found.by_id,
            kind="run_ended",
            params={"run_id": run_id},
            subject="",
            text="",
            status="queued",
            attempts=0,
            next_at=moment,
            created_at=moment,
        )
        .on_conflict_do_nothing(index_elements=["key"])
    )
    later("mails.deliver")


def message_id(key: str) -> str:
    """Return the Message-ID of a notification: the same key is the same letter, sent once.

    No other installation has the same one: readers' mail servers drop what they have seen.
    """
    digest = hashlib.sha256(f"{settings().session_key()}:{key}".encode()).hexdigest()[:32]
    return f"<{digest}@{parseaddr(settings().mail_from)[1].rpartition('@')[2]}>"
