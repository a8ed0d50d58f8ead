"""Sources of customers in other systems, and the files that were picked up of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmapp.db import Base, utcnow
from crmapp.models.user import User

LEDGER = "feed:"
"""How the ledger of identities begins the names of sources."""


class FeedSource(Base):
    """Something whose customers can be read; ``kind`` is one of :mod:`crmapp.services.feed_kinds`.

    ``secrets`` is an encrypted JSON object (:mod:`crmapp.services.vault`). ``object`` is what is
    read there. ``key_column`` holds what tells its rows apart, ``stamp_column`` when a row was
    changed. The ERP company of its rows is in ``company_column``, or else ``company`` for all.
    ``found`` is what the last successful test found, ``problem`` what was wrong at the last try.
    """

    __tablename__ = "feed_source"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    secrets: Mapped[str] = mapped_column(Text, default="")
    object: Mapped[str]
    key_column: Mapped[str]
    company: Mapped[str] = mapped_column(default="")
    company_column: Mapped[str] = mapped_column(default="")
    stamp_column: Mapped[str] = mapped_column(default="")
    found: Mapped[dict[str, Any]] = mapped_column(default=dict)
    problem: Mapped[dict[str, Any]] = mapped_column(default=dict)
    checked_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    retired_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)

    by: Mapped[User | None] = relationship(viewonly=True)

    __table_args__ = (
        Index("uq_feed_source_name", "name", unique=True),
        {"sqlite_autoincrement": True},
    )

    @property
    def identity(self) -> tuple[str, str]:
        """How the ledger of identities names its rows: system and object."""
        return f"{LEDGER}{self.id}", self.object

    def company_of(self, cells: Mapping[str, Any]) -> str:
        """Return the ERP company of a row of its cells."""
        if not self.company_column:
            return self.company
        cell = cells.get(self.company_column)
        return "" if cell is None else str(cell).strip()


class FeedFile(Base):
    """One file of a source that was picked up: by its content, so that its name does not matter.

    ``outcome`` is :data:`READ`, :data:`PASSED_OVER` or :data:`REFUSED`; ``reason`` says why it was
    refused.
    """

    __tablename__ = "feed_file"

    READ = "read"
    PASSED_OVER = "passed_over"
    REFUSED = "refused"

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("feed_source.id"))
    name: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))
    at: Mapped[datetime] = mapped_column(default=utcnow)
    outcome: Mapped[str] = mapped_column(default=READ)
    reason: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (
        Index("uq_feed_file", "source_id", "sha256", unique=True),
        {"sqlite_autoincrement": True},
    )
