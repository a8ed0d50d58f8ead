"""How rows find their accounts: the rules in their order, and what people said about rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmapp.db import Base, utcnow
from crmapp.models.account import Account
from crmapp.models.user import User


class MatchRule(Base):
    """A rule of the ladder (:data:`crmapp.domain.matching.LADDER`): its place, and if it counts."""

    __tablename__ = "match_rule"

    code: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)


class MatchAnswer(Base):
    """What a person said about a source's row, so that no plan asks again.

    ``choice`` is one of :class:`crmapp.services.decisions.Choice`; ``different`` the accounts that
    the row is not; ``name`` what the row was called.
    """

    __tablename__ = "match_answer"

    id: Mapped[int] = mapped_column(primary_key=True)
    system: Mapped[str]
    object: Mapped[str]
    external_id: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    choice: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    different: Mapped[list[Any]] = mapped_column(default=list)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"), index=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    at: Mapped[datetime] = mapped_column(default=utcnow)

    account: Mapped[Account | None] = relationship(viewonly=True)
    by: Mapped[User | None] = relationship(viewonly=True)

    __table_args__ = (
        Index("uq_match_answer", "system", "object", "external_id", unique=True),
        {"sqlite_autoincrement": True},
    )
