"""Pick lists: the values that a field may take."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from crmapp.db import Base
from crmapp.models.account import Record


class _Labelled:
    """What is read in English or in French."""

    label_en: Mapped[str]
    label_fr: Mapped[str]

    def label(self, locale: str) -> str:
        return self.label_fr if locale == "fr" else self.label_en


class PickList(_Labelled, Record, Base):
    """A named list of values; fields refer to it by its code."""

    __tablename__ = "pick_list"

    code: Mapped[str]

    __table_args__ = (
        Index("uq_pick_list_code", "code", unique=True),
        {"sqlite_autoincrement": True},
    )


class PickListValue(_Labelled, Record, Base):
    """One value; records hold its ``code``, also after it was deleted."""

    __tablename__ = "pick_list_value"

    list_code: Mapped[str] = mapped_column(ForeignKey("pick_list.code"))
    code: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)
    is_default: Mapped[bool] = mapped_column(default=False)
    external_id: Mapped[str | None]

    __table_args__ = (
        Index("uq_pick_list_value", "list_code", "code", unique=True),
        {"sqlite_autoincrement": True},
    )
