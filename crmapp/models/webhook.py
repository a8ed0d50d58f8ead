"""Webhooks: addresses that are told what changes, and what became of each message."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from crmapp.db import Base, utcnow


class Webhook(Base):
    """An address that is told of events: all changes of the log up to ``cursor`` are looked at.

    ``secrets`` is an encrypted JSON object (:mod:`crmapp.services.vault`). ``fields`` narrow
    updates down (``account.status``). What is in the log up to ``upto`` is final once all
    transactions below ``horizon`` have ended. Who sends for it holds ``fence`` until
    ``leased_until``. ``off_reason`` says why it is off if nobody switched it off: ``gone``.
    """

    __tablename__ = "webhook"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    url: Mapped[str] = mapped_column(Text)
    secrets: Mapped[str] = mapped_column(Text)
    events: Mapped[list[str]]
    fields: Mapped[list[str]]
    active: Mapped[bool] = mapped_column(default=True)
    off_reason: Mapped[str] = mapped_column(default="")
    cursor: Mapped[int] = mapped_column(default=0)
    upto: Mapped[int] = mapped_column(default=0)
    horizon: Mapped[int] = mapped_column(BigInteger, default=0)
    fence: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class Delivery(Base):
    """A message of a webhook; ``change_id`` is the change that it tells, none for a ping.

    ``event`` names that change also after a backup was restored, when its id is taken once more.
    ``state`` is waiting, delivered or failed (given up). ``answer`` is the beginning of what the
    receiver said last, ``error`` why it said nothing.
    """

    __tablename__ = "webhook_delivery"

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    change_id: Mapped[int | None]
    event: Mapped[str] = mapped_column(default="")
    kind: Mapped[str]
    object: Mapped[str] = mapped_column(default="")
    record_id: Mapped[int | None]
    state: Mapped[str] = mapped_column(default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    status: Mapped[int | None]
    seconds: Mapped[float | None]
    answer: Mapped[str] = mapped_column(Text, default="")
    error: Mapped[str] = mapped_column(default="")
    next_at: Mapped[datetime] = mapped_column(default=utcnow)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    tried_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_webhook_delivery_due", "webhook_id", "state", "next_at"),
        Index("ix_webhook_delivery_record", "webhook_id", "object", "record_id", "id"),
        Index("ix_webhook_delivery_created_at", "created_at"),
        Index("uq_webhook_delivery_change", "webhook_id", "change_id", unique=True),
    )

    @property
    def event_id(self) -> str:
        """What names the event, however often it is sent."""
        return self.event or f"ping_{self.id}"
