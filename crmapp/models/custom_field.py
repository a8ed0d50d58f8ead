"""Fields that an installation gave its records, and which fields it requires."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from crmapp.db import Base, utcnow
from crmapp.domain.fields import Field


class CustomField(Base):
    """One field that was made here; records keep its value in ``custom`` under its ``name``.

    A retired field is shown nowhere but in history; its values stay.
    """

    __tablename__ = "custom_field"

    id: Mapped[int] = mapped_column(primary_key=True)
    object: Mapped[str] = mapped_column(default="account")
    name: Mapped[str]
    label_en: Mapped[str]
    label_fr: Mapped[str]
    help_en: Mapped[str] = mapped_column(default="")
    help_fr: Mapped[str] = mapped_column(default="")
    group_en: Mapped[str]
    group_fr: Mapped[str]
    kind: Mapped[str]
    pick_list: Mapped[str | None] = mapped_column(ForeignKey("pick_list.code"))
    required: Mapped[bool] = mapped_column(default=False)
    filterable: Mapped[bool] = mapped_column(default=False)
    listed: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    retired_at: Mapped[datetime | None]

    def value(self, spec: Field) -> Any:
        """Return what the definition holds in a field of its own form."""
        return getattr(self, spec.name)

    def label(self, locale: str) -> str:
        return self.label_fr if locale == "fr" else self.label_en

    __table_args__ = (
        Index("uq_custom_field", "object", "name", unique=True),
        {"sqlite_autoincrement": True},
    )


class RequiredField(Base):
    """A standard field that this installation requires, beyond those that always are."""

    __tablename__ = "required_field"

    object: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)


class Stamp(Base):
    """A random word that is another after each change of what ``name`` says.

    Processes keep what they read under the word, so that no two states, not even of a database
    that came from a backup, are taken for each other. One is a key, and stays: ``mail_drop``, see
    :mod:`crmapp.services.mail_drop`.
    """

    __tablename__ = "stamp"

    name: Mapped[str] = mapped_column(primary_key=True)
    word: Mapped[str]
