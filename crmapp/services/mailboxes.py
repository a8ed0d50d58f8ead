"""How far the mailbox of the installation is read, when it is read next, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from sqlalchemy import or_, select, update

from crmapp.config import settings
from crmapp.db import session, unit_of_work, utcnow
from crmapp.db.bulk import insert_into
from crmapp.domain.permissions import Right
from crmapp.errors import RunStopped
from crmapp.i18n import N_
from crmapp.models import Mailbox, User
from crmapp.queue import bell, ring, unheard
from crmapp.services.rights import need

JOB = "mails.collect"
EVERY = timedelta(minutes=1)
LATE = 3 * EVERY
LEASE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=1)
MOST_TRIES = 3
"""Who began so often without taking a letter or saying why stumbles over the next one."""
WHAT_TO_DO: dict[str, str] = {
    "away": N_(
        "The mail server does not answer. Check the host and the port in CRMAPP_IMAP_URL, and"
        " whether the server runs."
    ),
    "certificate": N_(
        "The certificate of the mail server cannot be trusted. Use the name of the host that the"
        " certificate was made for, or give its authority in SSL_CERT_FILE."
    ),
    "unencrypted": N_(
        "The mail server offers no encryption, so no password was sent. Use imaps:// in"
        " CRMAPP_IMAP_URL."
    ),
    "sign_in": N_(
        "The mail server refuses the user or the password. Correct them in CRMAPP_IMAP_URL, and"
        " restart crmapp."
    ),
    "folder": N_(
        "The mailbox has no such folder. Correct the end of CRMAPP_IMAP_URL, and restart crmapp."
    ),
    "answer": N_(
        "The mail server answered in a way that crmapp does not understand. Ask whoever runs it."
    ),
    "storage": N_(
        "crmapp cannot keep letters: its database or its disk is in trouble. Look at Admin >"
        " Health."
    ),
}
"""Trouble → what is wrong, and what to do."""


class Claim(NamedTuple):
    """The word of one who reads the mailbox; ``stuck`` if the others stumbled over a letter."""

    name: str
    fence: int
    uidvalidity: int
    last_uid: int
    interrupted: bool
    stuck: bool


@dataclass(frozen=True)
class Standing:
    """What an administrator is told of the mailbox; ``read_at`` is when all was read last.

    ``tries`` is how many began since a letter was taken and did not end as they should.
    """

    name: str
    read_at: datetime | None = None
    next_at: datetime | None = None
    trouble: str = ""
    tries: int = 0

    @property
    def what_to_do(self) -> str:
        return WHAT_TO_DO.get(self.trouble, self.trouble)

    @property
    def late(self) -> bool:
        """It was not read for so long that somebody should look."""
        return self.read_at is None or self.read_at < utcnow() - LATE

    @property
    def at_work(self) -> bool:
        """Somebody reads it at this moment, or has a moment ago, and took a letter."""
        return self.tries <= 1 and self.next_at is not None and self.next_at > utcnow() - LATE


def name() -> str:
    """Return what the mailbox is called: its user, host and folder; empty if there is none."""
    if settings().imap_url is None:
        return ""
    parts = urlsplit(settings().imap_url or "")
    port = f":{parts.port}" if parts.port else ""
    folder = unquote(parts.path.strip("/"))
    return f"{unquote(parts.username or '')}@{parts.hostname}{port}" + (folder and f"/{folder}")


def standing(*, by: User) -> Standing | None:
    """Return how the mailbox stands; none if the installation reads none.

    Raises:
        Forbidden: she lacks the right.
    """
    need(Right.SETTINGS_MANAGE, by=by)
    mine = name()
    if not mine:
        return None
    row = session.get(Mailbox, mine)
    if row is None:
        return Standing(mine)
    return Standing(mine, row.read_at, row.next_at, row.trouble, row.tries)


def read_soon(*, by: User) -> None:
    """Have the mailbox read now, whatever pause a trouble has made.

    Raises:
        Forbidden: she lacks the right.
    """
    need(Right.SETTINGS_MANAGE, by=by)
    with unit_of_work():
        session.execute(
            update(Mailbox)
            .where(Mailbox.name == name(), Mailbox.tries == 0)
            .values(next_at=utcnow())
        )
    wake()


def wake() -> bool:
    """Ring for whoever reads the mailbox if it is due; say whether that was heard."""
    mine = name()
    if not mine:
        return False
    row = session.get(Mailbox, mine)
    due = row is None or row.next_at <= utcnow() or row.next_at > utcnow() + LONGEST_PAUSE
    session.rollback()
    return due and bell(JOB) not in unheard() and ring(JOB)


def claim() -> Claim | None:
    """Take the mailbox for a while; none if it is not due, or somebody else has it."""
    mine, now = name(), utcnow()
    if not mine:
        return None
    with unit_of_work():
        row = insert_into(Mailbox).values(name=mine, next_at=now)
        session.execute(row.on_conflict_do_nothing(index_elements=["name"]))
        due = or_(Mailbox.next_at <= now, Mailbox.next_at > now + LONGEST_PAUSE)
        taken = session.execute(
            update(Mailbox)
            .where(Mailbox.name == mine, due)
            .values(fence=Mailbox.fence + 1, tries=Mailbox.tries + 1, next_at=now + LEASE)
            .returning(Mailbox.fence, Mailbox.uidvalidity, Mailbox.last_uid, Mailbox.tries)
        ).first()
    if taken is None:
        return None
    fence, uidvalidity, last_uid, tries = taken
    return Claim(mine, fence, uidvalidity, last_uid, tries > 1, tries > MOST_TRIES)


def begin(claim: Claim, uidvalidity: int) -> Claim:
    """Start from the first letter if the server has numbered them anew.

    Raises:
        RunStopped: somebody else has the mailbox.
    """
    if claim.uidvalidity == uidvalidity:
        return claim
    with unit_of_work():
        _note(claim, uidvalidity=uidvalidity, last_uid=0)
    return claim._replace(uidvalidity=uidvalidity, last_uid=0)


def took(claim: Claim, uid: int) -> None:
    """Inside a unit of work: note that the letter is taken, so that it is taken once.

    Raises:
        RunStopped: somebody else has the mailbox.
    """
    _note(claim, last_uid=uid, tries=1, next_at=utcnow() + LEASE)


def ended(claim: Claim, *, more: bool) -> None:
    """Note that a slice of time is over; ring again if letters are left."""
    now = utcnow()
    with unit_of_work():
        _note(
            claim,
            tries=0,
            failures=0,
            trouble="",
            next_at=now if more else now + EVERY,
            **({} if more else {"read_at": now}),
        )
    if more:
        ring(JOB)


def failed(claim: Claim, trouble: str) -> None:
    """Note what is wrong, and make a pause that is longer each time."""
    with unit_of_work():
        failures = session.scalar(select(Mailbox.failures).where(Mailbox.name == claim.name)) or 0
        pause = min(EVERY * 2 ** min(failures, 10), LONGEST_PAUSE)
        next_at = utcnow() + pause
        _note(claim, tries=0, failures=failures + 1, trouble=trouble, next_at=next_at)


def _note(claim: Claim, **values: object) -> None:
    held = (Mailbox.name == claim.name, Mailbox.fence == claim.fence)
    noted = update(Mailbox).where(*held).values(**values).returning(Mailbox.name)
    if session.execute(noted).first() is None:
        raise RunStopped
