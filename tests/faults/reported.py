"""What a run says of itself, beside what the change log has of it."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.runs import Status, receipt
from crmapp.models import Change, Run, RunException
from crmapp.services import failures

WRITTEN = ("added", "changed", "deactivated", "reactivated")


def told(run: Run) -> str:
    """Return what a person reads of what is wrong with a run, or with its rows."""
    query = select(RunException.params).where(RunException.run_id == run.id)
    rows = {str(each.get("said")) for each in session.scalars(query)}
    return failures.obstacle(run) or run.error or " ".join(sorted(rows))


def tallied(run: Run, side: str) -> int:
    """Return how many values a resync says that it wrote on a side."""
    return sum(run.done.get(f"{side}.{name}", 0) for name in WRITTEN)


def misreported(run: Run) -> list[str]:
    """Return where a resync's receipt contradicts what it did here."""
    query = select(Change.object, Change.record_id).where(Change.run_id == run.id)
    changes = Counter(map(tuple, session.execute(query)))
    found = [f"{each} was changed {times} times" for each, times in changes.items() if times > 1]
    if tallied(run, "here") != len(changes):
        found.append(f"{len(changes)} values were written here, and the run says {run.done}")
    ended_early = run.status in (Status.FAILED, Status.CANCELLED)
    if not ended_early and not receipt(run.total or 0, run.done, run.control).balances:
        found.append(f"the receipt is {run.done} of {run.total}")
    return found
