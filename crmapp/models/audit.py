"""Audit events: who did what, when and from where, of all that is no change of a record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from crmapp.db import Base, utcnow


class AuditEvent(Base):
    """One thing that somebody did, append-only: ``about`` and ``about_id`` say to what.

    ``by_id`` is no foreign key: what was done stays when the person is erased. ``address`` and
    ``agent`` are hers too and go with her; ``commitment`` is the SHA-256 of ``salt`` and both,
    and stays, so that the row still fits its seal.
    """

    __tablename__ = "audit_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=utcnow)
    kind: Mapped[str]
    by_id: Mapped[int | None]
    about: Mapped[str] = mapped_column(default="")
    about_id: Mapped[str] = mapped_column(default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    request_id: Mapped[str] = mapped_column(default="")
    address: Mapped[str | None]
    agent: Mapped[str | None]
    salt: Mapped[str | None]
    commitment: Mapped[str] = mapped_column(default="")

    __table_args__ = (
        Index("ix_audit_event_by", "by_id", "id"),
        Index("ix_audit_event_kind", "kind", "id"),
        Index("ix_audit_event_about", "about", "about_id", "id"),
        {"sqlite_autoincrement": True},
    )
