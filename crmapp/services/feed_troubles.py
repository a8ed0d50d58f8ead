"""What is wrong with the rows of a feed, in words that compare with those of the time before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from crmapp.db import session
from crmapp.models import CrmMapping, Run, RunException

PLANNED, SKIPPED = "problems", "skipped"
"""What a CRM mapping knows under these names: of the rows of its last plan, and of those that its
last run skipped."""


def known(run: Run) -> dict[str, Any]:
    """Return what a CRM mapping is to know of a run that has ended."""
    return {**run.source["known"], SKIPPED: _skipped(run.id)}


def are_new(run: Run) -> bool:
    """Whether other rows were left out, or for other reasons, than by the run before."""
    if "known" not in run.source:  # it read nothing
        return True
    mapping = session.get(CrmMapping, run.source["mapping"])
    before: Mapping[str, Any] = mapping.known if mapping is not None else {}
    now = known(run)
    return any(now.get(name, "") != before.get(name, "") for name in (PLANNED, SKIPPED))


def _skipped(run_id: int) -> str:
    """Return a word for the rows that a run skipped, wherever they stood; none if it did not."""
    rows = select(RunException.reason, RunException.params).where(RunException.run_id == run_id)
    said = sorted(f"{row.params.get('key', '')} {row.reason}" for row in session.execute(rows))
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16] if said else ""
