"""The field map between the two systems: its versions, and what people prepare for the next one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmapp.db import Base, utcnow
from crmapp.models.user import User


class FieldMapVersion(Base):
    """The rows of the field map of one object, which never change; the newest is in force."""

    __tablename__ = "field_map_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    object: Mapped[str]
    version: Mapped[int]
    rules: Mapped[list[Any]] = mapped_column(default=list)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(default=utcnow)

    by: Mapped[User | None] = relationship(viewonly=True)

    __table_args__ = (
        Index("uq_field_map_version", "object", "version", unique=True),
        {"sqlite_autoincrement": True},
    )


class FieldMapDraft(Base):
    """What a person changed in a field map and did not save yet; ``base`` is where she began."""

    __tablename__ = "field_map_draft"

    object: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    base: Mapped[int]
    rules: Mapped[list[Any]] = mapped_column(default=list)
    at: Mapped[datetime] = mapped_column(default=utcnow)
