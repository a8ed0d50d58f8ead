"""Saved mappings: a name for one source, and versions that never change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmapp.db import Base, utcnow
from crmapp.models.user import User


class SavedMapping(Base):
    """A named mapping of the source with this key, which is the lock key of its runs.

    ``source_title`` is what people call the source. A retired mapping is offered no more.
    """

    __tablename__ = "saved_mapping"

    id: Mapped[int] = mapped_column(primary_key=True)
    source_key: Mapped[str]
    source_title: Mapped[str] = mapped_column(default="")
    name: Mapped[str]
    retired_at: Mapped[datetime | None]

    versions: Mapped[list[MappingVersion]] = relationship(
        order_by="MappingVersion.version.desc()", viewonly=True
    )

    __table_args__ = (
        Index(
            "uq_saved_mapping",
            "source_key",
            "name",
            unique=True,
            sqlite_where=text("retired_at IS NULL"),
            postgresql_where=text("retired_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    @property
    def latest(self) -> MappingVersion:
        """The newest version; a mapping is made with its first one."""
        return self.versions[0]


class MappingVersion(Base):
    """One version of a saved mapping, as it was saved and by whom."""

    __tablename__ = "mapping_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    mapping_id: Mapped[int] = mapped_column(ForeignKey("saved_mapping.id"))
    version: Mapped[int]
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(default=utcnow)

    by: Mapped[User | None] = relationship(viewonly=True)

    __table_args__ = (
        Index("uq_mapping_version", "mapping_id", "version", unique=True),
        {"sqlite_autoincrement": True},
    )
