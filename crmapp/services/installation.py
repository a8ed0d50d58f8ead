"""The state of the installation, for those who run it: its letters, and whether all is well."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from redis.exceptions import RedisError
from sqlalchemy import func, select

from crmapp.config import settings
from crmapp.db import session
from crmapp.domain.permissions import Right
from crmapp.domain.runs import ACTIVE
from crmapp.i18n import N_, Text
from crmapp.models import Account, MailOutbox, Run, User
from crmapp.queue import redis_client
from crmapp.services import mailboxes, readiness, seal_check
from crmapp.services.rights import need

PAGE = 50
LITTLE_SPACE = 500 * 1024 * 1024
MAIL_STATES: dict[str, str] = {
    "queued": N_("Queued"),
    "sending": N_("Sending"),
    "sent": N_("Sent"),
    "logged": N_("Only logged"),
    "failed": N_("Failed"),
}

LETTERS: dict[str, str] = {
    "run_ended": N_("A run has ended"),
    "run_failed": N_("A run has failed"),
    "run_waits": N_("A run waits for a person"),
    "sign_in": N_("Signing in"),
}
"""Kind of a notification → what it is about; its words are found when it is sent."""


UNREAD = N_(
    "Nobody reads it. Look whether the workers and the sweeper run, and whether the queue answers;"
    " then press “Read it now” in Admin > Mail. No letter is lost: they wait on the mail server."
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: ``kind`` is ok, warn or bad; ``read_at`` is of a mailbox."""

    label: str
    kind: str
    text: Text
    read_at: datetime | None = None


def letters(*, by: User, before: int | None = None) -> tuple[Sequence[MailOutbox], int | None]:
    """Return a page of the mail log, newest first, and the id to go on before, if there is more.

    Raises:
        Forbidden: she lacks the right.
    """
    need(Right.SETTINGS_MANAGE, by=by)
    query = select(MailOutbox).order_by(MailOutbox.id.desc()).limit(PAGE + 1)
    if before is not None:
        query = query.where(MailOutbox.id < before)
    rows = session.scalars(query).all()
    return rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None


def health(*, by: User) -> list[Finding]:
    """Look at everything the installation needs.

    Raises:
        Forbidden: she lacks the right.
    """
    need(Right.SETTINGS_MANAGE, by=by)
    checks = readiness.check()
    database = session.get_bind().dialect.name
    answers = Text(N_("%(name)s answers"), {"name": database})
    return [
        Finding(N_("Database"), "ok" if checks["database"] else "bad", answers),
        Finding(N_("Schema"), *_schema(checks["schema"])),
        Finding(N_("Queue"), *_queue()),
        Finding(N_("Runs"), *_runs()),
        Finding(N_("Mail"), *_mail()),
        *_mailbox(by),
        Finding(N_("Audit"), *_audit()),
        Finding(N_("Disk"), *_disk()),
        Finding(N_("Accounts"), "ok", Text(N_("%(count)s accounts"), {"count": _accounts()})),
    ]


def sends_mail() -> bool:
    """Say whether letters leave the house; else they are only listed and logged."""
    return settings().smtp_url is not None


def _schema(fits: bool) -> tuple[str, Text]:
    if fits:
        return "ok", Text(N_("Fits this version"))
    return "bad", Text(N_("Belongs to another version; restart with crmapp up"))


def _queue() -> tuple[str, Text]:
    try:
        with redis_client() as client:
            client.ping()
    except RedisError:
        return "warn", Text(N_("Does not answer; runs wait until it does, and nothing is lost"))
    return "ok", Text(N_("Answers"))


def _runs() -> tuple[str, Text]:
    active = [status.value for status in ACTIVE]
    count = session.scalar(select(func.count()).where(Run.status.in_(active))) or 0
    return "ok", Text(N_("%(count)s at work or waiting"), {"count": count})


def _mail() -> tuple[str, Text]:
    failed = session.scalar(select(func.count()).where(MailOutbox.status == "failed")) or 0
    if failed:
        return "warn", Text(N_("Letters that could not be sent: %(count)s"), {"count": failed})
    if not sends_mail():
        return "ok", Text(N_("No mail server is set: letters are kept here and logged"))
    return "ok", Text(N_("Letters leave by the mail server"))


def _mailbox(by: User) -> list[Finding]:
    """What there is to say of the mailbox that letters come to, if there is one."""
    box = mailboxes.standing(by=by)
    if box is None:
        return []
    kind = "ok"
    text = Text(N_("Letters are read and filed"))
    if box.trouble:
        kind, text = "bad" if box.late else "warn", Text(box.what_to_do)
    elif box.late and box.at_work:
        kind, text = "warn", Text(N_("Letters are being read, and there are more"))
    elif box.late:
        kind, text = "bad", Text(UNREAD)
    return [Finding(N_("Mailbox"), kind, text, box.read_at)]


def _audit() -> tuple[str, Text]:
    """Check the newest seals of the audit trail; all of them would take long."""
    found = seal_check.check(newest=5)
    if found.broken:
        return "bad", found.broken.sentence
    said = N_("The newest seals fit; rows that wait for one: %(count)s. crmapp doctor checks all")
    return "ok", Text(said, {"count": found.waiting})


def _disk() -> tuple[str, Text]:
    free = shutil.disk_usage(settings().home).free
    text = Text(N_("%(count)s MB free"), {"count": free >> 20})
    return ("ok" if free > LITTLE_SPACE else "bad"), text


def _accounts() -> int:
    return session.scalar(select(func.count()).where(Account.deleted_at.is_(None))) or 0
