"""Tokens by which programs ask in a person's name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmapp.db import Base, utcnow
from crmapp.models.user import User

FORGOTTEN = "expired-"
"""What stands before the id in the place of the hash, once the token has expired."""


class ApiToken(Base):
    """A token of a person: ``hash`` is what is kept of it, ``tail`` what she knows it again by."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    name: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)
    tail: Mapped[str]
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(viewonly=True)

    def is_good(self) -> bool:
        """Say whether it opens anything now."""
        over = self.hash.startswith(FORGOTTEN) or utcnow() >= self.expires_at
        return self.revoked_at is None and not over and self.user.active
