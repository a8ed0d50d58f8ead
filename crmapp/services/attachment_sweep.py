"""Removes the bytes of attachments that nobody can bring back, and of letters that are gone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import or_, select

from crmapp import contents
from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.models import Attachment, UnfiledLetter
from crmapp.services import retention

_GRACE = timedelta(days=1)
"""Whoever brings a file back at the last moment still finds its bytes."""
_AT_ONCE = 500


def forget_old() -> int:
    """Look through one of the folders, now and then, and return how many files were removed."""
    folder = contents.next_folder()
    return 0 if folder is None else forget(folder)


def forget(folder: str) -> int:
    """Remove the files of a folder that nothing needs, and return how many."""
    gone = contents.sweep(folder, _needed)
    session.rollback()
    return gone


def _needed(hashes: Sequence[str]) -> set[str]:
    session.rollback()  # what was committed since is seen
    limit = retention.since(retention.DELETED_FILES) - _GRACE
    living = or_(Attachment.deleted_at.is_(None), Attachment.deleted_at > limit)
    found: set[str] = set()
    for first in range(0, len(hashes), _AT_ONCE):
        some = hashes[first : first + _AT_ONCE]
        named = select(Attachment.sha256).where(is_one_of(Attachment.sha256, some), living)
        letters = select(UnfiledLetter.sha256).where(is_one_of(UnfiledLetter.sha256, some))
        for query in (named, letters):
            found |= set(session.scalars(query))
    return found
