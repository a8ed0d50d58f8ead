"""Runs: one execution each, its plan, its exceptions and its receipt."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Index, Text, false, text, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmapp.db import Base, utcnow
from crmapp.domain.permissions import Right
from crmapp.domain.runs import Status
from crmapp.models.user import User

_HELD = text("files_gone_at IS NULL AND finished_at IS NOT NULL")


class Run(Base):
    """One execution of the pipeline; this row is the truth about the work, RQ only wakes it.

    ``fence`` rises with every claim: a worker whose fence is no longer the row's writes nothing.
    ``lease_until`` is seconds since the epoch on the database's clock; it is about liveness only.
    ``cursor`` is the last plan row whose outcome is committed; ``claims`` counts the claims since
    then, all of which came to nothing but perhaps the last. One run per ``lock_key`` is active.
    """

    __tablename__ = "run"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    status: Mapped[str] = mapped_column(default=Status.DRAFT.value)
    title: Mapped[str] = mapped_column(default="")
    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[float | None]
    retry_at: Mapped[float | None]
    attempts: Mapped[int] = mapped_column(default=0)
    claims: Mapped[int] = mapped_column(default=0, server_default="0")
    cursor: Mapped[int] = mapped_column(BigInteger, default=0)
    total: Mapped[int | None]  # rows in the source, once it has been counted
    source: Mapped[dict[str, Any]] = mapped_column(default=dict)
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # of the plan
    done: Mapped[dict[str, Any]] = mapped_column(default=dict)  # of the run so far
    control: Mapped[dict[str, Any]] = mapped_column(default=dict)
    artefacts: Mapped[list[Any]] = mapped_column(default=list)
    plan_hash: Mapped[str | None]
    lock_key: Mapped[str]
    idempotency_key: Mapped[str | None] = mapped_column(unique=True)
    code_version: Mapped[int]
    why: Mapped[str] = mapped_column(default="")
    error: Mapped[str | None] = mapped_column(Text)
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"), index=True)
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))
    retries_id: Mapped[int | None] = mapped_column(index=True)  # run.id
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    files_gone_at: Mapped[datetime | None]  # since when the retention setting took its files
    cancel_requested: Mapped[bool] = mapped_column(default=False)

    by: Mapped[User | None] = relationship(foreign_keys=[by_id], viewonly=True)

    def title_in(self, locale: str) -> str:
        """What the run is about, in a language; ``title`` is in that of whoever started it."""
        return (self.source or {}).get("titles", {}).get(locale, self.title)

    __table_args__ = (
        Index(
            "uq_run_active",
            "lock_key",
            unique=True,
            sqlite_where=text("status = 'running'"),
            postgresql_where=text("status = 'running'"),
        ),
        Index("ix_run_status", "status", "id"),
        Index("ix_run_by", "by_id", "id"),
        Index("ix_run_kind", "kind", "id"),
        # From these, the runs of each status are counted.
        Index("ix_run_kind_status", "kind", "status"),
        Index("ix_run_by_status", "by_id", "status"),
        Index("ix_run_job", "kind", "lock_key", "id"),
        Index("ix_run_created_at", "created_at"),
        Index("ix_run_files", "kind", "finished_at", sqlite_where=_HELD, postgresql_where=_HELD),
        {"sqlite_autoincrement": True},
    )

    @classmethod
    def visible_to(cls, user: User) -> ColumnElement[bool]:
        """Runs are seen by those with the right, and by whoever started them."""
        if user.can(Right.RUN_VIEW):
            return true()
        return cls.by_id == user.id if user.active else false()


class RunException(Base):
    """A plan row whose outcome differs from the plan: skipped or failed, with the reason."""

    __tablename__ = "run_exception"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    row_no: Mapped[int]
    outcome: Mapped[str]
    reason: Mapped[str]
    params: Mapped[dict[str, Any]] = mapped_column(default=dict)
    record_id: Mapped[int | None]

    __table_args__ = (
        Index("uq_run_exception", "run_id", "row_no", unique=True),
        {"sqlite_autoincrement": True},
    )


class PlanDecision(Base):
    """What a person decided about one row of a plan before it ran, or about a bad cell of it.

    Without a ``field`` it says which account is meant. With one it is a fix: ``value`` stands in
    the place of the cell, which was ``found`` in the row with this ``key``.
    """

    __tablename__ = "plan_decision"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    row_no: Mapped[int]
    field: Mapped[str] = mapped_column(default="")
    choice: Mapped[str]
    record_id: Mapped[int | None]
    value: Mapped[str | None] = mapped_column(Text)
    found: Mapped[str] = mapped_column(Text, default="")
    key: Mapped[str] = mapped_column(default="")
    by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(default=utcnow)

    __table_args__ = (Index("uq_plan_decision", "run_id", "row_no", "field", unique=True),)


class RunRetention(Base):
    """For how many days the files of runs of a kind are kept after their end; empty: for ever."""

    __tablename__ = "run_retention"

    kind: Mapped[str] = mapped_column(primary_key=True)
    days: Mapped[int | None]
