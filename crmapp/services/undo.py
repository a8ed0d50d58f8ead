"""Undo a run: a run of its own, over the changes that the run made."""

from __future__ import annotations

from sqlalchemy import func, select

from crmapp.db import session, unit_of_work
from crmapp.domain.permissions import Right
from crmapp.domain.runs import UNDOABLE, Status
from crmapp.errors import AlreadyRunning, Forbidden, NotUndoable
from crmapp.i18n import N_
from crmapp.models import Change, Run, User
from crmapp.services import bulk_edits, list_states, runs
from crmapp.services.engine import enqueue
from crmapp.services.idempotency import once


def can_undo(run: Run, *, by: User) -> bool:
    """Say whether ``by`` may undo the run as it is now."""
    if not may_undo(run, by=by) or run.status not in UNDOABLE or not run.done:
        return False
    return session.scalar(select(Change.id).where(Change.run_id == run.id).limit(1)) is not None


def may_undo(run: Run, *, by: User) -> bool:
    """Say whether undoing the run is hers: with the right, or an edit of many that she made."""
    if by.can(Right.RUN_UNDO):
        return True
    if run.by_id != by.id:
        return False
    undone = session.get(Run, run.undoes_id) if run.undoes_id else None
    return run.kind == bulk_edits.KIND or (undone is not None and may_undo(undone, by=by))


def get(run_id: int, *, by: User) -> Run:
    """Return a run that is hers to undo, be that possible or not.

    Raises:
        Forbidden: it is not hers to undo.
        NotFound: there is none.
    """
    run = session.get(Run, run_id)
    if not by.can(Right.RUN_UNDO) and (run is None or not may_undo(run, by=by)):
        raise Forbidden(Right.RUN_UNDO)
    return runs.get(run_id, by=by)


def undo_later(run_id: int, *, by: User, key: str | None) -> int:
    """Have a run undone in the background; return the id of the run that does it.

    What people changed since is kept and listed on that run's receipt.

    Raises:
        Forbidden: it is not hers to undo.
        NotUndoable: the run changed nothing, has not ended, or was undone.
        AlreadyRunning: it is being undone, or its managed list is being written; carries the id
            of the run that does.
    """
    get(run_id, by=by)
    with unit_of_work():
        made = once(key, {"undo": run_id}, lambda: _start(run_id, by))
    return int(made.removeprefix("run:"))


def _start(run_id: int, by: User) -> str:
    run = session.get_one(Run, run_id, with_for_update=True)
    doing = session.scalar(
        select(Run.id).where(
            Run.undoes_id == run_id,
            Run.status.in_([Status.PLANNING.value, Status.QUEUED.value, Status.RUNNING.value]),
        )
    )
    if doing is not None:
        raise AlreadyRunning(doing, N_("This run is being undone already."))
    if run.status == Status.UNDONE:
        raise NotUndoable(N_("This run has been undone already."))
    if run.status not in UNDOABLE:
        raise NotUndoable(N_("Only a run that has ended can be undone."))
    if run.kind == list_states.KIND:
        list_states.locked(run.source["list"])
        list_states.refuse_second(run.source["list"])
    changes = session.scalar(select(func.count(Change.id)).where(Change.run_id == run_id))
    if not changes:
        raise NotUndoable(N_("This run changed nothing, so there is nothing to undo."))
    undoing = Run(
        kind="undo",
        title=run.title,
        status=Status.PLANNING.value,
        source={
            "kind": "changes",
            "run": run_id,
            "origin": {"kind": "undo", "run": run_id},
            "titles": run.source.get("titles", {}),
            "object": run.source.get("object", "account"),
        },
        total=changes,
        lock_key=f"undo:{run_id}",
        undoes_id=run_id,
        by_id=by.id,
    )
    return f"run:{enqueue(undoing)}"
