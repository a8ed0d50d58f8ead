"""Where people sign in by OpenID Connect, and whom the provider knows as whom."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from crmapp.db import Base, utcnow


class IdentityProvider(Base):
    """The company's identity provider; there is one row at most.

    ``secret`` is encrypted (:mod:`crmapp.services.vault`). ``new_role`` is the role of people who
    are not here yet, empty if they are refused. Without ``passwords`` only administrators sign in
    by one. A ``sandbox`` may have a private address.
    """

    __tablename__ = "identity_provider"

    id: Mapped[int] = mapped_column(primary_key=True)
    issuer: Mapped[str]
    client_id: Mapped[str]
    secret: Mapped[str] = mapped_column(Text, default="")
    label: Mapped[str]
    email_claim: Mapped[str] = mapped_column(default="email")
    new_role: Mapped[str] = mapped_column(default="")
    passwords: Mapped[bool] = mapped_column(default=True)
    active: Mapped[bool] = mapped_column(default=True)
    sandbox: Mapped[bool] = mapped_column(default=False)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)

    @property
    def state(self) -> str:
        """Which settings these are: other ones have another."""
        return self.updated_at.isoformat()


class LinkedPerson(Base):
    """A person of ours as a provider knows her: by ``subject``, which never changes there."""

    __tablename__ = "linked_person"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    issuer: Mapped[str]
    subject: Mapped[str]
    linked_at: Mapped[datetime] = mapped_column(default=utcnow)

    __table_args__ = (
        Index("uq_linked_person_subject", "issuer", "subject", unique=True),
        Index("uq_linked_person_user", "user_id", "issuer", unique=True),
    )
