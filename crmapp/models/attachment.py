"""Attachments: the files that people add to accounts and to their activities."""

from __future__ import annotations

from sqlalchemy import ColumnElement, ForeignKey, Index, and_, select, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmapp.db import Base
from crmapp.models.account import Account, Record
from crmapp.models.activity import Activity
from crmapp.models.user import User


class Attachment(Record, Base):
    """A file of an account, be it of one of its activities; ``sha256`` names its content."""

    __tablename__ = "attachment"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    activity_id: Mapped[int | None] = mapped_column(ForeignKey("activity.id"), index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(index=True)

    activity: Mapped[Activity | None] = relationship(foreign_keys=[activity_id], viewonly=True)

    __table_args__ = (
        Index("ix_attachment_account", "account_id", "deleted_at"),
        {"sqlite_autoincrement": True},
    )

    @classmethod
    def visible_to(cls, user: User, *, deleted: bool = False) -> ColumnElement[bool]:
        """An attachment is seen by whoever sees its account."""
        seen = cls.account_id.in_(select(Account.id).where(Account.visible_to(user)))
        return and_(seen, true() if deleted else cls.deleted_at.is_(None))


class MailDrop(Base):
    """How often the address that files e-mail of an account was made anew."""

    __tablename__ = "mail_drop"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    renewals: Mapped[int] = mapped_column(default=0)


class FiledMail(Base):
    """An e-mail that was filed: ``digest`` tells it by its Message-ID, else by its text."""

    __tablename__ = "filed_mail"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    activity_id: Mapped[int | None] = mapped_column(ForeignKey("activity.id"), index=True)
