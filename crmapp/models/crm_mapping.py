"""CRM mappings: standing rules by which sources create and keep accounts, in versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmapp.db import Base, utcnow
from crmapp.models.user import User


class CrmMapping(Base):
    """Several sources in an order, each with a mapping of its columns, and when they are read.

    ``content`` is a :class:`crmapp.domain.feeds.Content`. Without any of ``every``, ``daily`` and
    ``cron`` it runs on demand only. ``known`` is what the last run that ended well found.
    """

    __tablename__ = "crm_mapping"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version: Mapped[int] = mapped_column(default=1)
    every: Mapped[int | None]
    daily: Mapped[str | None]
    cron: Mapped[str | None]
    zone: Mapped[str] = mapped_column(default="UTC")
    next_at: Mapped[datetime | None]
    guard_percent: Mapped[int] = mapped_column(default=20)
    known: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)

    versions: Mapped[list[CrmMappingVersion]] = relationship(
        order_by="CrmMappingVersion.version.desc()", viewonly=True
    )

    __table_args__ = (
        Index("uq_crm_mapping_name", "name", unique=True),
        Index("ix_crm_mapping_next_at", "next_at"),
        {"sqlite_autoincrement": True},
    )

    @property
    def lock_key(self) -> str:
        """What its runs share: one of them works at a time."""
        return f"feed:{self.id}"


class CrmMappingVersion(Base):
    """One version of a CRM mapping, as it was saved and by whom."""

    __tablename__ = "crm_mapping_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    mapping_id: Mapped[int] = mapped_column(ForeignKey("crm_mapping.id"))
    version: Mapped[int]
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    at: Mapped[datetime] = mapped_column(default=utcnow)

    by: Mapped[User | None] = relationship(viewonly=True)

    __table_args__ = (
        Index("uq_crm_mapping_version", "mapping_id", "version", unique=True),
        {"sqlite_autoincrement": True},
    )


class FeedCursor(Base):
    """How far a CRM mapping has read one of its sources.

    ``count`` is how many rows the last reading of everything gave, at ``whole_at``; ``read_at`` is
    when it was read last, in whole or not.
    """

    __tablename__ = "feed_cursor"

    mapping_id: Mapped[int] = mapped_column(ForeignKey("crm_mapping.id"), primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("feed_source.id"), primary_key=True)
    cursor: Mapped[dict[str, Any] | None]
    count: Mapped[int | None]
    whole_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
