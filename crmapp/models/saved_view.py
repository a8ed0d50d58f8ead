"""Views of the list of accounts that people keep by a name, for themselves or for others."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, ForeignKey, Index, and_, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from crmapp.db import Base, utcnow
from crmapp.models.audience import TEAM, Shared
from crmapp.models.user import User


class SavedView(Shared, Base):
    """A kept question about accounts: it shows each reader those that are open to her.

    ``args`` are the arguments of the list's address, in the order of
    :func:`crmapp.services.view_questions.written`. Each change makes another ``version``.
    """

    __tablename__ = "saved_view"

    id: Mapped[int] = mapped_column(primary_key=True)
    args: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    changed_at: Mapped[datetime] = mapped_column(default=utcnow)

    @classmethod
    def found_by(
        cls, reader: int | BindParameter[int], *, looks_after_them: bool
    ) -> ColumnElement[bool]:
        """Which views a person finds; if she looks after them, those of teams whose maker left."""
        seen = cls.shared_with(reader)
        if not looks_after_them:
            return seen
        left = select(User.id).where(User.active.is_(False))
        return or_(seen, and_(cls.audience == TEAM, cls.user_id.in_(left)))

    __table_args__ = (
        Index("uq_saved_view", "user_id", "name", unique=True),
        {"sqlite_autoincrement": True},
    )
