"""Activities: what happened with an account and what comes next."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Text,
    and_,
    select,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmapp.db import Base, utcnow
from crmapp.domain.planned import LENGTH
from crmapp.models.account import Account, Record
from crmapp.models.contact import Contact
from crmapp.models.user import User

OPEN = (
    "deleted_at IS NULL AND kind IN ('task', 'meeting')"
    " AND coalesce(status, '') NOT IN ('completed', 'cancelled')"
)
"""What is still to be done, in the words of its index."""
COMPLETED = "deleted_at IS NULL AND completed_at IS NOT NULL"
REMINDS = "deleted_at IS NULL AND remind_minutes IS NOT NULL"


def _only(where: str) -> dict[str, Any]:
    """Limit an index to the rows of which ``where`` is true."""
    return {"sqlite_where": text(where), "postgresql_where": text(where)}


class Activity(Record, Base):
    """A call, meeting, task, note or e-mail. ``happens_at`` is when it took place or is due.

    ``remind_minutes`` before that its owner gets an e-mail. ``length_minutes`` is how long a
    meeting takes, if it is not as long as meetings usually are. ``completed_at`` and
    ``completed_by_id`` follow from the status: see :mod:`crmapp.domain.planned`.
    """

    __tablename__ = "activity"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    kind: Mapped[str]
    subject: Mapped[str]
    call_type: Mapped[str | None]
    status: Mapped[str | None]
    happens_at: Mapped[datetime] = mapped_column(default=utcnow)
    remind_minutes: Mapped[int | None]
    length_minutes: Mapped[int | None]
    completed_at: Mapped[datetime | None]
    completed_by_id: Mapped[int | None]  # user.id; the log, where it is from, names her as well
    notes: Mapped[str | None] = mapped_column(Text)

    account: Mapped[Account] = relationship(foreign_keys=[account_id], viewonly=True)
    contact: Mapped[Contact | None] = relationship(foreign_keys=[contact_id], viewonly=True)
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id], viewonly=True)

    __table_args__ = (
        Index("ix_activity_timeline", "account_id", "happens_at"),
        Index("ix_activity_open", "owner_id", "happens_at", "id", **_only(OPEN)),
        Index("ix_activity_done", "completed_by_id", "completed_at", **_only(COMPLETED)),
        Index("ix_activity_remind", "remind_minutes", "happens_at", **_only(REMINDS)),
        {"sqlite_autoincrement": True},
    )

    @classmethod
    def visible_to(cls, user: User, *, deleted: bool = False) -> ColumnElement[bool]:
        """An activity is seen by whoever sees its account."""
        seen = cls.account_id.in_(select(Account.id).where(Account.visible_to(user)))
        return and_(seen, true() if deleted else cls.deleted_at.is_(None))

    @property
    def takes(self) -> int | None:
        """How many minutes a meeting takes; nothing else has a length."""
        return (self.length_minutes or LENGTH) if self.kind == "meeting" else None

    @classmethod
    def is_open(cls) -> ColumnElement[bool]:
        """A task or meeting that is neither completed nor cancelled, as its index says it."""
        return _said(OPEN)

    @classmethod
    def is_past(cls) -> ColumnElement[bool]:
        """What took place, or is completed or cancelled: all that is not open."""
        return _said(f"NOT ({OPEN})")

    @classmethod
    def is_completed(cls) -> ColumnElement[bool]:
        return _said(COMPLETED)

    @classmethod
    def reminds(cls) -> ColumnElement[bool]:
        return _said(REMINDS)


def _said(where: str) -> ColumnElement[bool]:
    """Ask with an index's own words, in which a column is one of the table's."""
    words = re.sub(
        r"\b(deleted_at|kind|status|completed_at|remind_minutes)\b", r"activity.\1", where
    )
    return cast("ColumnElement[bool]", text(words))
