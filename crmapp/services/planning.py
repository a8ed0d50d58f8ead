"""Write a plan in parts and join them: what every kind of planning shares.

Each part is committed with the cursor, so that planning goes on from there whoever dies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from crmapp import artefacts
from crmapp.artefacts import Artefact, Beside
from crmapp.db import after_commit, session, unit_of_work
from crmapp.domain.changes import Reason
from crmapp.domain.plan import WRITTEN, Planned, PlanRow
from crmapp.domain.runs import Status
from crmapp.errors import AlreadyRunning, Conflict
from crmapp.i18n import N_
from crmapp.models import Run
from crmapp.queue import later
from crmapp.services.engine import CODE_VERSION, Claim, checkpoint, hand_over

OUTDATED = N_("Another version of crmapp made this preview. Make it anew before you run it.")
BEGUN = N_("This run has been started already. Look at the run for what became of it.")
ANEW = N_("The plan was made anew. Look at it again before you run it.")
WRITES = "(action IN ({}) OR link)".format(", ".join(f"'{action}'" for action in WRITTEN))
"""Says in SQL that a row of a plan is written."""
STEM = "plan-1"
"""What the file of a plan is called that nobody has decided about."""
ALL = "SELECT * FROM plan"
"""Makes a plan of parts that say already what it does."""
PART = 5000
"""How many rows of the source are planned at a time; of wide ones it gives fewer."""


def last_key(run: Run) -> Any:
    """The key of the source's last row that is planned; ``None`` at the beginning."""
    return run.artefacts[-1]["last_key"] if run.artefacts else None


def keep_part(
    held: Claim,
    run: Run,
    rows: Sequence[PlanRow],
    key: Any,
    beside: Beside | None = None,
    **values: Any,
) -> Claim:
    """Write the next rows of the plan; ``key`` is where the source goes on.

    Those of ``beside`` are numbered on behind ``rows``.
    """
    stem = artefacts.part_name(held.fence, held.cursor)
    part = artefacts.write(run.id, stem, rows, beside)
    parts = [*run.artefacts, part.as_json() | {"last_key": key}]
    last = (rows[-1].row_no if rows else held.cursor) + part.rows - len(rows)
    with unit_of_work():
        return checkpoint(held, cursor=last, artefacts=parts, **values)


def join_parts(held: Claim, run: Run, select: str = ALL, before: Iterable[str] = ()) -> Artefact:
    """Make the plan of the run: what ``select`` says of all its parts, after ``before``.

    Rows come in the order of the parts: to sort them would take memory for all of them.
    """
    parts = [part["name"] for part in run.artefacts]
    if not parts:
        parts = [artefacts.write(run.id, artefacts.part_name(held.fence, 0), ()).name]
    return artefacts.rewrite(run.id, STEM, parts, select, before)


def reject(
    run_id: int, stem: str, plan: Artefact, which: str, field: str, said: str, found: str = "''"
) -> Artefact:
    """Reject the rows for which ``which`` holds: ``said`` is wrong with their ``field``.

    ``which`` and ``found``, the cell as it came, are SQL over the plan's columns.
    """
    named = {"field": field, "said": said.replace("'", "''")}
    select = _REJECTED.format(which=which, found=found, **named)
    return artefacts.rewrite(run_id, stem, [plan.name], select)


_REJECTED = f"""
    SELECT * EXCLUDE (wrong) REPLACE (
        if(wrong, '{Planned.REJECTED}', action) AS action,
        if(wrong, '{Reason.BAD_VALUE}', reason) AS reason,
        if(wrong, json_object(
            'field', '{{field}}', 'problem', '{{said}}', 'values', json_object(), 'found', {{found}}
        )::VARCHAR, params) AS params,
        if(wrong, '{{{{}}}}', fields) AS fields,
        link AND NOT wrong AS link,
        if(wrong, '[]', also) AS also
    )
    FROM (SELECT *, {{which}} AS wrong FROM plan)
"""  # noqa: S608  (our own constants)


def offer(
    held: Claim, status: Status, plan: Artefact, counts: dict[str, int], **values: Any
) -> None:
    """Inside a unit of work: end the planning with ``plan``, in the status that follows."""
    plain = {"artefacts": [plan.as_json()], "plan_hash": plan.sha256, "total": plan.rows}
    hand_over(checkpoint(held, cursor=0), status, counts=counts, **{**plain, **values})
    after_commit(lambda: artefacts.clear_parts(held.run_id, held.fence))


def count_actions(plan: Artefact | Sequence[str]) -> dict[str, int]:
    """Return how many rows of a plan, or of its files, have each action."""
    with artefacts.read([plan.name] if isinstance(plan, Artefact) else plan) as file:
        return dict(file.ask("SELECT action, count(*) FROM plan GROUP BY action ORDER BY action"))


def queue(run_id: int, plan_hash: str) -> str:
    """Inside a unit of work: have the plan that a person has looked at carried out.

    Raises:
        Conflict: the plan was made anew since she looked, or by another version of crmapp.
        AlreadyRunning: the run has been started.
    """
    run = session.get_one(Run, run_id, with_for_update=True)
    if run.status not in (Status.PLANNED, Status.DRAFT, Status.PLANNING):
        raise AlreadyRunning(run_id, BEGUN)
    if run.code_version != CODE_VERSION:
        raise Conflict({}, message=OUTDATED)
    if run.status != Status.PLANNED or run.plan_hash != plan_hash:
        raise Conflict({}, message=ANEW)
    run.status, run.cursor, run.done, run.lease_until = Status.QUEUED.value, 0, {}, None
    later("runs.work", run_id=run_id)
    return f"run:{run_id}"
