"""Who should know what, by e-mail; written in the transaction of its cause."""

from __future__ import annotations

import hashlib
from email.utils import parseaddr
from typing import Any

from sqlalchemy import Select, select

from crmapp.config import settings
from crmapp.db import session, utcnow
from crmapp.db.bulk import insert_into, is_one_of
from crmapp.domain.permissions import Right
from crmapp.domain.runs import WRONG, Mail, Status
from crmapp.models import MailOutbox, Run, User
from crmapp.queue import later
from crmapp.services import feed_troubles
from crmapp.services.rights import who_holds

WATCHING = Right.SETTINGS_MANAGE
"""Who holds it is told when a run of somebody else fails, unless she said no."""
RESPONSIBLE = {
    "dataset_refresh": Right.DATASET_MANAGE,
    "managed_list": Right.INTEGRATION_MANAGE,
    "account_sync": Right.INTEGRATION_MANAGE,
    "feed": Right.INTEGRATION_MANAGE,
}
"""Kinds of runs that begin by themselves → who holds it is told as well when one of those fails."""


def run_ended(run_id: int) -> None:
    """Tell whoever started the run that it has ended, and administrators that it failed.

    If nobody started it, those who are responsible for such runs are told that it failed, too; and
    of a feed all of them, if it left rows out otherwise than the time before.

    One message each, whatever happens after, as far as they want to know.
    """
    run = session.execute(select(Run.by_id, Run.status, Run.kind).where(Run.id == run_id)).one()
    if run.by_id is not None:
        wanted = [Mail.ALL.value] + ([Mail.WRONG.value] if run.status in WRONG else [])
        hers = select(User.id, User.email).where(
            User.id == run.by_id, User.mail_own_runs.in_(wanted)
        )
        _notify(hers, "run_ended", run_id, f"run-{run_id}-ended")
    if run.status == Status.FAILED or _is_news(run_id, run):
        rights = {WATCHING} | (
            {RESPONSIBLE.get(run.kind, WATCHING)} if run.by_id is None else set()
        )
        watching = select(User.id, User.email).where(
            is_one_of(User.id, who_holds(*rights)),
            User.mail_failed_runs,
            User.id != (run.by_id or 0),
        )
        _notify(watching, "run_failed", run_id, f"run-{run_id}-failed-{{}}")
    later("mails.deliver")


def _is_news(run_id: int, run: Any) -> bool:
    """Whether a feed that began by itself has left rows out that nobody knows of."""
    if run.by_id is not None or run.kind != "feed" or run.status != Status.DONE_WITH_ERRORS:
        return False
    return feed_troubles.are_new(session.get_one(Run, run_id))


def run_waits(run_id: int) -> None:
    """Tell those who may decide that a run waits for a person: whoever started it, else all."""
    by_id = session.scalar(select(Run.by_id).where(Run.id == run_id))
    told = who_holds(Right.INTEGRATION_MANAGE) if by_id is None else [by_id]
    people = select(User.id, User.email).where(User.active, is_one_of(User.id, told))
    _notify(people, "run_waits", run_id, f"run-{run_id}-waits-{{}}")
    later("mails.deliver")


def _notify(people: Select[int, str], kind: str, run_id: int, key: str) -> None:
    """Put a letter to each of ``people`` into the outbox; ``key`` may hold a place for her id."""
    for person in session.execute(people.order_by(User.id)):
        tell(person.id, person.email, kind, {"run_id": run_id}, key.format(person.id))


def tell(person_id: int, address: str, kind: str, params: dict[str, Any], key: str) -> None:
    """Put a letter to a person into the outbox, unless there has been one by this ``key``.

    Expects a unit of work around it.
    """
    moment = utcnow()
    session.execute(
        insert_into(MailOutbox)
        .values(
            key=key,
            message_id=message_id(key),
            recipient=address,
            user_id=person_id,
            kind=kind,
            params=params,
            subject="",
            text="",
            status="queued",
            attempts=0,
            next_at=moment,
            created_at=moment,
        )
        .on_conflict_do_nothing(index_elements=["key"])
    )


def message_id(key: str) -> str:
    """Return the Message-ID of a notification: the same key is the same letter, sent once.

    No other installation has the same one: readers' mail servers drop what they have seen.
    """
    digest = hashlib.sha256(f"{settings().session_key()}:{key}".encode()).hexdigest()[:32]
    return f"<{digest}@{parseaddr(settings().mail_from)[1].rpartition('@')[2]}>"
