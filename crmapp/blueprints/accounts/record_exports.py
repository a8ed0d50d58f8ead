"""Files of accounts, their contacts and activities, made for editing and importing again."""

from __future__ import annotations

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from crmapp.blueprints.accounts import bp
from crmapp.blueprints.accounts.addresses import chosen_accounts
from crmapp.blueprints.accounts.export_forms import form_of, kept_arguments
from crmapp.domain.permissions import Right
from crmapp.errors import Invalid
from crmapp.services import record_exports
from crmapp.services.account_sets import Chosen
from crmapp.services.record_exports import OBJECTS, Sheet
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import see_other
from crmapp.web.sheets import csv_response, xlsx_response
from crmapp.web.texts import translated


@bp.get("/exports/new")
@requires(Right.ACCOUNT_VIEW)
def new_export() -> ResponseReturnValue:
    """Ask what is to be exported and as what, in the drawer or as a page."""
    return form_of(Chosen(everything=True))


@bp.post("/exports")
@requires(Right.ACCOUNT_VIEW)
def create_export() -> ResponseReturnValue:
    """Send the file at once, or have a large one written by a run."""
    object_, file, chosen = _asked("object"), _asked("file"), Chosen(everything=True)
    try:
        if "id" in request.form or "without" in request.form:
            chosen = chosen_accounts()
        asked = record_exports.asked(
            object_, file, kept_arguments(), by=current_user, **_of(chosen)
        )
        title = translated(OBJECTS[object_])
        headings = [translated(each) for each in record_exports.headings_of(object_)]
        sheet = record_exports.small(asked, title, headings, by=current_user)
        if sheet is not None:
            return _sent(sheet, file)
        key = request.form.get("idempotency_key")
        run_id = record_exports.start(asked, title, headings, key=key, by=current_user)
    except Invalid as invalid:
        return form_of(chosen, object_, file, invalid)
    return see_other(url_for("runs.show", run_id=run_id))


def _sent(sheet: Sheet, file: str) -> Response:
    name = f"{sheet.name}.{file}"
    if file == "csv":
        return csv_response(name, [each.text for each in sheet.headings], sheet.rows)
    return xlsx_response(name, sheet.title, sheet.headings, sheet.rows)


def _asked(name: str) -> str:
    return request.form.get(name, "")


def _of(chosen: Chosen) -> dict[str, tuple[int, ...]]:
    return {"without" if chosen.everything else "ids": chosen.ids}
