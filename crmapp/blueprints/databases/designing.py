"""What the columns of a draft become, and how its file is read."""

from __future__ import annotations

from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.databases import bp
from crmapp.blueprints.databases.forms import DesignForm, QueryForm, design_form
from crmapp.domain.permissions import Right
from crmapp.errors import Invalid
from crmapp.models import StoredDataset
from crmapp.services import database_queries, databases
from crmapp.services.databases import Draft
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.reading_forms import ReadingForm, reading_form
from crmapp.web.texts import translated


@bp.get("/<int:dataset_id>/columns")
@requires(Right.DATASET_MANAGE)
def columns(dataset_id: int) -> ResponseReturnValue:
    """Show what was found in the table, and what is proposed."""
    stored = databases.get(dataset_id, by=current_user)
    return _page(stored, design_form(databases.draft_of(stored).design))


@bp.post("/<int:dataset_id>/columns")
@requires(Right.DATASET_MANAGE)
def save_columns(dataset_id: int) -> ResponseReturnValue:
    """Keep what was chosen, and go on to the preview if it can be used."""
    stored = databases.get(dataset_id, by=current_user)
    before = databases.draft_of(stored).design
    form = design_form(before)
    if not form.validate_on_submit():
        return _page(stored, form, 422)
    try:
        databases.save(dataset_id, form.read(before), by=current_user)
    except Invalid as error:
        stored = databases.get(dataset_id, by=current_user)
        if request.form.get("do") == "update":
            return see_other(url_for("databases.columns", dataset_id=dataset_id))
        form = design_form(databases.draft_of(stored).design)
        form.refuse(error)
        return _page(stored, form, 422)
    if request.form.get("do") == "update":
        return see_other(url_for("databases.columns", dataset_id=dataset_id))
    return see_other(url_for("databases.preview", dataset_id=dataset_id))


@bp.post("/<int:dataset_id>/reading")
@requires(Right.DATASET_MANAGE)
def read(dataset_id: int) -> ResponseReturnValue:
    """Read the file another way."""
    stored = databases.get(dataset_id, by=current_user)
    reading = databases.draft_of(stored).reading
    form = reading_form(reading, databases.sheets(stored), ReadingForm)
    if not form.validate_on_submit():
        return _page(stored, design_form(databases.draft_of(stored).design), 422, reading=form)
    try:
        databases.read_anew(dataset_id, form.read(reading), by=current_user)
    except Invalid as error:
        flash(" ".join(map(translated, error.fields.values())), "error")
    else:
        flash(_("The file was read anew."), "success")
    return see_other(url_for("databases.columns", dataset_id=dataset_id))


@bp.post("/<int:dataset_id>/query")
@requires(Right.DATASET_MANAGE)
def ask(dataset_id: int) -> ResponseReturnValue:
    """Let the draft's rows be what another query finds."""
    stored = databases.get(dataset_id, by=current_user)
    form = QueryForm()
    try:
        database_queries.ask_anew(dataset_id, form.query.data or "", by=current_user)
    except Invalid as error:
        form.refuse(error)
        return _page(stored, design_form(databases.draft_of(stored).design), 422, query=form)
    flash(_("The query was asked anew."), "success")
    return see_other(url_for("databases.columns", dataset_id=dataset_id))


def _page(
    stored: StoredDataset, form: DesignForm, status: int = 200, **others: Any
) -> ResponseReturnValue:
    draft = databases.draft_of(stored)
    return page(
        "databases/columns.html",
        status=status,
        stored=stored,
        draft=draft,
        form=form,
        reading=others.get("reading")
        or reading_form(draft.reading, databases.sheets(stored), ReadingForm),
        query=others.get("query") or _query_form(draft),
    )


def _query_form(draft: Draft) -> QueryForm | None:
    """The form with the query that a draft's rows come from; None if they come from files."""
    asked = draft.source.get("sql")
    return QueryForm(formdata=None, data=asked) if asked else None
