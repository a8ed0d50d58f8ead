"""Runs as people meet them: find, list, cancel; and what a worker does when the bell rings."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.permissions import Right
from crmapp.domain.runs import ENDED, Receipt, Status, receipt
from crmapp.errors import Conflict, Forbidden, NotFound
from crmapp.i18n import N_
from crmapp.models import Run, User
from crmapp.services import apply, engine, freeze, replacement_plan, undo_plan, upsert_plan

PHASES: dict[tuple[str, str], engine.Advance] = {
    ("upsert", Status.PLANNING.value): upsert_plan.advance,
    ("undo", Status.PLANNING.value): undo_plan.advance,
    ("replacement", Status.PLANNING.value): replacement_plan.advance,
    ("upsert", Status.RUNNING.value): freeze.advance,
    ("undo", Status.RUNNING.value): apply.advance,
    ("replacement", Status.RUNNING.value): apply.advance,
}


def get(run_id: int, *, by: User) -> Run:
    """Return a run that ``by`` may see.

    Raises:
        NotFound: there is none.
    """
    run = session.scalar(
        select(Run).where(Run.id == run_id, Run.visible_to(by)).options(joinedload(Run.by))
    )
    if run is None:
        raise NotFound
    return run


def recent(*, by: User, status: str = "", before: int | None = None, limit: int = 50) -> list[Run]:
    """Return the runs that ``by`` may see, newest first, older than the id ``before``."""
    query = select(Run).where(Run.visible_to(by)).options(joinedload(Run.by))
    if status:
        query = query.where(Run.status == status)
    if before is not None:
        query = query.where(Run.id < before)
    return list(session.scalars(query.order_by(Run.id.desc()).limit(limit)))


def receipt_of(run: Run) -> Receipt:
    """Return what the run did so far, row by row accounted for."""
    return receipt(run.total or 0, run.done, run.control)


def cancel(run_id: int, *, by: User) -> Run:
    """Cancel a run: one that waits ends at once, one that works ends after its chunk.

    One that an earlier version of crmapp left behind ends at once as well.

    Raises:
        Forbidden: ``by`` lacks the right.
        Conflict: the run has ended already.
    """
    get(run_id, by=by)
    if not by.can(Right.RUN_CANCEL):
        raise Forbidden(Right.RUN_CANCEL)
    with unit_of_work():
        run = session.get_one(Run, run_id, with_for_update=True)
        if run.status in ENDED:
            raise Conflict({}, message=N_("This run has ended already; nothing was cancelled."))
        if run.status == Status.RUNNING and not engine.stranded(run):
            run.cancel_requested = True
        else:
            run.status, run.finished_at = Status.CANCELLED.value, utcnow()
            run.fence, run.lease_until = run.fence + 1, None
    return get(run_id, by=by)


def work(run_id: int) -> None:
    """Work on a run for one time slice; called by the job that the bell rings."""
    engine.work(run_id, PHASES)


def due(limit: int = 50) -> Sequence[int]:
    """Return the runs that somebody should work on now."""
    return engine.due(limit)
