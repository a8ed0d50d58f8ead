"""Write a plan in parts and join them: what every kind of planning shares.

Each part is committed with the cursor, so that planning goes on from there whoever dies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmapp import artefacts
from crmapp.artefacts import Artefact
from crmapp.db import after_commit, unit_of_work
from crmapp.domain.plan import PlanRow
from crmapp.domain.runs import Status
from crmapp.models import Run
from crmapp.services.engine import Claim, checkpoint, hand_over, keep_alive

PART = 5000
"""How many rows of the source are planned at a time."""


def last_key(run: Run) -> Any:
    """The key of the source's last row that is planned; ``None`` at the beginning."""
    return run.artefacts[-1]["last_key"] if run.artefacts else None


def keep_part(
    held: Claim, run: Run, rows: Sequence[PlanRow], key: str | int, **values: Any
) -> Claim:
    """Write the next rows of the plan; ``key`` is where the source goes on."""
    stem = artefacts.part_name(held.fence, held.cursor)
    part = artefacts.write(run.id, stem, (row.as_json() for row in rows))
    parts = [*run.artefacts, part.as_json() | {"last_key": key}]
    with unit_of_work():
        return checkpoint(held, cursor=rows[-1].row_no, artefacts=parts, **values)


def join_parts(held: Claim, run: Run, select: str) -> Artefact:
    """Make the plan of the run: what ``select`` says of all its parts."""
    parts = [part["name"] for part in run.artefacts]
    if not parts:
        parts = [artefacts.write(run.id, artefacts.part_name(held.fence, 0), ()).name]
    with keep_alive(held):
        return artefacts.rewrite(run.id, "plan-1", parts, select)


def offer(held: Claim, status: Status, plan: Artefact, counts: dict[str, int]) -> None:
    """Inside a unit of work: end the planning with ``plan``, in the status that follows."""
    hand_over(
        checkpoint(held, cursor=0),
        status,
        artefacts=[plan.as_json()],
        plan_hash=plan.sha256,
        counts=counts,
        total=plan.rows,
    )
    after_commit(lambda: artefacts.clear_parts(held.run_id, held.fence))


def count_actions(plan: Artefact) -> dict[str, int]:
    """Return how many rows of a plan have each action."""
    with artefacts.read([plan.name]) as file:
        return dict(file.ask("SELECT action, count(*) FROM plan GROUP BY action ORDER BY action"))
