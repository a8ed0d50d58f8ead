"""Who did what, when and from where, of all that is no change of a record; and the seals on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index
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


class Seal(Base):
    """A block of rows that are sealed together, and its link to the block before it.

    It covers the rows of ``stream`` from ``first`` to ``last``; ``since`` and ``until`` are the
    moments of its first and its last row, by the clock. ``number`` has no gaps.
    """

    __tablename__ = "audit_seal"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stream: Mapped[str]
    first: Mapped[int]
    last: Mapped[int]
    rows: Mapped[bytes]
    previous: Mapped[str]
    digest: Mapped[str]
    since: Mapped[datetime]
    until: Mapped[datetime]
    at: Mapped[datetime] = mapped_column(default=utcnow)

    __table_args__ = (Index("ix_audit_seal_stream", "stream", "last"),)


class SealMark(Base):
    """Up to which id rows will be final once all transactions below ``horizon`` have ended."""

    __tablename__ = "audit_seal_mark"

    stream: Mapped[str] = mapped_column(primary_key=True)
    upto: Mapped[int]
    horizon: Mapped[int] = mapped_column(BigInteger)
