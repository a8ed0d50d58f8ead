"""Passkeys: keys of people's devices, which sign in without a password."""

from __future__ import annotations

from datetime import datetime

from flask_security import WebAuthnMixin
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from crmapp.db import Base, utcnow


class Passkey(Base, WebAuthnMixin):
    """The public half of a key; Flask-Security names what it needs of it.

    ``name`` is what its owner calls it; a key with ``backup_state`` is on other devices of hers as
    well, as those who make browsers and password managers see to.
    """

    __tablename__ = "passkey"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(default=0)
    transports: Mapped[list[str]] = mapped_column(default=list)
    extensions: Mapped[str | None]
    usage: Mapped[str]
    backup_state: Mapped[bool]
    device_type: Mapped[str]
    lastuse_datetime: Mapped[datetime] = mapped_column(default=utcnow)
    made_at: Mapped[datetime] = mapped_column(default=utcnow)
