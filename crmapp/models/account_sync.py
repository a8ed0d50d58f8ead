"""Accounts and their records in other systems: what waits, what was accepted, what was refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from crmapp.db import Base


class AccountSync(Base):
    """How it stands with one account on its way to and from Salesforce and Sage Intacct.

    ``pending`` is the change that is still to be carried over, 0 if it was seen elsewhere, None if
    nothing waits. ``accepted`` is what all sides were left with, ``hashes`` system → one hash of
    its record then; ``offered`` is what run ``offered_run`` plans to leave them with, which becomes
    ``accepted`` when that run ends and nothing of the account was refused. ``problem`` says what
    was refused or is in conflict, ``cause`` says it in a word; a refused one is tried again at
    ``retry_at``.
    """

    __tablename__ = "account_sync"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    pending: Mapped[int | None]
    pending_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(default="")
    cause: Mapped[str] = mapped_column(default="")
    problem: Mapped[dict[str, Any]] = mapped_column(default=dict)
    attempts: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime | None]
    accepted: Mapped[dict[str, Any]] = mapped_column(default=dict)
    hashes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    offered: Mapped[dict[str, Any]] = mapped_column(default=dict)
    offered_run: Mapped[int | None] = mapped_column(index=True)  # run.id
    run_id: Mapped[int | None]  # run.id
    synced_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_account_sync_pending",
            "pending_at",
            sqlite_where=text("pending IS NOT NULL"),
            postgresql_where=text("pending IS NOT NULL"),
        ),
        Index("ix_account_sync_state", "state", "cause"),
    )


class SyncClock(Base):
    """How far the records of one kind have been read in each system, and when that is next.

    ``cursors`` are system → where its reading goes on; ``due_at`` is when what changed is read
    next, ``good_at`` when all went well last. After a failure nothing begins by itself before
    ``rest_until``.
    """

    __tablename__ = "sync_clock"

    object: Mapped[str] = mapped_column(primary_key=True)
    cursors: Mapped[dict[str, Any]] = mapped_column(default=dict)
    due_at: Mapped[datetime | None]
    rest_until: Mapped[datetime | None]
    good_at: Mapped[datetime | None]


class RemoteJob(Base):
    """A job that another system works on for us, so that a worker that died asks after it again.

    ``batch`` is a fingerprint of its rows.
    """

    __tablename__ = "remote_job"

    batch: Mapped[str] = mapped_column(primary_key=True)
    job: Mapped[str]
    at: Mapped[datetime]
