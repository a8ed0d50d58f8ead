"""Cancel a run, undo a run, retry what it left out."""

import secrets

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.runs import bp
from crmapp.domain.permissions import Right
from crmapp.errors import AlreadyRunning, Conflict, Invalid, NotUndoable
from crmapp.services import duplicates, receipts, retries, runs, undo
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.texts import translated


@bp.post("/<int:run_id>/cancellation")
def cancel(run_id: int) -> ResponseReturnValue:
    """Cancel the run; what it has done stays and can be undone."""
    try:
        run = runs.cancel(run_id, by=current_user)
    except Conflict as error:
        flash(translated(error.message), "info")
    else:
        text = _("The run stops after the rows it is working on.")
        flash(text if run.cancel_requested else _("The run was cancelled."), "success")
    return see_other(url_for("runs.show", run_id=run_id))


@bp.post("/<int:run_id>/retries")
@requires(Right.GRID_ADD_UPDATE_ACCOUNTS)
def create_retry(run_id: int) -> ResponseReturnValue:
    """Have the rows that the run left out planned again, in a run of their own."""
    key = request.form.get("idempotency_key")
    try:
        retry = retries.retry_later(run_id, by=current_user, key=key)
    except Conflict as error:
        flash(translated(error.message), "info")
    except Invalid as invalid:
        flash(" ".join(translated(text) for text in invalid.fields.values()), "error")
    else:
        return see_other(url_for("upserts.plan", run_id=retry))
    return see_other(url_for("runs.show", run_id=run_id))


@bp.post("/<int:run_id>/duplicates")
@requires(Right.GRID_ADD_UPDATE_ACCOUNTS)
def create_duplicate(run_id: int) -> ResponseReturnValue:
    """Draft a run over the same rows as they are now, with the same mapping."""
    key = request.form.get("idempotency_key")
    try:
        draft = duplicates.duplicate(run_id, by=current_user, key=key)
    except Invalid as invalid:
        flash(" ".join(translated(text) for text in invalid.fields.values()), "error")
        return see_other(url_for("runs.show", run_id=run_id))
    return see_other(url_for("upserts.mapping", run_id=draft))


@bp.get("/<int:run_id>/undo")
def confirm_undo(run_id: int) -> ResponseReturnValue:
    """Say what an undo would do, and ask."""
    run = undo.get(run_id, by=current_user)
    changed = receipts.changed(run)
    return page(
        "runs/undo.html",
        "runs/_undo.html",
        run=run,
        changed=changed,
        undoable=bool(changed) and undo.can_undo(run, by=current_user),
        key=secrets.token_urlsafe(16),
    )


@bp.post("/<int:run_id>/undo")
def create_undo(run_id: int) -> ResponseReturnValue:
    """Start the run that takes this one back."""
    key = request.form.get("idempotency_key")
    try:
        undoing = undo.undo_later(run_id, by=current_user, key=key)
    except AlreadyRunning as error:
        flash(translated(error.message), "info")
        undoing = error.run_id
    except NotUndoable as error:
        flash(translated(error.message), "error")
        undoing = run_id
    else:
        flash(_("The undo has begun."), "success")
    return see_other(url_for("runs.show", run_id=undoing))
