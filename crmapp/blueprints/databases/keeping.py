"""A database that is there: its page, its refreshes, its files, and its end."""

from __future__ import annotations

from flask import Response, flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.databases import bp
from crmapp.blueprints.databases.forms import MoreForm, ScheduleForm, schedule_form
from crmapp.domain.permissions import Right
from crmapp.errors import AlreadyRunning, Conflict, Invalid
from crmapp.services import databases, dataset_refresh, dataset_schedule
from crmapp.web import reader
from crmapp.web.access import current_user, requires
from crmapp.web.forms import Form, add_error
from crmapp.web.htmx import page, see_other
from crmapp.web.taking import taken
from crmapp.web.texts import translated


@bp.get("/<int:dataset_id>")
@requires(Right.DATASET_MANAGE)
def show(dataset_id: int) -> ResponseReturnValue:
    """Show a database: where it comes from, when it is refreshed, what became of its rows."""
    return _page(dataset_id)


@bp.get("/<int:dataset_id>/dataset.yml")
@requires(Right.DATASET_MANAGE)
def text(dataset_id: int) -> ResponseReturnValue:
    """Send the dataset file."""
    stored = databases.get(dataset_id, by=current_user)
    said = stored.text or databases.draft_of(stored).text
    name = f"attachment; filename={stored.name or 'draft'}.yml"
    answer = Response(said, mimetype="application/yaml", headers={"Content-Disposition": name})
    return taken(answer, "database", about_id=dataset_id)


@bp.post("/<int:dataset_id>/refreshes")
@requires(Right.DATASET_MANAGE)
def refresh(dataset_id: int) -> ResponseReturnValue:
    """Refresh the database now."""
    try:
        run_id = dataset_refresh.start(dataset_id, by=current_user)
    except AlreadyRunning as error:
        flash(_("This database is being refreshed already."), "info")
        run_id = error.run_id
    else:
        flash(_("The refresh has begun."), "success")
    return see_other(url_for("runs.show", run_id=run_id))


@bp.post("/<int:dataset_id>/files")
@requires(Right.DATASET_MANAGE)
def send(dataset_id: int) -> ResponseReturnValue:
    """Take in another file, and refresh."""
    form = MoreForm().offer()
    if not form.validate_on_submit() or not form.file.data:
        if not form.file.errors:
            add_error(form.file, _("Choose a file."))
        return _page(dataset_id, more=form)
    sent, adds = form.file.data, form.mode.data == "add"
    try:
        run_id = databases.send(
            dataset_id, sent.stream, sent.filename or "", adds=adds, by=current_user
        )
    except Invalid as error:
        form.refuse(error)
        return _page(dataset_id, more=form)
    flash(_("The file is being loaded."), "success")
    return see_other(url_for("runs.show", run_id=run_id))


@bp.post("/<int:dataset_id>/schedule")
@requires(Right.DATASET_MANAGE)
def schedule(dataset_id: int) -> ResponseReturnValue:
    """Set when the database is refreshed by itself."""
    form = ScheduleForm().offer()
    if not form.validate_on_submit():
        return _page(dataset_id, schedule=form)
    chosen = {"kind": form.kind.data or "", "every": form.every.data}
    zone, daily = str(reader.timezone()), (form.daily.data or "").strip()
    try:
        dataset_schedule.change(dataset_id, **chosen, daily=daily, zone=zone, by=current_user)
    except Invalid as error:
        form.refuse(error)
        return _page(dataset_id, schedule=form)
    flash(_("The schedule was saved."), "success")
    return see_other(url_for("databases.show", dataset_id=dataset_id))


@bp.post("/<int:dataset_id>/retirement")
@requires(Right.DATASET_MANAGE)
def retire(dataset_id: int) -> ResponseReturnValue:
    """Take the database out of the grid."""
    databases.retire(dataset_id, by=current_user)
    flash(_("The database is out of the grid. It can come back."), "success")
    return see_other(url_for("databases.show", dataset_id=dataset_id))


@bp.post("/<int:dataset_id>/return")
@requires(Right.DATASET_MANAGE)
def reinstate(dataset_id: int) -> ResponseReturnValue:
    """Bring the database back."""
    databases.reinstate(dataset_id, by=current_user)
    flash(_("The database is back in the grid."), "success")
    return see_other(url_for("databases.show", dataset_id=dataset_id))


@bp.post("/<int:dataset_id>/deletion")
@requires(Right.DATASET_MANAGE)
def delete(dataset_id: int) -> ResponseReturnValue:
    """Delete the database for good."""
    try:
        databases.delete(dataset_id, by=current_user)
    except Conflict as error:
        flash(translated(error.message), "error")
        return see_other(url_for("databases.show", dataset_id=dataset_id))
    flash(_("The database was deleted. The links of its accounts stay."), "success")
    return see_other(url_for("settings.datasets"))


def _page(dataset_id: int, **refused: Form) -> ResponseReturnValue:
    stored = databases.get(dataset_id, by=current_user)
    return page(
        "databases/show.html",
        status=422 if refused else 200,
        stored=stored,
        draft=databases.draft_of(stored),
        runs=databases.runs_of(stored),
        more=refused.get("more") or MoreForm(formdata=None).offer(),
        schedule=refused.get("schedule") or schedule_form(stored),
    )
