"""The mapping of a source's columns to the fields of accounts."""

from collections.abc import Sequence

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.upserts import bp
from crmapp.blueprints.upserts.forms import MappingForm, grouped, mapping_form
from crmapp.domain.runs import Status
from crmapp.errors import Conflict, Invalid
from crmapp.models import Run
from crmapp.services import upserts
from crmapp.services.sources import SourceColumn
from crmapp.web import reader
from crmapp.web.access import current_user
from crmapp.web.htmx import page, see_other


@bp.get("/<int:run_id>/mapping")
def mapping(run_id: int) -> ResponseReturnValue:
    """Show the drop-downs, filled with the last choice or the suggestion."""
    run = upserts.get(run_id, by=current_user)
    if run.status not in (Status.DRAFT, Status.PLANNED):
        return see_other(url_for("upserts.plan", run_id=run_id))
    columns = upserts.source_of(run, by=current_user).columns(reader.locale())
    field = request.args.get("field")
    if field is not None:
        samples = {column.name: column.samples for column in columns}
        found = samples.get(request.args.get(field, ""), ())
        return page("upserts/_samples.html", name=field, samples=found)
    return _show(run, columns, mapping_form(columns, upserts.suggested(run, columns)))


@bp.post("/<int:run_id>/mapping")
def save_mapping(run_id: int) -> ResponseReturnValue:
    """Keep the mapping and have the plan made."""
    run = upserts.get(run_id, by=current_user)
    columns = upserts.source_of(run, by=current_user).columns(reader.locale())
    form = mapping_form(columns, upserts.suggested(run, columns))
    if not form.validate_on_submit():
        return _show(run, columns, form, 422)
    confirmed = form.confirmed_count
    try:
        upserts.plan_later(run_id, form.mapping, confirmed=confirmed, by=current_user)
    except Invalid as invalid:
        form.refuse(invalid)
        return _show(upserts.get(run_id, by=current_user), columns, form, 422)
    except Conflict:
        flash(_("This plan is being made already."), "info")
    return see_other(url_for("upserts.plan", run_id=run_id))


def _show(
    run: Run, columns: Sequence[SourceColumn], form: MappingForm, status: int = 200
) -> ResponseReturnValue:
    samples = {column.name: column.samples for column in columns}
    return page(
        "upserts/mapping.html",
        "upserts/_mapping.html",
        status,
        run=run,
        form=form,
        groups=grouped(),
        chosen={*form.mapping.columns, *form.errors},
        samples=samples,
    )
