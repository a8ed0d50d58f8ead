"""Carry out a feed, and note how far its sources were read once it has ended well."""

from __future__ import annotations

from crmapp.db import unit_of_work
from crmapp.domain.runs import Status
from crmapp.services import apply, feed_plan, feed_states, feed_troubles, match_questions
from crmapp.services.engine import Claim
from crmapp.services.staged_rows import state_of

_WELL = (Status.DONE, Status.DONE_WITH_ERRORS)


def advance(held: Claim) -> Claim | None:
    """Do the next chunk; whoever dies before the cursors are kept only has the rows read again."""
    moved = apply.advance(held)
    if moved is None:
        run = apply.load(held.run_id)
        if run.status in _WELL and state_of(run).get("read"):
            plan = [run.artefacts[0]["name"]]
            match_questions.settle(run, plan, feed_plan.spans_of(run))
            with unit_of_work():
                feed_states.keep(run, feed_troubles.known(run))
    return moved
