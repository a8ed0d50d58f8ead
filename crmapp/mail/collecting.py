"""Takes the letters out of the mailbox: each is filed or kept once, then marked as seen there."""

from __future__ import annotations

import logging
from functools import partial
from time import monotonic

from crmapp.config import settings
from crmapp.errors import RunStopped, Unavailable
from crmapp.mail.mailbox import Box, BoxTrouble, open_box
from crmapp.queue import leaving
from crmapp.services import mail_filing, mailboxes, unfiled
from crmapp.services.mailboxes import Claim

log = logging.getLogger(__name__)


def collect() -> int:
    """Take the letters that wait, for one slice of time, and return how many there were.

    A letter counts as taken by its UID, which is noted in the transaction that files or keeps it;
    whoever dies before or after repeats nothing. While the server is away the pauses grow.
    """
    claim = mailboxes.claim()
    if claim is None:
        return 0
    count = 0
    try:
        with open_box(settings().imap_url or "") as box:
            claim = mailboxes.begin(claim, box.uidvalidity)
            count, more = _take(box, claim)
        mailboxes.ended(claim, more=more)
    except BoxTrouble as error:
        log.warning("the mailbox cannot be read: %s", error)
        mailboxes.failed(claim, error.code)
    except Unavailable as error:
        log.warning("letters cannot be kept: %s", error)
        mailboxes.failed(claim, "storage")
    except RunStopped:
        log.info("somebody else reads the mailbox now")
    return count


def _take(box: Box, claim: Claim) -> tuple[int, bool]:
    """Take letter after letter; return how many, and whether the time was over before the end."""
    count, end = 0, monotonic() + settings().time_slice
    if claim.interrupted and claim.last_uid:
        box.mark(claim.last_uid)  # whoever took it may have died before this
    for uid in box.letters(claim.last_uid):
        if monotonic() > end or leaving():
            return count, True
        took = partial(mailboxes.took, claim, uid)
        if claim.stuck and not count:
            unfiled.keep_unread(f"{claim.name} {claim.uidvalidity} {uid}", took)
        elif (raw := box.read(uid, mail_filing.largest() + 1)) is not None:
            unfiled.take(raw, took)
        else:  # somebody removed it meanwhile
            continue
        box.mark(uid)
        count += 1
    return count, False
