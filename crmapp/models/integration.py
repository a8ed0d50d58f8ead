"""Other people's systems: connections, what is set for them, and what was read of them last."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmapp.db import Base, utcnow
from crmapp.models.user import User


class Connection(Base):
    """The connection to one system, ``salesforce`` or ``intacct``; ``kind`` is its connector.

    ``secrets`` and ``tokens`` are encrypted JSON objects (:mod:`crmapp.services.vault`), of what
    the settings form asks for and of what a sign-in gave; whoever signs in anew says until when in
    ``renewing_until``. ``found`` is the last successful check, ``problem`` what the last one found
    wrong. ``budget`` is how many requests of the remote's quota crmapp may use in the time that
    ``usage`` speaks of; None for all of them.
    """

    __tablename__ = "connection"

    id: Mapped[int] = mapped_column(primary_key=True)
    system: Mapped[str]
    kind: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    secrets: Mapped[str] = mapped_column(Text, default="")
    tokens: Mapped[str] = mapped_column(Text, default="")
    renewing_until: Mapped[datetime | None]
    sandbox: Mapped[bool] = mapped_column(default=False)
    budget: Mapped[int | None]
    usage: Mapped[dict[str, Any]] = mapped_column(default=dict)
    found: Mapped[dict[str, Any]] = mapped_column(default=dict)
    problem: Mapped[dict[str, Any]] = mapped_column(default=dict)
    checked_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)

    by: Mapped[User | None] = relationship(viewonly=True)

    __table_args__ = (
        Index("uq_connection_system", "system", unique=True),
        {"sqlite_autoincrement": True},
    )


class RequestLog(Base):
    """One request to another system and its answer, without secrets; kept for some days."""

    __tablename__ = "request_log"

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    at: Mapped[datetime]
    method: Mapped[str]
    path: Mapped[str] = mapped_column(Text)
    status: Mapped[int | None]
    seconds: Mapped[float]
    sent: Mapped[int]
    received: Mapped[int]
    error: Mapped[str] = mapped_column(default="")
    detail: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (
        Index("ix_request_log_connection", "connection_id", "id"),
        {"sqlite_autoincrement": True},
    )


class RemoteObject(Base):
    """What an object of another system consisted of when it was described last."""

    __tablename__ = "remote_object"

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    object: Mapped[str]
    description: Mapped[dict[str, Any]] = mapped_column(default=dict)
    fetched_at: Mapped[datetime] = mapped_column(default=utcnow)

    __table_args__ = (Index("uq_remote_object", "connection_id", "object", unique=True),)


class IntegrationVersion(Base):
    """What is set for a subscription, in versions that never change; the newest is in force."""

    __tablename__ = "integration_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    version: Mapped[int]
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(default=utcnow)

    by: Mapped[User | None] = relationship(viewonly=True)

    __table_args__ = (
        Index("uq_integration_version", "code", "version", unique=True),
        {"sqlite_autoincrement": True},
    )


class RemoteDetail(Base):
    """The values of an account's record in another system, as they were read last.

    ``fetched_at`` is when they were read, ``tried_at`` when that was tried last, and ``problem``
    what went wrong then.
    """

    __tablename__ = "remote_detail"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"), primary_key=True)
    external_id: Mapped[str]
    values: Mapped[dict[str, Any]] = mapped_column(default=dict)
    fetched_at: Mapped[datetime | None]
    tried_at: Mapped[datetime | None]
    problem: Mapped[dict[str, Any]] = mapped_column(default=dict)


class ManagedListState(Base):
    """How far a managed list has been read: by which run last, and where the next one goes on.

    ``every`` is after how many minutes what changed is read, None for never; ``due_at`` when that
    is next, ``whole_at`` when the whole list is compared next. ``kept`` are the codes of values
    that Intacct has no more and that a person decided to keep offering. ``undo_id`` is the last
    undo of a run of this list that Salesforce has been told of.
    """

    __tablename__ = "managed_list"

    code: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))
    synced_at: Mapped[datetime | None]
    cursor: Mapped[dict[str, Any]] = mapped_column(default=dict)
    every: Mapped[int | None]
    due_at: Mapped[datetime | None]
    whole_at: Mapped[datetime | None]
    kept: Mapped[list[Any]] = mapped_column(default=list)
    undo_id: Mapped[int] = mapped_column(default=0)
