"""Sync health: how all that is synchronised is doing, what is wrong, and what can be done."""

from __future__ import annotations

from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from crmapp.blueprints.settings import bp
from crmapp.domain.runs import ACTIVE
from crmapp.errors import AlreadyRunning, Conflict, Invalid
from crmapp.services import (
    account_sync,
    account_sync_health,
    connections,
    pick_lists,
)
from crmapp.services import sync_health as health_
from crmapp.services.account_sync import RIGHT, SCOPES, Chosen
from crmapp.web import reader
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other, wants_fragment
from crmapp.web.paging import Pager, page_number
from crmapp.web.run_pages import polling_pace
from crmapp.web.templating import number, url_with
from crmapp.web.texts import translated

_PAGE = 50


@bp.get("/sync-health")
@requires(RIGHT)
def sync_health() -> ResponseReturnValue:
    """Show how all that is synchronised is doing."""
    return page("settings/sync_health.html", **_shown(), **_mass())


@bp.get("/sync-health/progress")
@requires(RIGHT)
def sync_progress() -> ResponseReturnValue:
    """Answer a page that looks again while a run works; at its end with all that it did."""
    if not wants_fragment():
        return see_other(url_for("settings.sync_health"))
    shown = _shown()
    part = (
        "settings/_account_sync_run.html" if shown["active"] else "settings/sync_health.swaps.html"
    )
    return page("settings/sync_health.html", part, **shown)


@bp.get("/sync-health/accounts")
@requires(RIGHT)
def sync_cause() -> ResponseReturnValue:
    """List the accounts that are not as they should be for one cause."""
    cause, after = (
        request.args.get("cause", ""),
        page_number(request.args.get("after", "0"), 2**31 - 1),
    )
    asked: dict[str, Any] = {"after": after if "after" in request.args else 0, "limit": _PAGE + 1}
    found = account_sync_health.wrong(cause, by=current_user, **asked)
    more = url_with(after=found[_PAGE - 1].account_id) if len(found) > _PAGE else None
    start = url_with(after=None) if asked["after"] else None
    return page(
        "settings/sync_cause.html",
        cause=cause,
        accounts=found[:_PAGE],
        pager=Pager(first=start, previous=start, next=more),
        open_section="sync_health",
    )


@bp.get("/sync-health/count")
@requires(RIGHT)
def count_sync() -> ResponseReturnValue:
    """Say how many accounts are chosen, on the page or for a part of it."""
    if not wants_fragment():
        chosen: dict[str, Any] = request.args.to_dict()
        return see_other(url_for("settings.sync_health", **chosen))
    return page("settings/sync_health.html", "settings/_mass_count.html", **_mass())


@bp.post("/sync-health/runs")
@requires(RIGHT)
def prepare_sync() -> ResponseReturnValue:
    """Have the sync of the chosen accounts planned, or lead to the run that has not ended."""
    chosen = Chosen(request.form.get("scope", ""), request.form.get("territory", ""))
    try:
        run_id = account_sync.synchronize_many(chosen, by=current_user)
    except AlreadyRunning as error:
        flash(_("A run of the accounts has not ended yet."), "info")
        return see_other(url_for("settings.sync_plan", run_id=error.run_id))
    except Invalid as invalid:
        flash(" ".join(translated(text) for text in invalid.fields.values()), "error")
    except Conflict as conflict:
        flash(translated(conflict.message), "error")
    else:
        return see_other(url_for("settings.sync_plan", run_id=run_id))
    return see_other(url_for("settings.sync_health"))


@bp.post("/sync-health/retries")
@requires(RIGHT)
def retry_sync() -> ResponseReturnValue:
    """Try the accounts again that a system refused, for one cause or for all."""
    try:
        count = account_sync.retry(request.form.get("cause", ""), by=current_user)
    except Conflict as conflict:
        flash(translated(conflict.message), "error")
    else:
        text = ngettext(
            "%(count)s account is tried again.",
            "%(count)s accounts are tried again.",
            count,
            count=number(count),
        )
        flash(text, "success")
    return see_other(url_for("settings.sync_health"))


def _shown() -> dict[str, Any]:
    found = health_.overview(by=current_user)
    running = found.accounts.running
    return {
        "overview": found,
        "health": found.accounts,
        "run": running,
        "active": running is not None and running.status in ACTIVE and not found.accounts.stranded,
        "pace": polling_pace(),
        "history": account_sync_health.history(by=current_user),
        "states": connections.states(by=current_user),
        "open_section": "sync_health",
    }


def _mass() -> dict[str, Any]:
    """Return what the section needs that synchronises many: what is chosen, and how many."""
    scope = request.args.get("scope", "")
    chosen = Chosen(scope if scope in SCOPES else "all", request.args.get("territory", ""))
    return {
        "chosen": chosen,
        "count": account_sync.count(chosen, by=current_user),
        "scopes": [(code, translated(text)) for code, text in SCOPES.items()],
        "territories": [
            ("", _("All")),
            *pick_lists.choices("territory", reader.locale(), keep=chosen.territory),
        ],
    }
