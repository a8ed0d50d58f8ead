"""The database: base class, session, the only commit, and bulk verbs per dialect."""

from crmapp.db.base import LARGEST_ID, Base, Folded, Json, Money, UtcDateTime, utcnow
from crmapp.db.session import (
    after_commit,
    be_alone,
    beside,
    connection,
    db,
    is_kept,
    keep_little,
    read_only,
    session,
    unit_of_work,
    while_unchanged,
    writing,
)

__all__ = [
    "LARGEST_ID",
    "Base",
    "Folded",
    "Json",
    "Money",
    "UtcDateTime",
    "after_commit",
    "be_alone",
    "beside",
    "connection",
    "db",
    "is_kept",
    "keep_little",
    "read_only",
    "session",
    "unit_of_work",
    "utcnow",
    "while_unchanged",
    "writing",
]
