"""How rows find their accounts: the rules in their order, and what people said about rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmapp.db import Base, utcnow
from crmapp.models.account import Account
from crmapp.models.feed import LEDGER
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


class MatchQuestion(Base):
    """A customer of a CRM mapping's source of whom a person has to say which account it is.

    ``cells`` is its row as it was read last. ``later_until`` keeps it out of the way for a while.
    ``settled``: somebody has answered; it stays until a run has carried that out, or for as long
    as it is to be skipped. ``again``: the next run decides about it anew, even if it reads only
    what changed.
    """

    __tablename__ = "match_question"

    id: Mapped[int] = mapped_column(primary_key=True)
    mapping_id: Mapped[int] = mapped_column(ForeignKey("crm_mapping.id"))
    source_id: Mapped[int] = mapped_column(ForeignKey("feed_source.id"))
    object: Mapped[str]
    external_id: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    rule: Mapped[str]
    cells: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version: Mapped[int] = mapped_column(default=1)
    since: Mapped[datetime] = mapped_column(default=utcnow)
    later_until: Mapped[datetime | None]
    settled: Mapped[bool] = mapped_column(default=False)
    again: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        Index("uq_match_question", "mapping_id", "source_id", "object", "external_id", unique=True),
        Index("ix_match_question_key", "source_id", "object", "external_id"),
        Index("ix_match_question_settled", "settled", "id"),
        {"sqlite_autoincrement": True},
    )

    @property
    def identity(self) -> tuple[str, str]:
        """How the ledger of identities names the rows of its source: system and object."""
        return f"{LEDGER}{self.source_id}", self.object


class MatchCandidate(Base):
    """An account that the customer of a question may be, in the ``version`` that was looked at."""

    __tablename__ = "match_candidate"

    question_id: Mapped[int] = mapped_column(
        ForeignKey("match_question.id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    place: Mapped[int]
    version: Mapped[int]
