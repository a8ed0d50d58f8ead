"""Pairs of accounts that are likely the same customer, and those that a person keeps apart."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from crmapp.db import Base

_OPEN = text("different_at IS NULL")


class AccountPair(Base):
    """Two accounts, the lower id first, and why they may be one.

    ``reasons`` are values of :class:`crmapp.domain.duplicates.Alike`, ``score`` is their weight.
    ``run_id`` is the search that found it last. ``different_at`` says since when a person holds
    them for two; that stays, whatever later searches find.
    """

    __tablename__ = "account_pair"

    first_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True
    )
    second_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    reasons: Mapped[list[Any]] = mapped_column(default=list)
    score: Mapped[int] = mapped_column(default=0)
    run_id: Mapped[int | None]  # run.id
    different_at: Mapped[datetime | None]
    different_by: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))

    __table_args__ = (
        Index(
            "ix_account_pair_open",
            "score",
            "first_id",
            "second_id",
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )
