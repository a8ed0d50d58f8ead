"""Make a database: send a table, look at the preview, publish."""

from __future__ import annotations

import secrets

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.databases import bp
from crmapp.blueprints.databases.forms import QueryForm, UploadForm
from crmapp.blueprints.databases.words import written
from crmapp.config import settings
from crmapp.domain.permissions import Right
from crmapp.errors import Invalid
from crmapp.services import database_queries, databases, dataset_preview
from crmapp.web.access import current_user, requires, signed_in
from crmapp.web.forms import add_error
from crmapp.web.htmx import page, see_other
from crmapp.web.texts import translated


@bp.url_value_preprocessor
def _allow_large_files(endpoint: str | None, _values: object) -> None:
    """Let a table be larger than other forms."""
    if endpoint in ("databases.create", "databases.send") and signed_in():
        request.max_content_length = settings().max_table + 1024 * 1024


@bp.get("/new")
@requires(Right.DATASET_MANAGE)
def new() -> ResponseReturnValue:
    """Ask for the table to make a database from."""
    return _page(UploadForm(formdata=None))


@bp.post("")
@requires(Right.DATASET_MANAGE)
def create() -> ResponseReturnValue:
    """Draft a database from the file that was sent."""
    form = UploadForm()
    if form.validate_on_submit():
        sent = form.file.data
        if not sent:
            add_error(form.file, _("Choose a file."))
        else:
            try:
                made = databases.start(sent.stream, sent.filename or "", by=current_user)
            except Invalid as error:
                form.refuse(error)
            else:
                return see_other(url_for("databases.columns", dataset_id=made))
    return _page(form, status=422)


@bp.post("/queries")
@requires(Right.DATASET_MANAGE)
def create_from_query() -> ResponseReturnValue:
    """Draft a database from what a query finds in an SQL database."""
    form = QueryForm().offer(database_queries.connections())
    if form.validate_on_submit():
        asked = (form.connection.data or "", form.query.data or "", form.title.data or "")
        try:
            made = database_queries.start(*asked, by=current_user)
        except Invalid as error:
            form.refuse(error)
        else:
            return see_other(url_for("databases.columns", dataset_id=made))
    return _page(UploadForm(formdata=None), form, status=422)


def _page(
    upload: UploadForm, query: QueryForm | None = None, status: int = 200
) -> ResponseReturnValue:
    connections = database_queries.connections()
    return page(
        "databases/new.html",
        status=status,
        form=upload,
        most=settings().max_table >> 20,
        query=query or (QueryForm(formdata=None).offer(connections) if connections else None),
    )


@bp.get("/<int:dataset_id>/preview")
@requires(Right.DATASET_MANAGE)
def preview(dataset_id: int) -> ResponseReturnValue:
    """Show the grid that would come of the draft, over its first rows."""
    stored = databases.get(dataset_id, by=current_user)
    try:
        seen = dataset_preview.preview(stored, by=current_user)
    except Invalid as error:
        for problem in error.fields.values():
            flash(translated(problem), "error")
        return see_other(url_for("databases.columns", dataset_id=dataset_id))
    stored = databases.get(dataset_id, by=current_user)
    return page(
        "databases/preview.html",
        stored=stored,
        draft=databases.draft_of(stored),
        seen=seen,
        grid=written(seen),
        key=secrets.token_urlsafe(16),
    )


@bp.post("/<int:dataset_id>/publication")
@requires(Right.DATASET_MANAGE)
def publish(dataset_id: int) -> ResponseReturnValue:
    """Let the draft be the database, and load it."""
    key = request.form.get("idempotency_key")
    try:
        run_id = databases.publish(dataset_id, by=current_user, key=key)
    except Invalid as error:
        for problem in error.fields.values():
            flash(translated(problem), "error")
        return see_other(url_for("databases.columns", dataset_id=dataset_id))
    flash(_("The database is being loaded."), "success")
    return see_other(url_for("runs.show", run_id=run_id))


@bp.post("/<int:dataset_id>/discarding")
@requires(Right.DATASET_MANAGE)
def discard(dataset_id: int) -> ResponseReturnValue:
    """Drop the draft."""
    databases.discard(dataset_id, by=current_user)
    flash(_("The draft was discarded."), "success")
    return see_other(url_for("settings.datasets"))
