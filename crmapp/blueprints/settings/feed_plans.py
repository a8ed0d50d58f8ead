"""A prepared run of a CRM mapping: why it waits, what it would do, carried out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.domain.runs import Status
from crmapp.errors import AlreadyRunning, Conflict, NotFound
from crmapp.models import Run
from crmapp.services import feed_missing, feed_runs, feeds, plans
from crmapp.services.crm_mappings import RIGHT
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.paging import numbered, page_number
from crmapp.web.run_pages import address_of, mapping_page, polling_pace, rows_shown
from crmapp.web.texts import translated


@bp.get("/feeds/<int:run_id>/plan")
@requires(RIGHT)
def feed_plan(run_id: int) -> ResponseReturnValue:
    """Show how far the plan is, or what it would do and why it waits."""
    try:
        run = feed_runs.get(run_id, by=current_user)
    except NotFound:  # a run that finds nothing to do is not kept
        flash(_("Nothing is to be done: the sources say what the accounts say."), "info")
        return see_other(url_for("settings.crm_mappings"))
    if run.status == Status.PLANNING:
        shown: dict[str, Any] = {"run": run, "pace": polling_pace(), **_around(run)}
        return page("settings/feed_plan.html", "settings/_feed_planning.html", **shown)
    if run.status != Status.PLANNED:
        return see_other(url_for("runs.show", run_id=run_id))
    return _plan(run)


@bp.post("/feeds/<int:run_id>/run")
@requires(RIGHT)
def run_feed(run_id: int) -> ResponseReturnValue:
    """Have the plan carried out; one that was made anew since is refused."""
    run = feed_runs.get(run_id, by=current_user)
    try:
        feeds.begin(run_id, request.form.get("plan_hash", ""), by=current_user)
    except AlreadyRunning:
        gone = run.status == Status.CANCELLED
        text = _("This plan was withdrawn: the sources were read again since, or it was cancelled.")
        flash(text if gone else _("This run has begun already."), "error" if gone else "info")
    except Conflict as conflict:
        if run.status == Status.PLANNED:
            return _plan(run, [translated(conflict.message)], conflict.status)
        flash(translated(conflict.message), "error")
    else:
        flash(_("The run has begun."), "success")
    return see_other(url_for("runs.show", run_id=run_id))


def _plan(run: Run, messages: Sequence[str] = (), status: int = 200) -> ResponseReturnValue:
    rows = rows_shown(run, "settings.feed_plan", plans.opening(run))
    return page(
        "settings/feed_plan.html",
        "settings/_feed_plan.html",
        status,
        run=run,
        messages=messages,
        mode=run.source["mode"],
        writes=plans.written(run),
        parts=[] if "lost" in rows else feed_runs.parts(run),
        matches=address_of("settings.matches"),
        **_missing(run),
        **rows,
        **_around(run),
    )


def _missing(run: Run) -> dict[str, Any]:
    """Return who is gone from a source that has shrunk, page by page."""
    number = page_number(request.args.get("gone"))
    missing = feed_missing.listed(run, number, by=current_user)

    def at(asked: int | None) -> str:
        kept: dict[str, Any] = {name: request.args.get(name) for name in ("show", "page")}
        here = "settings-feed-missing"
        return url_for("settings.feed_plan", run_id=run.id, gone=asked, _anchor=here, **kept)

    counted = (missing.first, len(missing.rows), missing.count)
    return {"missing": missing, "missing_pager": numbered(*counted, feed_missing.PAGE, at)}


def _around(run: Run) -> dict[str, Any]:
    return {"back": mapping_page(run), "open_section": "crm_mappings"}
