"""Datasets that people made in the browser: source, design, and when they are refreshed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from crmapp.db import Base, utcnow


class StoredDataset(Base):
    """One dataset. ``text`` is its YAML, which every process reads; the rest is what makes it.

    ``name`` stands in addresses and in the ledger of identities: it is given once, when the draft
    is published, and stays. ``draft`` is what somebody is changing: source, sample and design as
    they will be.
    """

    __tablename__ = "dataset"

    DRAFT = "draft"
    LIVE = "live"
    RETIRED = "retired"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(unique=True)
    label_en: Mapped[str]
    label_fr: Mapped[str]
    state: Mapped[str] = mapped_column(default=DRAFT)
    folder: Mapped[str] = mapped_column(unique=True)
    source: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sample: Mapped[dict[str, Any]] = mapped_column(default=dict)
    design: Mapped[dict[str, Any]] = mapped_column(default=dict)
    draft: Mapped[dict[str, Any] | None]
    text: Mapped[str] = mapped_column(Text, default="")
    every: Mapped[int | None]  # minutes from refresh to refresh
    daily: Mapped[str | None]  # "06:30", in ``zone``
    zone: Mapped[str] = mapped_column(default="UTC")
    next_at: Mapped[datetime | None] = mapped_column(index=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)

    __table_args__ = ({"sqlite_autoincrement": True},)

    @property
    def lock_key(self) -> str:
        """One refresh at a time."""
        return f"dataset:{self.name}"
