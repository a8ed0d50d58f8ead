"""What people keep by a name, for themselves or for others: who finds it."""

from __future__ import annotations

from sqlalchemy import BindParameter, ColumnElement, ForeignKey, and_, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from crmapp.models.user import team_member

MINE, TEAM, EVERYONE = "mine", "team", "everyone"


class Shared:
    """``audience`` is who finds it: ``mine``, ``team`` (those of ``team_id``), ``everyone``.

    It stays when its maker leaves.
    """

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str]
    audience: Mapped[str] = mapped_column(default=MINE)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="SET NULL"))

    @classmethod
    def shared_with(cls, reader: int | BindParameter[int]) -> ColumnElement[bool]:
        """Which of them, deleted ones too, a person made or was given, as a condition."""
        hers = select(team_member.c.team_id).where(team_member.c.user_id == reader)
        given = and_(cls.audience == TEAM, cls.team_id.in_(hers))
        return or_(cls.user_id == reader, cls.audience == EVERYONE, given)
