"""Sync tools: the lists that Intacct owns, synchronized now, on a schedule, after a look."""

from __future__ import annotations

from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.blueprints.settings.sync_tools import sync_tools
from crmapp.domain.managed_lists import MANAGED_LISTS
from crmapp.domain.runs import Status
from crmapp.errors import AlreadyRunning, Conflict, Invalid
from crmapp.services import list_review
from crmapp.services import managed_lists as lists_
from crmapp.services.managed_lists import RIGHT
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other, wants_fragment
from crmapp.web.texts import translated

CHOICE = "value:"
"""How the fields of the review begin that say what becomes of one value."""


@bp.get("/managed-lists")
@requires(RIGHT)
def managed_lists() -> ResponseReturnValue:
    """Show the sync tools on a page of their own."""
    return page(
        "settings/managed_lists.html", "settings/_sync_tools.html", open_section="managed_lists",
        **sync_tools("settings.managed_lists"),
    )  # fmt: skip


@bp.post("/managed-lists/<code>/runs")
@requires(RIGHT)
def synchronize(code: str) -> ResponseReturnValue:
    """Begin a resync of a list, or lead to the one that has not ended."""
    try:
        run_id = lists_.synchronize(code, by=current_user)
    except AlreadyRunning as error:
        flash(translated(error.message), "info")
        return see_other(url_for("runs.show", run_id=error.run_id))
    except Conflict as conflict:
        _lead_to_connection(conflict)
    else:
        name = translated(MANAGED_LISTS[code].label)
        begun = _("The synchronization of %(list)s has begun.", list=name)
        link = {"text": begun, "href": url_for("runs.show", run_id=run_id), "link": _("Look at it")}
        flash(link, "success")  # type: ignore[arg-type]  # a toast may have a link
    return see_other(url_for("settings.managed_lists", list=code))


@bp.post("/managed-lists/<code>/schedule")
@requires(RIGHT)
def schedule_managed_list(code: str) -> ResponseReturnValue:
    """Set how often what changed is read, or that it never is."""
    text = request.form.get("every", "")
    every = int(text) if text.isdecimal() and len(text) < 7 else None
    try:
        if text and every is None:
            raise Invalid({"every": _("Choose one from the list.")})
        lists_.schedule(code, every, by=current_user)
    except Invalid as invalid:
        flash(" ".join(translated(each) for each in invalid.fields.values()), "error")
    except Conflict as conflict:
        _lead_to_connection(conflict)
    else:
        flash(_("The schedule is saved."), "success")
    return see_other(url_for("settings.managed_lists", list=code))


@bp.post("/managed-lists/<code>/kept/deletion")
@requires(RIGHT)
def keep_no_longer(code: str) -> ResponseReturnValue:
    """Take back that a value is offered against Intacct."""
    try:
        list_review.keep_no_longer(code, request.form.get("value", ""), by=current_user)
    except AlreadyRunning as error:
        flash(translated(error.message), "info")
    else:
        flash(_("The next synchronization of the list decides about the value."), "success")
    return see_other(url_for("settings.managed_lists", list=code))


def _lead_to_connection(conflict: Conflict) -> None:
    """Say that Intacct is not connected, with the way there."""
    href = url_for("settings.connection", system="intacct")
    link = _("Connect %(system)s", system="Sage Intacct")
    told = {"text": translated(conflict.message), "href": href, "link": link}
    flash(told, "error")  # type: ignore[arg-type]  # a toast may have a link


@bp.get("/managed-lists/<code>/progress")
@requires(RIGHT)
def managed_list_progress(code: str) -> ResponseReturnValue:
    """Answer a page that looks again while a list is synchronized; at its end with all it did."""
    lists_.get(code)
    if not wants_fragment():
        return see_other(url_for("settings.managed_lists", list=code))
    shown = sync_tools("settings.managed_lists")
    part = "settings/_sync_run.html" if shown["active"] else "settings/sync_run.swaps.html"
    return page("settings/managed_lists.html", part, **shown)


@bp.get("/managed-lists/reviews/<int:run_id>")
@requires(RIGHT)
def list_review_page(run_id: int) -> ResponseReturnValue:
    """Show which values would go, and who holds them."""
    run = list_review.get(run_id, by=current_user)
    if run.status != Status.PLANNED:
        return see_other(url_for("runs.show", run_id=run_id))
    return _review(run_id)


@bp.post("/managed-lists/reviews/<int:run_id>")
@requires(RIGHT)
def decide_list_review(run_id: int) -> ResponseReturnValue:
    """Go on with what was decided about each value."""
    form = request.form
    choices = {
        name.removeprefix(CHOICE): to for name, to in form.items() if name.startswith(CHOICE) and to
    }
    otherwise, seen = form.get("otherwise", ""), form.get("plan_hash", "")
    try:
        list_review.decide(run_id, choices, otherwise=otherwise, plan_hash=seen, by=current_user)
    except AlreadyRunning:
        flash(_("This run has begun already."), "info")
    except Invalid as invalid:
        return _review(run_id, [translated(text) for text in invalid.fields.values()], 422)
    except Conflict as conflict:
        return _review(run_id, [translated(conflict.message)], 409)
    else:
        flash(_("The run has begun."), "success")
    return see_other(url_for("runs.show", run_id=run_id))


def _review(run_id: int, messages: list[str] | None = None, status: int = 200) -> Any:
    run = list_review.get(run_id, by=current_user)
    return page(
        "settings/list_review.html",
        "settings/_list_review.html",
        status,
        review=list_review.show(run),
        choice=CHOICE,
        chosen=request.form,
        messages=messages or [],
        open_section="managed_lists",
    )
