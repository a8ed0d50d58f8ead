"""Keys of forms that were sent, so that a second press does nothing twice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from crmapp.db import Base, utcnow


class IdempotencyKey(Base):
    """``result`` is what the first submit made, e.g. ``account:42``."""

    __tablename__ = "idempotency_key"

    key: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]  # of what was sent: the same key with other values is refused
    result: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
