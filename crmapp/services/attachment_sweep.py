"""Removes the bytes of attachments that nobody can bring back any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import or_, select

from crmapp import contents
from crmapp.db import session, utcnow
from crmapp.db.bulk import is_one_of
from crmapp.models import Attachment
from crmapp.services.attachments import KEPT

_GRACE = timedelta(days=1)
"""Whoever brings a file back at the last moment still finds its bytes."""
_AT_ONCE = 500


def forget_old() -> int:
    """Look through one of the folders, now and then, and return how many files were removed."""
    folder = contents.next_folder()
    return 0 if folder is None else forget(folder)


def forget(folder: str) -> int:
    """Remove the files of a folder that no attachment needs, and return how many."""
    gone = contents.sweep(folder, _needed)
    session.rollback()
    return gone


def _needed(hashes: Sequence[str]) -> set[str]:
    session.rollback()  # what was committed since is seen
    limit = utcnow() - KEPT - _GRACE
    living = or_(Attachment.deleted_at.is_(None), Attachment.deleted_at > limit)
    found: set[str] = set()
    for first in range(0, len(hashes), _AT_ONCE):
        some = is_one_of(Attachment.sha256, hashes[first : first + _AT_ONCE])
        found |= set(session.scalars(select(Attachment.sha256).where(some, living)))
    return found
