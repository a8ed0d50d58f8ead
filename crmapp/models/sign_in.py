"""Where people are signed in: one row for each browser."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from crmapp.db import Base, utcnow


class SignIn(Base):
    """A browser that a person is signed in with; where there is no row, nobody is.

    Its session holds a secret word, of which ``word_hash`` is kept. ``agent`` is what the browser
    says of itself, ``address`` is the network address, both as they were at ``seen_at``.
    """

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    word_hash: Mapped[str] = mapped_column(unique=True)
    agent: Mapped[str]
    address: Mapped[str]
    began_at: Mapped[datetime] = mapped_column(default=utcnow)
    seen_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
