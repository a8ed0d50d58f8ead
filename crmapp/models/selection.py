"""Selections in the grid: predicates kept on the server, their id in the URL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from crmapp.db import Base, utcnow


class StoredSelection(Base):
    """Some keys of a dimension, or all that match a question except some keys.

    One of a favourite is read by whoever may open that, and changed by nobody.
    """

    __tablename__ = "selection"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    favourite_id: Mapped[int | None] = mapped_column(ForeignKey("favourite.id"), index=True)
    dataset: Mapped[str]
    dimension: Mapped[str]
    mode: Mapped[str]  # some | all
    keys: Mapped[list[str]] = mapped_column(default=list)  # selected, or left out of all
    args: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the question that "all" matches
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
