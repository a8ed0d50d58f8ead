"""Runs as people meet them: find, list, cancel; and what a worker does when the bell rings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from crmapp.db import session, unit_of_work
from crmapp.domain.permissions import Right
from crmapp.domain.runs import ENDED, Receipt, Status, receipt
from crmapp.errors import Forbidden, NotFound, TooLate
from crmapp.i18n import N_
from crmapp.models import Run, User
from crmapp.services import (
    account_pair_search,
    account_sync_apply,
    account_sync_plan,
    account_sync_states,
    apply,
    audit,
    bulk_edits,
    bulk_plan,
    dataset_refresh,
    engine,
    exports,
    feed_apply,
    feed_plan,
    feed_states,
    freeze,
    handover_plan,
    list_apply,
    list_plan,
    list_states,
    person_erasure,
    record_exports,
    replacement_plan,
    undo_plan,
    upsert_plan,
)

PHASES: dict[tuple[str, str], engine.Advance] = {
    ("upsert", Status.PLANNING.value): upsert_plan.advance,
    ("undo", Status.PLANNING.value): undo_plan.advance,
    ("replacement", Status.PLANNING.value): replacement_plan.advance,
    ("upsert", Status.RUNNING.value): freeze.advance,
    ("undo", Status.RUNNING.value): apply.advance,
    ("replacement", Status.RUNNING.value): apply.advance,
    (list_states.KIND, Status.PLANNING.value): list_plan.advance,
    (list_states.KIND, Status.RUNNING.value): list_apply.advance,
    (account_sync_states.KIND, Status.PLANNING.value): account_sync_plan.advance,
    (account_sync_states.KIND, Status.RUNNING.value): account_sync_apply.advance,
    (account_pair_search.KIND, Status.RUNNING.value): account_pair_search.advance,
    (dataset_refresh.KIND, Status.RUNNING.value): dataset_refresh.advance,
    (exports.KIND, Status.RUNNING.value): partial(
        exports.advance,
        writers={exports.GRID: exports.write_grid, record_exports.OF: record_exports.write},
    ),
    (bulk_edits.KIND, Status.PLANNING.value): bulk_plan.advance,
    (bulk_edits.KIND, Status.RUNNING.value): apply.advance,
    (handover_plan.KIND, Status.PLANNING.value): handover_plan.advance,
    (handover_plan.KIND, Status.RUNNING.value): apply.advance,
    (person_erasure.KIND, Status.RUNNING.value): person_erasure.advance,
    (feed_states.KIND, Status.PLANNING.value): feed_plan.advance,
    (feed_states.KIND, Status.RUNNING.value): feed_apply.advance,
}

_HERS = (exports.KIND, bulk_edits.KIND)
"""Kinds of runs that people without a right about runs start, and may cancel."""


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


def receipt_of(run: Run) -> Receipt:
    """Return what the run did so far, row by row accounted for."""
    return receipt(run.total or 0, run.done, run.control)


def cancel(run_id: int, *, by: User) -> Run:
    """Cancel a run: one that waits ends at once, one that works ends after its chunk.

    One that another version of crmapp left behind ends at once as well.

    Raises:
        Forbidden: ``by`` lacks the right.
        TooLate: the run has ended already.
    """
    if not may_cancel(get(run_id, by=by), by=by):
        raise Forbidden(Right.RUN_CANCEL)
    with unit_of_work():
        run = session.get_one(Run, run_id, with_for_update=True)
        if run.status in ENDED:
            raise TooLate({}, message=N_("This run has ended already; nothing was cancelled."))
        engine.stop(run)
        audit.note("run_cancelled", by=by, about="run", about_id=run_id, kind_of_run=run.kind)
    return get(run_id, by=by)


def may_cancel(run: Run, *, by: User) -> bool:
    """Whether ``by`` may cancel the run: with the right, or one that needs none of her own."""
    return by.can(Right.RUN_CANCEL) or (run.kind in _HERS and run.by_id == by.id)


def work(run_id: int) -> None:
    """Work on a run for one time slice; called by the job that the bell rings."""
    engine.work(run_id, PHASES)


def due(limit: int = 50) -> Sequence[int]:
    """Return the runs that somebody should work on now."""
    return engine.due(limit)
