"""Contacts: the people at an account."""

from __future__ import annotations

from sqlalchemy import ColumnElement, ForeignKey, Index, Text, and_, select, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmapp.db import Base, Folded
from crmapp.models.account import Account, Record, filled
from crmapp.models.user import User


class Contact(Record, Base):
    """A person at an account; inactive rather than deleted when she has left."""

    __tablename__ = "contact"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    first_name: Mapped[str | None]
    last_name: Mapped[str]
    name_key: Mapped[str] = mapped_column(Folded)
    job_title: Mapped[str | None]
    roles: Mapped[list[str] | None]
    phone: Mapped[str | None]
    mobile: Mapped[str | None]
    email: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    notes: Mapped[str | None] = mapped_column(Text)

    account: Mapped[Account] = relationship(foreign_keys=[account_id], viewonly=True)

    __table_args__ = (
        Index("ix_contact_list", "name_key", "id"),
        # In its order, those who have a role are looked at, and nobody else.
        Index("ix_contact_roles", "name_key", "id", **filled("roles")),
        {"sqlite_autoincrement": True},
    )

    @property
    def name(self) -> str:
        return full_name(self.first_name, self.last_name)

    @classmethod
    def visible_to(cls, user: User, *, deleted: bool = False) -> ColumnElement[bool]:
        """A contact is seen by whoever sees its account."""
        seen = cls.account_id.in_(select(Account.id).where(Account.visible_to(user)))
        return and_(seen, true() if deleted else cls.deleted_at.is_(None))


def full_name(*names: str | None) -> str:
    """Join the names that there are."""
    return " ".join(filter(None, names))
