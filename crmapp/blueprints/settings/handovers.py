"""What a person has goes to somebody else: the plan looked at, run."""

import secrets
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from crmapp.blueprints.settings import bp
from crmapp.domain.runs import Status
from crmapp.models import Run
from crmapp.services import handovers, plans
from crmapp.web.access import person, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.run_pages import carried_out, polling_pace, rows_shown


@bp.get("/handovers/<int:run_id>")
@requires(handovers.RIGHT)
def handover(run_id: int) -> ResponseReturnValue:
    """Show how far the plan is, or who gets what."""
    run = handovers.get(run_id, by=person())
    if run.status == Status.PLANNING:
        shown: dict[str, Any] = {"run": run, "pace": polling_pace(), "open_section": "users"}
        shown |= {"endpoint": "settings.handover"}
        return page("settings/handover.html", "settings/_planning.html", **shown)
    if run.status != Status.PLANNED:
        return see_other(url_for("runs.show", run_id=run_id))
    return _show(run)


@bp.post("/handovers/<int:run_id>/run")
@requires(handovers.RIGHT)
def run_handover(run_id: int) -> ResponseReturnValue:
    """Have the plan carried out."""
    return carried_out(run_id, handovers, _show)


def _show(run: Run, message: str = "", status: int = 200) -> ResponseReturnValue:
    return page(
        "settings/handover.html",
        "settings/_handover.html",
        status,
        run=run,
        open_section="users",
        message=message,
        key=secrets.token_urlsafe(16),
        **rows_shown(run, "settings.handover", plans.opening(run)),
    )
