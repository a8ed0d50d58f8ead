"""How a file is read: its first rows, and what can be changed about them."""

from __future__ import annotations

import secrets

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.analytics.intake.files import FORMATS
from crmapp.blueprints.imports import bp
from crmapp.blueprints.imports.forms import WayForm, way_form
from crmapp.blueprints.imports.headings import known
from crmapp.domain.runs import Status
from crmapp.errors import Conflict, Invalid
from crmapp.models import Run
from crmapp.services import imports, upsert_fields
from crmapp.services.imports import Way
from crmapp.web.access import current_user
from crmapp.web.htmx import page, see_other
from crmapp.web.texts import translated


@bp.get("/<int:run_id>/reading")
def reading(run_id: int) -> ResponseReturnValue:
    """Show the first rows, and how they were read."""
    run = imports.get(run_id, by=current_user)
    return _page(run, way_form(run))


@bp.post("/<int:run_id>/reading")
def read(run_id: int) -> ResponseReturnValue:
    """Read the file as chosen; show it again, or go on to the fields."""
    run = imports.get(run_id, by=current_user)
    form = way_form(run)
    if not form.validate_on_submit():
        return _page(run, form, 422)
    try:
        ours = known(upsert_fields.object_of(run.source))
        imports.read_anew(run_id, form.way(Way.of(run.source)), ours, by=current_user)
    except Invalid as error:
        form.refuse(error)
        return _page(run, form, 422)
    except Conflict as error:
        flash(translated(error.message), "error")
        return see_other(url_for("imports.reading", run_id=run_id))
    if request.form.get("do") == "look":
        flash(_("The file was read anew."), "success")
        return see_other(url_for("imports.reading", run_id=run_id))
    return see_other(url_for("upserts.mapping", run_id=run_id))


@bp.post("/<int:run_id>/drafts")
def create_draft(run_id: int) -> ResponseReturnValue:
    """Begin again with the same file, to read it another way."""
    key = request.form.get("idempotency_key")
    try:
        made = imports.again(run_id, by=current_user, key=key)
    except Invalid as error:
        flash(" ".join(map(translated, error.fields.values())), "error")
        return see_other(url_for("imports.reading", run_id=run_id))
    return see_other(url_for("imports.reading", run_id=made))


def _page(run: Run, form: WayForm, status: int = 200) -> ResponseReturnValue:
    return page(
        "imports/reading.html",
        status=status,
        run=run,
        form=form,
        way=Way.of(run.source),
        formats=FORMATS,
        is_draft=run.status == Status.DRAFT,
        key=secrets.token_urlsafe(16),
    )
