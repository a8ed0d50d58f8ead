"""E-mails: those to be sent, the mailbox that others come from, and those that nobody filed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmapp.db import Base, utcnow
from crmapp.models.activity import Activity
from crmapp.models.user import User


class MailOutbox(Base):
    """One e-mail; ``key`` names the notification, so that one notification is one message.

    A service that notifies somebody writes ``kind`` and ``params``; the words are found when the
    message is sent, in the language of ``user``. Ready-made messages carry subject and text.
    """

    __tablename__ = "mail_outbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    message_id: Mapped[str] = mapped_column(unique=True)
    recipient: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    kind: Mapped[str | None]
    params: Mapped[dict[str, Any]] = mapped_column(default=dict)
    subject: Mapped[str] = mapped_column(default="")
    text: Mapped[str] = mapped_column(Text, default="")
    html: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(default="queued", index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(default=utcnow)
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class Mailbox(Base):
    """How far a mailbox is read: all letters up to ``last_uid``, as long as its UIDs are the same.

    Whoever reads it holds ``fence`` until ``next_at``. ``tries`` counts those who began since a
    letter was taken last and did not end as they should.
    """

    __tablename__ = "mailbox"

    name: Mapped[str] = mapped_column(primary_key=True)
    uidvalidity: Mapped[int] = mapped_column(BigInteger, default=0)
    last_uid: Mapped[int] = mapped_column(BigInteger, default=0)
    fence: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    trouble: Mapped[str] = mapped_column(default="")
    next_at: Mapped[datetime] = mapped_column(default=utcnow)
    read_at: Mapped[datetime | None]


class UnfiledLetter(Base):
    """A letter that came by the mailbox and could not be filed on an account by itself.

    ``sha256`` names its content where that is kept. Once a person has filed or discarded it, it is
    settled: by whom, when, and as which activity.
    """

    __tablename__ = "unfiled_letter"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    reason: Mapped[str]
    sender: Mapped[str]
    recipients: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[datetime | None]
    came_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    sha256: Mapped[str | None] = mapped_column(index=True)
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    activity_id: Mapped[int | None] = mapped_column(
        ForeignKey("activity.id", ondelete="SET NULL"), index=True
    )

    settled_by: Mapped[User | None] = relationship(foreign_keys=[settled_by_id], viewonly=True)
    activity: Mapped[Activity | None] = relationship(foreign_keys=[activity_id], viewonly=True)

    __table_args__ = (Index("ix_unfiled_letter_settled_at", "settled_at", "id"),)

    @classmethod
    def waits(cls) -> ColumnElement[bool]:
        """Nobody has said yet what is to become of it."""
        return cls.settled_at.is_(None)
