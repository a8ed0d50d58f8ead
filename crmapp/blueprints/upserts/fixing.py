"""Bad cells of a plan: fix them, drop them or their rows, and take that back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from crmapp.blueprints.upserts import bp
from crmapp.blueprints.upserts.answers import refused, show
from crmapp.domain.runs import Status
from crmapp.errors import Conflict, Invalid
from crmapp.services import fixing, upsert_fields, upserts
from crmapp.services.fixes import Cell, Fix
from crmapp.services.fixing import Answer
from crmapp.web.access import current_user
from crmapp.web.htmx import page, see_other
from crmapp.web.run_pages import asked_page
from crmapp.web.typed_numbers import read_for


@bp.get("/<int:run_id>/fixes")
def fixes(run_id: int) -> ResponseReturnValue:
    """List what was put in the place of bad cells."""
    run = upserts.get(run_id, by=current_user)
    if run.status != Status.PLANNED:
        return see_other(url_for("upserts.plan", run_id=run_id))
    return page("upserts/fixes.html", run=run, kept=fixing.kept(run.id))


@bp.post("/<int:run_id>/fixes")
def fix(run_id: int) -> ResponseReturnValue:
    """Keep what a person says about bad cells; a value that is still bad comes back."""
    form = request.form
    specs = upsert_fields.of(upserts.get(run_id, by=current_user).source)
    typed = [_about_a_group(form)] if "choice" in form else _about_rows(form)
    answers = [replace(each, value=read_for(specs.get(each.field), each.value)) for each in typed]
    plan_hash = form.get("plan_hash", "")
    try:
        changed = fixing.fix(run_id, answers, plan_hash=plan_hash, by=current_user)
    except Invalid as invalid:
        return show(upserts.get(run_id, by=current_user), status=422, errors=invalid.fields)
    except Conflict as error:
        return refused(run_id, error)
    if changed:
        text = ngettext("%(num)s row changed.", "%(num)s rows changed.", changed)
        flash(text, "success")
    else:
        flash(_("Nothing to save: change a value, or tick a box."), "info")
    narrow = {name: request.args.get(name) for name in ("reason", "about")}
    here: dict[str, Any] = {"show": "rejected", "page": asked_page(), **narrow}
    return see_other(url_for("upserts.plan", run_id=run_id, **here))


@bp.post("/<int:run_id>/fixes/removal")
def take_back(run_id: int) -> ResponseReturnValue:
    """Take back fixes that are alike."""
    form = request.form
    like = Cell(
        0, form.get("field", ""), form.get("choice", ""), form.get("value") or None,
        form.get("found", ""), "",
    )  # fmt: skip
    plan_hash = form.get("plan_hash", "")
    try:
        count = fixing.take_back(run_id, [like], plan_hash=plan_hash, by=current_user)
    except Conflict as error:
        return refused(run_id, error)
    flash(ngettext("%(num)s fix taken back.", "%(num)s fixes taken back.", count), "success")
    return see_other(url_for("upserts.fixes", run_id=run_id))


def _about_a_group(form: Mapping[str, str]) -> Answer:
    """Read one answer about all rows in which a field has the same bad value."""
    choice = form["choice"]
    known = Fix(choice) if choice in list(Fix) else Fix.VALUE
    field, found = form.get("field", ""), form.get("found", "")
    return Answer("value", known, field, form.get("value", ""), found=found)


def _about_rows(form: Mapping[str, str]) -> list[Answer]:
    """Read the answers about rows: those whose value was changed or whose box was ticked."""
    answers: list[Answer] = []
    for name in form:
        kind, _dash, rest = name.partition("-")
        number, _dash, field = rest.partition("-")
        if not number.isdecimal() or len(number) > 15:
            continue
        row_no, drops_row = int(number), f"row-{number}" in form
        if kind == "row":
            answers.append(Answer(name, Fix.DROP_ROW, "", row_no=row_no))
        elif kind == "was" and not drops_row:
            answers += _about_a_cell(form, row_no, field)
    return answers


def _about_a_cell(form: Mapping[str, str], row_no: int, field: str) -> list[Answer]:
    place = f"{row_no}-{field}"
    if f"drop-{place}" in form:
        return [Answer(f"fix-{place}", Fix.DROP_CELL, field, row_no=row_no)]
    value = form.get(f"fix-{place}", "").strip()
    if value in ("", form.get(f"was-{place}", "").strip()):
        return []
    return [Answer(f"fix-{place}", Fix.VALUE, field, value, row_no=row_no)]
