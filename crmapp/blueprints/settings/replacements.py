"""A value of a pick list gives way to another: started, looked at, run."""

import secrets
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from crmapp.blueprints.settings import bp
from crmapp.domain.permissions import Right
from crmapp.domain.runs import Status
from crmapp.models import Run
from crmapp.services import plans, replacements
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.run_pages import carried_out, polling_pace, rows_shown


@bp.get("/replacements/<int:run_id>")
@requires(Right.SETTINGS_MANAGE)
def replacement(run_id: int) -> ResponseReturnValue:
    """Show how far the plan is, or which records it would change."""
    run = replacements.get(run_id, by=current_user)
    if run.status == Status.PLANNING:
        shown: dict[str, Any] = {"run": run, "pace": polling_pace(), "open_section": "pick_lists"}
        shown |= {"endpoint": "settings.replacement"}
        return page("settings/replacement.html", "settings/_planning.html", **shown)
    if run.status != Status.PLANNED:
        return see_other(url_for("runs.show", run_id=run_id))
    return _show(run)


@bp.post("/replacements/<int:run_id>/run")
@requires(Right.SETTINGS_MANAGE)
def run_replacement(run_id: int) -> ResponseReturnValue:
    """Have the plan carried out."""
    return carried_out(run_id, replacements, _show)


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
