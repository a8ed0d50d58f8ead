"""Tasks and meetings: when they are open, what follows from their status, their reminders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crmapp.i18n import N_

KINDS = ("task", "meeting")
"""The kinds of activities that are planned and then done; the others only tell what happened."""
COMPLETED = "completed"
CLOSED = (COMPLETED, "cancelled")
NOT_STARTED = "not_started"
REMINDERS: dict[str, str] = {
    "0": N_("At the time"),
    "15": N_("15 minutes before"),
    "60": N_("1 hour before"),
    "1440": N_("1 day before"),
}
"""Minutes before an activity → how people call a reminder that comes then."""

LENGTH = 60
"""Minutes that a meeting takes if nobody says how many."""
LENGTHS = (15, 30, 45, 60, 90, 120)
"""Minutes that are offered; others can be typed."""
LONGEST = 1440

COMPLETION = ("completed_at", "completed_by_id")


def is_length(text: str) -> bool:
    """Say whether a meeting can take so many minutes."""
    return text.isascii() and text.isdecimal() and len(text) < 6 and 0 < int(text) <= LONGEST


def completion(
    before: Mapping[str, Any], after: Mapping[str, Any], at: datetime, by_id: int | None
) -> dict[str, Any]:
    """Return the columns that say when and by whom it was completed, if its status changes.

    They follow from the change, whoever makes it: a form, a key, a run, an undo. What is
    completed when it is noted was so when it took place.
    """
    if before.get("status") == after.get("status"):
        return {}
    if after.get("status") != COMPLETED:
        return dict.fromkeys(COMPLETION)
    took_place = None if before else after.get("happens_at")
    return {"completed_at": min(took_place or at, at), "completed_by_id": by_id}
