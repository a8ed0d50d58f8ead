"""The life of a run, and whether its receipt balances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from crmapp.i18n import N_


class Status(StrEnum):
    """draft → planning → planned → queued → running → done (with errors) | failed | cancelled."""

    DRAFT = "draft"
    PLANNING = "planning"
    PLANNED = "planned"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    DONE_WITH_ERRORS = "done_with_errors"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDONE = "undone"


STATUS_LABELS: dict[Status, str] = {
    Status.DRAFT: N_("Draft"),
    Status.PLANNING: N_("Preparing"),
    Status.PLANNED: N_("Ready to run"),
    Status.QUEUED: N_("Queued"),
    Status.RUNNING: N_("Running"),
    Status.DONE: N_("Completed"),
    Status.DONE_WITH_ERRORS: N_("Completed with errors"),
    Status.FAILED: N_("Failed"),
    Status.CANCELLED: N_("Cancelled"),
    Status.UNDONE: N_("Undone"),
}

KIND_LABELS: dict[str, str] = {
    "upsert": N_("Add/update accounts"),
    "undo": N_("Undo"),
    "replacement": N_("Replace a pick-list value"),
    "bulk": N_("Edit of many accounts"),
    "handover": N_("Handover of a person’s work"),
    "merge": N_("Merge of accounts"),
    "duplicates": N_("Search for accounts that may be the same"),
    "managed_list": N_("Synchronization of a managed list"),
    "account_sync": N_("Synchronization of accounts"),
    "feed": N_("Feed of accounts"),
    "dataset_refresh": N_("Refresh of a database"),
    "export": N_("Export to a file"),
    "erasure": N_("Erasure of a person"),
}
"""What runs of each kind are called."""

PERSONAL = ("upsert", "undo", "replacement", "bulk", "export")
"""Kinds that do what whoever began them may do; all others do what the company has set up."""

ACTIVE = frozenset({Status.PLANNING, Status.QUEUED, Status.RUNNING})
"""Somebody or something is going to work on it."""

ENDED = frozenset(
    {Status.DONE, Status.DONE_WITH_ERRORS, Status.FAILED, Status.CANCELLED, Status.UNDONE}
)

UNDOABLE = frozenset({Status.DONE, Status.DONE_WITH_ERRORS, Status.CANCELLED, Status.FAILED})

WRONG = frozenset({Status.FAILED, Status.DONE_WITH_ERRORS})
"""It ended, but somebody should look at it."""


class Mail(StrEnum):
    """Of which of the runs that a person started she gets an e-mail when they end."""

    ALL = "all"
    WRONG = "wrong"
    NONE = "none"


OUTCOMES = (
    "created", "updated", "unchanged", "loaded", "written", "rejected", "skipped", "failed"
)  # fmt: skip
"""What may become of a row; a receipt counts each row once among them."""


@dataclass(frozen=True)
class Receipt:
    """What a run did, and whether that is all it had to do.

    ``rows`` is what the plan holds; ``control`` maps each mapped number to its planned total, the
    total that was written and the total of the rows that were left out.
    """

    rows: int
    outcomes: Mapping[str, int]
    control: Mapping[str, Mapping[str, Decimal]]

    @property
    def counted(self) -> int:
        return sum(self.outcomes.values())

    @property
    def balances(self) -> bool:
        """Whether rows in = rows out, and every control total = written + left out."""
        totals = all(
            total["planned"] == total["written"] + total["left_out"]
            for total in self.control.values()
        )
        return self.counted == self.rows and totals

    @property
    def clean(self) -> bool:
        return self.balances and not any(
            self.outcomes[name] for name in ("rejected", "skipped", "failed")
        )


def ended_as(result: Receipt, *, cancelled: bool) -> Status:
    """Return the status that a run with this receipt deserves."""
    if cancelled:
        return Status.CANCELLED
    if not result.balances:
        return Status.FAILED
    return Status.DONE if result.clean else Status.DONE_WITH_ERRORS


def receipt(rows: int, done: Mapping[str, int], control: Mapping[str, Any]) -> Receipt:
    """Read a receipt from what a run's row holds (control totals as text)."""
    return Receipt(
        rows,
        {name: done.get(name, 0) for name in OUTCOMES},
        {
            field: {
                name: Decimal(total.get(name) or 0) for name in ("planned", "written", "left_out")
            }
            for field, total in control.items()
        },
    )
