"""Send a file of records, or have an empty one to fill in."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import RequestEntityTooLarge

from crmapp.blueprints.imports import bp
from crmapp.blueprints.imports.forms import FileForm, file_form
from crmapp.blueprints.imports.headings import known, of_template
from crmapp.config import settings
from crmapp.errors import Invalid
from crmapp.models import Run
from crmapp.services import imports, tables, upsert_fields, upserts
from crmapp.services.record_exports import OBJECTS
from crmapp.services.sheet_files import Heading
from crmapp.web.access import current_user, requires, signed_in
from crmapp.web.forms import add_error
from crmapp.web.htmx import page, see_other
from crmapp.web.sheets import csv_response, xlsx_response
from crmapp.web.texts import translated


@bp.url_value_preprocessor
def _allow_large_files(endpoint: str | None, _values: object) -> None:
    """Let a file be larger than other forms."""
    if endpoint == "imports.create" and signed_in():
        request.max_content_length = settings().max_table + 1024 * 1024


@bp.get("/new")
@requires(upserts.RIGHT)
def new() -> ResponseReturnValue:
    """Ask for the file."""
    return _page(_empty(), _before())


@bp.post("")
@requires(upserts.RIGHT)
def create() -> ResponseReturnValue:
    """Draft a run from the file that was sent."""
    before, form = _before(), file_form(_object())
    if not form.validate_on_submit():
        return _page(form, before, 422)
    sent = form.file.data
    if not sent:
        add_error(form.file, _("Choose a file."))
        return _page(form, before, 422)
    try:
        run_id = imports.start(
            sent.stream,
            sent.filename or "",
            known(_object()),
            by=current_user,
            key=form.idempotency_key.data,
            like=before.id if before else None,
            object_=_object(),
        )
    except Invalid as error:
        form.refuse(error)
        return _page(form, before, 422)
    return see_other(url_for("imports.reading", run_id=run_id))


@bp.errorhandler(RequestEntityTooLarge)
def too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    """Say at its field that a file is too large, also if it was not even read."""
    form = _empty()
    add_error(form.file, translated(tables.too_large()))
    return _page(form, None, 413)


@bp.get("/template.<any(csv, xlsx):kind>")
@requires(upserts.RIGHT)
def template(kind: str) -> Response:
    """Send a file with a heading for each field, in the reader's language, to fill in."""
    title = OBJECTS[_object()]
    headings, name = list(of_template(_object())), f"{title.lower()}.{kind}"
    if kind == "csv":
        return csv_response(name, headings, [])
    titles = [Heading(text) for text in headings]
    return xlsx_response(name, translated(title), titles, [])


def _object() -> str:
    """The kind of record that the file holds: that of the run before, or the one that is asked."""
    before = _before()
    if before is not None:
        return upsert_fields.object_of(before.source)
    asked = request.args.get("object", "")
    return asked if asked in OBJECTS else "account"


def _empty() -> FileForm:
    return file_form(_object(), formdata=None)


def _before() -> Run | None:
    """The run whose settings the file is to be read with, if one is named."""
    text = request.args.get("like", "")
    known_number = text.isdecimal() and len(text) < 10
    return imports.get(int(text), by=current_user) if known_number else None


def _page(form: FileForm, before: Run | None, status: int = 200) -> ResponseReturnValue:
    most = settings().max_table >> 20
    shown: dict[str, Any] = {"objects": OBJECTS, "object": _object(), "before": before}
    return page("imports/new.html", status=status, form=form, most=most, **shown)
