"""The plan of a run: look at it, decide what is uncertain, run it."""

from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from crmapp.blueprints.upserts import bp
from crmapp.blueprints.upserts.answers import refused, show
from crmapp.domain.runs import Status
from crmapp.errors import AlreadyRunning, Conflict, Invalid
from crmapp.services import decisions, engine, upserts
from crmapp.web.access import current_user
from crmapp.web.htmx import page, see_other
from crmapp.web.run_pages import asked_page, polling_pace


@bp.get("/<int:run_id>/plan")
def plan(run_id: int) -> ResponseReturnValue:
    """Show how far the plan is, or what it would do."""
    run = upserts.get(run_id, by=current_user)
    if run.status == Status.DRAFT:
        return see_other(url_for("upserts.mapping", run_id=run_id))
    if run.status == Status.PLANNING:
        pace = polling_pace()
        stranded = engine.stranded(run)
        shown: dict[str, Any] = {"run": run, "pace": pace, "stranded": stranded}
        return page("upserts/planning.html", "upserts/_planning.html", **shown)
    if run.status != Status.PLANNED:
        return see_other(url_for("runs.show", run_id=run_id))
    return show(run)


@bp.post("/<int:run_id>/plan")
def plan_again(run_id: int) -> ResponseReturnValue:
    """Have the plan made anew, with the mapping as it is."""
    try:
        upserts.plan_again_later(run_id, by=current_user)
    except (Invalid, Conflict) as error:
        return refused(run_id, error)
    return see_other(url_for("upserts.plan", run_id=run_id))


@bp.post("/<int:run_id>/decisions")
def decide(run_id: int) -> ResponseReturnValue:
    """Keep what was decided about rows whose account is uncertain."""
    answers = {
        int(name.removeprefix("row-")): answer
        for name, answer in request.form.items()
        if name.removeprefix("row-").isdecimal() and len(name) < 20
    }
    plan_hash = request.form.get("plan_hash", "")
    try:
        kept = decisions.decide(run_id, answers, plan_hash=plan_hash, by=current_user)
    except (Invalid, Conflict) as error:
        return refused(run_id, error)
    flash(ngettext("%(num)s decision kept.", "%(num)s decisions kept.", kept), "success")
    return see_other(url_for("upserts.plan", run_id=run_id, show="ambiguous", page=asked_page()))


@bp.post("/<int:run_id>/run")
def run(run_id: int) -> ResponseReturnValue:
    """Have the plan carried out; a plan that was made anew since, or grown, is refused."""
    plan_hash = request.form.get("plan_hash", "")
    key = request.form.get("idempotency_key")
    try:
        upserts.run_later(run_id, plan_hash=plan_hash, key=key, by=current_user)
    except AlreadyRunning:
        flash(_("This run has begun already."), "info")
    except (Invalid, Conflict) as error:
        return refused(run_id, error)
    else:
        flash(_("The run has begun."), "success")
    return see_other(url_for("runs.show", run_id=run_id))
