"""Changes: the append-only log that history, lineage, audit and undo are read from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmapp.db import Base, utcnow
from crmapp.models.run import Run
from crmapp.models.user import User


class Change(Base):
    """One change of one record, by a person or a run: ``fields`` is name → [before, after].

    ``action`` is created, updated, deleted, restored or linked (only what external ids mean has
    changed, and the version is the same); ``source`` says where the values came from
    (``{"kind": "grid", "dataset": "sales", "key": "C001"}``); ``links`` are lists of system,
    object, external id, account before, account after.
    """

    __tablename__ = "change"

    id: Mapped[int] = mapped_column(primary_key=True)
    object: Mapped[str]
    record_id: Mapped[int]
    action: Mapped[str]
    fields: Mapped[dict[str, Any]]
    links: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    source: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version: Mapped[int]  # of the record after the change
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(default=utcnow)
    origin_id: Mapped[int | None]  # the audit event that says from where; of a run, its own does

    run: Mapped[Run | None] = relationship(viewonly=True)
    by: Mapped[User | None] = relationship(viewonly=True)

    __table_args__ = (
        Index("ix_change_record", "object", "record_id", "id", "run_id", "by_id"),
        Index("uq_change_run", "run_id", "object", "record_id", unique=True),
        {"sqlite_autoincrement": True},
    )
