"""What a monitor asks of an installation: runs, letters, queue, sweeper and seals, in numbers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from crmapp import queue
from crmapp.config import settings
from crmapp.db import session, utcnow
from crmapp.domain.runs import Status
from crmapp.models import MailOutbox, Run
from crmapp.services import runs, seal_check

_MOST_DUE = 1_000


@dataclass(frozen=True)
class VitalSigns:
    """``None`` is what could not be found out: the database or the queue is away.

    ``swept`` are the seconds since the last sweep of this machine, ``oldest`` those for which a
    letter waits.
    """

    runs: Mapping[str, int] | None = None
    due: int | None = None
    letters: Mapping[str, int] = field(default_factory=dict)
    oldest: float | None = None
    unsealed: int | None = None
    jobs: int | None = None
    swept: float | None = None


def take() -> VitalSigns:
    """Look at everything; what is away costs no more than the time in which it should answer."""
    return VitalSigns(**_of_the_database(), jobs=_jobs(), swept=_swept())


def _of_the_database() -> dict[str, Any]:
    try:
        found = dict.fromkeys((status.value for status in Status), 0) | _counts(Run.status)
        waits = select(func.min(MailOutbox.created_at)).where(MailOutbox.status == "queued")
        oldest = session.scalar(waits)
        return {
            "runs": found,
            "due": len(runs.due(_MOST_DUE)),
            "letters": {"queued": 0, "failed": 0} | _counts(MailOutbox.status),
            "oldest": (utcnow() - oldest).total_seconds() if oldest else 0.0,
            "unsealed": seal_check.waiting(),
        }
    except SQLAlchemyError:
        return {}
    finally:
        session.rollback()


def _counts(status: Any) -> dict[str, int]:
    return {
        row[0]: row[1] for row in session.execute(select(status, func.count()).group_by(status))
    }


def _jobs() -> int | None:
    try:
        return queue.waiting()
    except RedisError:
        return None


def _swept() -> float | None:
    try:
        return max(0.0, time.time() - settings().swept_file.stat().st_mtime)
    except OSError:
        return None
