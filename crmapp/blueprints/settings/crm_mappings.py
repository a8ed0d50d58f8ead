"""CRM mappings: their list, a new one, the page of each, its name and its runs."""

from __future__ import annotations

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.blueprints.settings.crm_mapping_forms import (
    BeginningForm,
    CopyForm,
    NameForm,
    beginning_form,
    schedule_form,
)
from crmapp.blueprints.settings.crm_mapping_page import overview, shown, words
from crmapp.errors import AlreadyRunning, Conflict, Invalid, NotFound
from crmapp.services import crm_mapping_edits, feed_standings, feeds
from crmapp.services import crm_mappings as mappings_
from crmapp.services.crm_mappings import RIGHT
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other, wants_fragment
from crmapp.web.texts import translated


@bp.get("/crm-mappings")
@requires(RIGHT)
def crm_mappings() -> ResponseReturnValue:
    """List the CRM mappings, and how it stands with each."""
    found = feed_standings.every(by=current_user)
    return page("settings/crm_mappings.html", standings=found, **words())


@bp.get("/crm-mappings/new")
@requires(RIGHT)
def new_crm_mapping() -> ResponseReturnValue:
    """Ask for the name and the first source of a new one; its fields are chosen next."""
    form = beginning_form(feed_standings.others(by=current_user))
    if "name" not in request.args:
        return _beginning(form)
    valid = form.validate()
    try:
        name = mappings_.check_name(form.name.data or "", by=current_user)
    except Invalid as invalid:
        form.refuse(invalid)
        valid = False
    if not valid:
        return _beginning(form, 422)
    source_id = int(form.source.data)
    return see_other(url_for("settings.new_crm_mapping_source", source_id=source_id, name=name))


def _beginning(form: BeginningForm, status: int = 200) -> ResponseReturnValue:
    return page("settings/crm_mapping_new.html", None, status, form=form, **words())


@bp.get("/crm-mappings/<int:mapping_id>")
@requires(RIGHT)
def crm_mapping(mapping_id: int) -> ResponseReturnValue:
    """Show a CRM mapping: how it stands, its sources, its schedule, its last runs."""
    return overview(mapping_id)


@bp.get("/crm-mappings/<int:mapping_id>/state")
@requires(RIGHT)
def crm_mapping_state(mapping_id: int) -> ResponseReturnValue:
    """Answer a page that looks again while a run works; at its end with all that it did."""
    if not wants_fragment():
        return see_other(url_for("settings.crm_mapping", mapping_id=mapping_id))
    standing = feed_standings.get(mapping_id, by=current_user)
    part = "_crm_mapping_state.html" if standing.working else "crm_mapping_state.swaps.html"
    return page("settings/crm_mapping.html", f"settings/{part}", **shown(standing))


@bp.post("/crm-mappings/<int:mapping_id>/name")
@requires(RIGHT)
def rename_crm_mapping(mapping_id: int) -> ResponseReturnValue:
    """Give the CRM mapping another name."""
    form = NameForm()
    part = "settings/_crm_mapping_name.html"
    if not form.validate_on_submit():
        return overview(mapping_id, part, 422, naming=form)
    try:
        mappings_.rename(mapping_id, form.name.data or "", by=current_user)
    except Invalid as invalid:
        form.refuse(invalid)
        return overview(mapping_id, part, 422, naming=form)
    flash(_("The name is saved."), "success")
    return see_other(url_for("settings.crm_mapping", mapping_id=mapping_id))


@bp.post("/crm-mappings/<int:mapping_id>/copies")
@requires(RIGHT)
def copy_crm_mapping(mapping_id: int) -> ResponseReturnValue:
    """Add another CRM mapping that does the same, without its schedule."""
    form = CopyForm()
    part = "settings/_crm_mapping_name.html"
    if not form.validate_on_submit():
        return overview(mapping_id, part, 422, copying=form)
    try:
        copy_id = crm_mapping_edits.copy(mapping_id, form.copy_name.data or "", by=current_user)
    except Invalid as invalid:
        form.refuse(invalid)
        return overview(mapping_id, part, 422, copying=form)
    flash(_("This is the copy. It has no schedule yet."), "success")
    return see_other(url_for("settings.crm_mapping", mapping_id=copy_id))


@bp.post("/crm-mappings/<int:mapping_id>/schedule")
@requires(RIGHT)
def schedule_crm_mapping(mapping_id: int) -> ResponseReturnValue:
    """Set when the CRM mapping is read by itself."""
    form = schedule_form(mappings_.get(mapping_id, by=current_user), sent=True)
    part = "settings/_crm_mapping_schedule.html"
    if not form.validate_on_submit():
        return overview(mapping_id, part, 422, schedule=form)
    try:
        mappings_.schedule(mapping_id, **form.chosen, by=current_user)
    except Invalid as invalid:
        form.refuse(invalid)
        return overview(mapping_id, part, 422, schedule=form)
    flash(_("The schedule is saved."), "success")
    return see_other(url_for("settings.crm_mapping", mapping_id=mapping_id))


@bp.post("/crm-mappings/<int:mapping_id>/runs")
@requires(RIGHT)
def start_crm_mapping(mapping_id: int) -> ResponseReturnValue:
    """Read the sources now, or lead to the run that has not ended."""
    how = request.form.get("how", "run")
    if how not in ("run", "dry", "whole"):
        raise NotFound
    dry, whole = how == "dry", how == "whole"
    try:
        run_id = feeds.start(mapping_id, by=current_user, dry=dry, whole=whole)
    except AlreadyRunning as error:
        flash(_("This run of the CRM mapping has not ended yet."), "info")
        return see_other(url_for("runs.show", run_id=error.run_id))
    except Conflict as conflict:
        flash(translated(conflict.message), "error")
    else:
        begun = _("The dry run has begun.") if dry else _("The run has begun.")
        link = {"text": begun, "href": url_for("runs.show", run_id=run_id), "link": _("Look at it")}
        flash(link, "success")  # type: ignore[arg-type]  # a toast may have a link
    return see_other(url_for("settings.crm_mapping", mapping_id=mapping_id))
