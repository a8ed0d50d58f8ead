"""A prepared sync of accounts: looked at, searched, carried out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp import artefacts
from crmapp.blueprints.settings import bp
from crmapp.domain.field_copies import Party
from crmapp.domain.runs import Status
from crmapp.errors import AlreadyRunning, Conflict, NotFound
from crmapp.models import Run
from crmapp.services import account_sync
from crmapp.services import account_sync_preview as preview_
from crmapp.services.account_sync import RIGHT
from crmapp.services.account_sync_preview import Preview
from crmapp.web import reader
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.paging import Pager, numbered
from crmapp.web.run_pages import asked_page, polling_pace
from crmapp.web.texts import translated


@bp.get("/sync-health/plans/<int:run_id>")
@requires(RIGHT)
def sync_plan(run_id: int) -> ResponseReturnValue:
    """Show how far the plan is, or what it would write on each side."""
    try:
        run = preview_.get(run_id, by=current_user)
    except NotFound:  # a run that finds nothing to write is not kept
        flash(
            _("Nothing is to be written: the accounts are the same everywhere, or held back."),
            "info",
        )
        return see_other(url_for("settings.sync_health"))
    if run.status == Status.PLANNING:
        shown: dict[str, Any] = {"run": run, "pace": polling_pace(), "open_section": "sync_health"}
        return page("settings/sync_plan.html", "settings/_sync_planning.html", **shown)
    if run.status != Status.PLANNED:
        return see_other(url_for("runs.show", run_id=run_id))
    return _plan(run)


@bp.post("/sync-health/plans/<int:run_id>/run")
@requires(RIGHT)
def run_sync_plan(run_id: int) -> ResponseReturnValue:
    """Have the plan carried out; one that was made anew since is refused."""
    run = preview_.get(run_id, by=current_user)
    try:
        account_sync.begin(run_id, request.form.get("plan_hash", ""), by=current_user)
    except AlreadyRunning:
        flash(_("This run has begun already."), "info")
    except Conflict as conflict:
        if run.status == Status.PLANNED:
            return _plan(run, [translated(conflict.message)], conflict.status)
        flash(translated(conflict.message), "error")
    else:
        flash(_("The run has begun."), "success")
    return see_other(url_for("runs.show", run_id=run_id))


def _plan(run: Run, messages: Sequence[str] = (), status: int = 200) -> ResponseReturnValue:
    side, words = request.args.get("side", ""), request.args.get("q", "")
    shown: dict[str, Any] = {
        "run": run,
        "messages": messages,
        "side": side if side in list(Party) else "",
        "words": words,
        "open_section": "sync_health",
    }
    if artefacts.lost([part["name"] for part in run.artefacts]):
        shown |= {"lost": True, "counts": {}}
    else:
        asked: dict[str, Any] = {"side": side, "words": words, "by": current_user}
        found = preview_.rows(run, asked_page(), **asked, locale=reader.locale())
        shown |= {"shown": found, "counts": preview_.counts(run)}
        shown["pager"] = _pager(run, found, side=side, q=words)
    return page("settings/sync_plan.html", "settings/_sync_plan.html", status, **shown)


def _pager(run: Run, shown: Preview, **narrow: str) -> Pager:
    kept: dict[str, Any] = {name: value or None for name, value in narrow.items()}

    def at(page: int | None) -> str:
        return url_for("settings.sync_plan", run_id=run.id, page=page, **kept)

    return numbered(shown.first, len(shown.rows), shown.count, preview_.PAGE, at)
