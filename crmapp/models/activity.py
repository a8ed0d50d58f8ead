"""Activities: what happened with an account and what comes next."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, Text, and_, select, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmapp.db import Base, utcnow
from crmapp.models.account import Account, Record
from crmapp.models.contact import Contact
from crmapp.models.user import User


class Activity(Record, Base):
    """A call, meeting, task, note or e-mail. ``happens_at`` is when it took place or is due."""

    __tablename__ = "activity"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    kind: Mapped[str]
    subject: Mapped[str]
    call_type: Mapped[str | None]
    status: Mapped[str | None]
    happens_at: Mapped[datetime] = mapped_column(default=utcnow)
    notes: Mapped[str | None] = mapped_column(Text)

    account: Mapped[Account] = relationship(foreign_keys=[account_id], viewonly=True)
    contact: Mapped[Contact | None] = relationship(foreign_keys=[contact_id], viewonly=True)
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id], viewonly=True)

    __table_args__ = (
        Index("ix_activity_timeline", "account_id", "happens_at"),
        {"sqlite_autoincrement": True},
    )

    @classmethod
    def visible_to(cls, user: User, *, deleted: bool = False) -> ColumnElement[bool]:
        """An activity is seen by whoever sees its account."""
        seen = cls.account_id.in_(select(Account.id).where(Account.visible_to(user)))
        return and_(seen, true() if deleted else cls.deleted_at.is_(None))
