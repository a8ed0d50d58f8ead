"""Who should know what, by e-mail; written in the transaction of its cause."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from crmapp.db import session, utcnow
from crmapp.db.bulk import dialect
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
    insert = postgresql.insert if dialect() == "postgresql" else sqlite.insert
    moment = utcnow()
    session.execute(
        insert(MailOutbox)
        .values(
            key=key,
            message_id=f"<{key}@crmapp>",
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
