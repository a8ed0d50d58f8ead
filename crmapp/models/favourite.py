"""Favourites: grids that people keep by a name, for themselves or for others."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, ForeignKey, and_
from sqlalchemy.orm import Mapped, mapped_column

from crmapp.db import Base, utcnow
from crmapp.models.audience import Shared


class Favourite(Shared, Base):
    """A kept question: it names rows and columns, and shows each reader the figures open to her.

    A deleted one is found no more, but what builds on it still answers.
    """

    __tablename__ = "favourite"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    dataset: Mapped[str]
    dimension: Mapped[str]
    args: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)
    deleted_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, reader: int | BindParameter[int]) -> ColumnElement[bool]:
        """Which favourites a person finds, as a condition; ``reader`` is her id."""
        return and_(cls.shared_with(reader), cls.deleted_at.is_(None))
