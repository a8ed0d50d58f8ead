"""The mapping of a source's columns to the fields of accounts."""

from collections.abc import Sequence
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.upserts import bp
from crmapp.blueprints.upserts.forms import (
    FIXED,
    NOTHING,
    MappingForm,
    grouped,
    mappable,
    mapping_form,
)
from crmapp.blueprints.upserts.rows import field_rows
from crmapp.domain.runs import Status
from crmapp.domain.steps import LABELS, MOST, WITH_VALUE
from crmapp.domain.suggestions import MARKS
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.models import Run
from crmapp.services import upserts
from crmapp.services.mapping_start import Opening, opening
from crmapp.services.sources import Source, SourceColumn
from crmapp.web import reader
from crmapp.web.access import current_user
from crmapp.web.htmx import page, see_other, wants_fragment

_STEPS = {"kinds": LABELS, "with_value": WITH_VALUE, "most": MOST}
_WORDS: dict[str, Any] = {"steps": _STEPS, "marks": MARKS, "fixed_value": FIXED, "nothing": NOTHING}


@bp.get("/<int:run_id>/mapping")
def mapping(run_id: int) -> ResponseReturnValue:
    """Show the drop-downs, filled with the last choice or the suggestions."""
    run = upserts.get(run_id, by=current_user)
    if run.status not in (Status.DRAFT, Status.PLANNED):
        return see_other(url_for("upserts.plan", run_id=run_id))
    source, columns, begun = _opened(run)
    return _show(run, source, columns, begun, mapping_form(columns, begun.mapping))


@bp.post("/<int:run_id>/mapping")
def save_mapping(run_id: int) -> ResponseReturnValue:
    """Keep the mapping and have the plan made."""
    run = upserts.get(run_id, by=current_user)
    source, columns, begun = _opened(run)
    form = mapping_form(columns, begun.mapping)
    if not form.validate_on_submit():
        return _show(run, source, columns, begun, form, 422)
    confirmed = form.confirmed_count
    try:
        upserts.plan_later(run_id, form.mapping, confirmed=confirmed, by=current_user)
    except Invalid as invalid:
        form.refuse(invalid)
        run = upserts.get(run_id, by=current_user)
        return _show(run, source, columns, begun, form, 422)
    except Conflict:
        flash(_("This plan is being made already."), "info")
    return see_other(url_for("upserts.plan", run_id=run_id))


@bp.post("/<int:run_id>/samples")
def samples(run_id: int) -> ResponseReturnValue:
    """Show what the form as it stands would make of samples; nothing is kept."""
    run = upserts.get(run_id, by=current_user)
    source, columns, begun = _opened(run)
    form = mapping_form(columns, begun.mapping)
    name = request.args.get("field")
    if not wants_fragment() or name is None:
        return _show(run, source, columns, begun, form)
    if name not in {spec.name for spec in mappable()}:
        raise NotFound
    rows = field_rows(source, columns, form, begun, by=current_user, names=[name])
    return page("upserts/_field.html", run=run, row=rows[name], match=form.mapping.match, **_WORDS)


def _opened(run: Run) -> tuple[Source, Sequence[SourceColumn], Opening]:
    source = upserts.source_of(run, by=current_user)
    columns = source.columns(reader.locale())
    return source, columns, opening(run, columns)


def _show(
    run: Run,
    source: Source,
    columns: Sequence[SourceColumn],
    begun: Opening,
    form: MappingForm,
    status: int = 200,
) -> ResponseReturnValue:
    rows = field_rows(source, columns, form, begun, by=current_user)
    unsure = [row.spec for row in rows.values() if row.unsure]
    return page(
        "upserts/mapping.html",
        "upserts/_mapping.html",
        status,
        run=run,
        form=form,
        groups=[(group, [rows[spec.name] for spec in fields]) for group, fields in grouped()],
        match=form.mapping.match,
        unsure=unsure,
        begun=begun,
        **_WORDS,
    )
