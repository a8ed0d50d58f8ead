"""A value of a pick list gives way to another: started, looked at, run."""

import secrets
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.domain.permissions import Right
from crmapp.domain.runs import Status
from crmapp.errors import AlreadyRunning, Conflict
from crmapp.models import Run
from crmapp.services import plans, replacements
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.run_pages import polling_pace, rows_shown
from crmapp.web.texts import translated


@bp.get("/replacements/<int:run_id>")
@requires(Right.SETTINGS_MANAGE)
def replacement(run_id: int) -> ResponseReturnValue:
    """Show how far the plan is, or which records it would change."""
    run = replacements.get(run_id, by=current_user)
    if run.status == Status.PLANNING:
        shown: dict[str, Any] = {"run": run, "pace": polling_pace(), "open_section": "pick_lists"}
        return page("settings/replacement.html", "settings/_planning.html", **shown)
    if run.status != Status.PLANNED:
        return see_other(url_for("runs.show", run_id=run_id))
    return _show(run)


@bp.post("/replacements/<int:run_id>/run")
@requires(Right.SETTINGS_MANAGE)
def run_replacement(run_id: int) -> ResponseReturnValue:
    """Have the plan carried out."""
    plan_hash, key = request.form.get("plan_hash", ""), request.form.get("idempotency_key")
    try:
        replacements.run_later(run_id, plan_hash=plan_hash, key=key, by=current_user)
    except AlreadyRunning:
        flash(_("This run has begun already."), "info")
    except Conflict as conflict:
        found = replacements.get(run_id, by=current_user)
        if found.status == Status.PLANNED:
            return _show(found, translated(conflict.message), conflict.status)
        flash(translated(conflict.message), "error")
    else:
        flash(_("The run has begun."), "success")
    return see_other(url_for("runs.show", run_id=run_id))


def _show(run: Run, message: str = "", status: int = 200) -> ResponseReturnValue:
    return page(
        "settings/replacement.html",
        "settings/_replacement.html",
        status,
        run=run,
        open_section="pick_lists",
        message=message,
        key=secrets.token_urlsafe(16),
        **rows_shown(run, "settings.replacement", plans.opening(run)),
    )
