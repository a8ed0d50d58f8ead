"""Favourites: grids that people keep by a name, for themselves or for others."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, ForeignKey, and_, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from crmapp.db import Base, utcnow
from crmapp.models.user import team_member

MINE, TEAM, EVERYONE = "mine", "team", "everyone"


class Favourite(Base):
    """A kept question: it names rows and columns, and shows each reader the figures open to her.

    ``audience`` is who finds it: ``mine``, ``team`` (those of ``team_id``), ``everyone``. It stays
    when its maker leaves. A deleted one is found no more, but what builds on it still answers.
    """

    __tablename__ = "favourite"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    name: Mapped[str]
    audience: Mapped[str] = mapped_column(default=MINE)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="SET NULL"))
    dataset: Mapped[str]
    dimension: Mapped[str]
    args: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)
    deleted_at: Mapped[datetime | None]

    @classmethod
    def shared_with(cls, reader: int | BindParameter[int]) -> ColumnElement[bool]:
        """Which favourites, deleted ones too, a person made or was given, as a condition."""
        hers = select(team_member.c.team_id).where(team_member.c.user_id == reader)
        given = and_(cls.audience == TEAM, cls.team_id.in_(hers))
        return or_(cls.user_id == reader, cls.audience == EVERYONE, given)

    @classmethod
    def visible_to(cls, reader: int | BindParameter[int]) -> ColumnElement[bool]:
        """Which favourites a person finds, as a condition; ``reader`` is her id."""
        return and_(cls.shared_with(reader), cls.deleted_at.is_(None))
