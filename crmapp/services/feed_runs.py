"""Runs of CRM mappings as people read them: what was read of each source, what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from crmapp import artefacts
from crmapp.artefacts import PlanFile
from crmapp.db import session
from crmapp.domain.plan import OUTCOME_OF, Planned
from crmapp.domain.runs import ENDED, OUTCOMES
from crmapp.errors import NotFound
from crmapp.models import Run, RunException, User
from crmapp.services import runs
from crmapp.services.crm_mappings import RIGHT
from crmapp.services.feed_states import KIND
from crmapp.services.rights import need
from crmapp.services.staged_rows import state_of

_BECOMES = {Planned.CREATE: "created", Planned.UPDATE: "updated", **OUTCOME_OF}


@dataclass(frozen=True)
class Part:
    """What one source gave a run, and what the run does with it, or did.

    ``rows`` is how many were read; ``whole`` whether these were all that there are, else they are
    those of ``since`` if it is known. ``asked`` of them were not read of the source: somebody was
    asked about them before. ``outcomes`` counts each row once: of a run that has ended what became
    of it, before that what is planned.
    """

    id: int
    name: str
    rows: int
    whole: bool
    since: datetime | None
    read_at: datetime | None
    asked: int
    outcomes: Mapping[str, int]

    @property
    def missing(self) -> int:
        """How many of its rows nothing was said of."""
        return self.rows - sum(self.outcomes.values())


def get(run_id: int, *, by: User) -> Run:
    """Return a run of a CRM mapping.

    Raises:
        Forbidden: ``by`` may not manage integrations.
        NotFound: there is none; one that found nothing to do is not kept.
    """
    need(RIGHT, by=by)
    run = runs.get(run_id, by=by)
    if run.kind != KIND:
        raise NotFound
    return run


def parts(run: Run) -> list[Part]:
    """Return what was read of each source; nothing of a run that reads none, or has lost its plan.

    Raises:
        FileLost: the plan is not there.
    """
    spans, read = run.mapping.get("spans", ()), state_of(run).get("read", ())
    kept = run.source.get("sources", ())
    if not run.artefacts or not len(spans) == len(read) == len(kept):
        return []
    with artefacts.read([part["name"] for part in run.artefacts]) as plan:
        return [
            Part(
                source["source_id"],
                source["name"],
                said["count"],
                said["whole"],
                _moment(source["read_at"]) if source["cursor"] is not None else None,
                _moment(said["at"]),
                said.get("asked", 0),
                _outcomes(run, plan, first, last),
            )
            for source, said, (first, last) in zip(kept, read, spans, strict=True)
        ]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _outcomes(run: Run, plan: PlanFile, first: int, last: int) -> dict[str, int]:
    """Count the rows of a source by what became of them, or is planned.

    What a run wrote of a row is what was planned, or there is an exception that says otherwise.
    """
    counts = dict.fromkeys(OUTCOMES, 0)
    ended = run.status in ENDED
    until = last if not ended else min(last, run.cursor if run.done else 0)
    differing: dict[int, str] = {}
    if ended:
        exceptions = select(RunException.row_no, RunException.outcome).where(
            RunException.run_id == run.id, RunException.row_no.between(first, until)
        )
        differing = {row.row_no: row.outcome for row in session.execute(exceptions)}
    found = plan.ask(
        "SELECT action, count(*) FROM plan WHERE row_no BETWEEN ? AND ?"
        " AND row_no NOT IN (SELECT unnest(CAST(? AS BIGINT[]))) GROUP BY action",
        [first, until, list(differing)],
    )
    for action, count in found:
        counts[_BECOMES[Planned(action)]] += count
    for outcome in differing.values():
        counts[outcome] += 1
    return counts
