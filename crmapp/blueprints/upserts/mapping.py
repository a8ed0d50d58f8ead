"""The mapping of a source's columns to the fields of records."""

from collections.abc import Sequence
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.upserts import bp
from crmapp.domain.runs import Status
from crmapp.domain.steps import LABELS, MOST, WITH_VALUE
from crmapp.domain.suggestions import MARKS
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.models import MappingVersion, Run
from crmapp.services import saved_mappings, upserts
from crmapp.services.mapping_start import Opening, opening
from crmapp.services.sources import Source, SourceColumn
from crmapp.web import reader
from crmapp.web.access import current_user
from crmapp.web.htmx import page, see_other, wants_fragment
from crmapp.web.mapping_forms import (
    NOTHING,
    MappingForm,
    grouped,
    mappable,
    mapping_form,
)
from crmapp.web.mapping_rows import field_rows

_STEPS = {"kinds": LABELS, "with_value": WITH_VALUE, "most": MOST}
_WORDS: dict[str, Any] = {
    "begins": "upserts-field-",
    "steps": _STEPS,
    "marks": MARKS,
    "nothing": NOTHING,
}


@bp.get("/<int:run_id>/mapping")
def mapping(run_id: int) -> ResponseReturnValue:
    """Show the drop-downs, filled with the last choice or the suggestions."""
    run = upserts.get(run_id, by=current_user)
    if run.status not in (Status.DRAFT, Status.PLANNED):
        return see_other(url_for("upserts.plan", run_id=run_id))
    source, columns, begun = _opened(run, _chosen(request.args.get("saved", "")))
    return _show(run, source, columns, begun, mapping_form(columns, begun.mapping, run.source))


@bp.post("/<int:run_id>/mapping")
def save_mapping(run_id: int) -> ResponseReturnValue:
    """Keep the mapping and have the plan made."""
    run = upserts.get(run_id, by=current_user)
    source, columns, begun = _opened(run, _chosen(request.form.get("saved", "")))
    form = mapping_form(columns, begun.mapping, run.source)
    if not form.validate_on_submit():
        return _show(run, source, columns, begun, form, 422)
    try:
        upserts.plan_later(
            run_id,
            form.mapping,
            confirmed=form.confirmed_count,
            by=current_user,
            saved=_noted(form),
        )
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
    source, columns, begun = _opened(run, _chosen(request.form.get("saved", "")))
    form = mapping_form(columns, begun.mapping, run.source)
    name = request.args.get("field")
    if not wants_fragment() or name is None:
        return _show(run, source, columns, begun, form)
    if name not in {spec.name for spec in mappable(form.specs)}:
        raise NotFound
    rows = field_rows(source, columns, form, begun, by=current_user, names=[name])
    return page("upserts/_field.html", row=rows[name], **_words(run, form))


@bp.post("/<int:run_id>/saved-mapping")
def save_version(run_id: int) -> ResponseReturnValue:
    """Save the mapping under a name, as a first or a further version."""
    run = upserts.get(run_id, by=current_user)
    source, columns, begun = _opened(run, _chosen(request.form.get("saved", "")))
    form = mapping_form(columns, begun.mapping, run.source)
    if not form.validate_on_submit():
        return _show(run, source, columns, begun, form, 422)
    name = form.save_as.data or ""
    try:
        made = saved_mappings.save(run_id, name, form.mapping, by=current_user)
    except Invalid as invalid:
        form.refuse(invalid)
        return _show(upserts.get(run_id, by=current_user), source, columns, begun, form, 422)
    flash(_("Saved as “%(name)s”, version %(number)s.", name=name, number=made.version), "success")
    chosen = f"{made.mapping_id}:{made.version}"
    return see_other(url_for("upserts.mapping", run_id=run_id, saved=chosen))


def _chosen(text: str) -> MappingVersion | None:
    """Find the saved version that ``5:2`` names, or the newest of mapping ``5``."""
    parts = text.split(":")
    if not text or not all(part.isdecimal() and len(part) < 10 for part in parts):
        return None
    mapping_id, *number = (int(part) for part in parts[:2])
    return saved_mappings.version(mapping_id, *number, by=current_user)


def _noted(form: MappingForm) -> dict[str, Any]:
    chosen = _chosen(request.form.get("saved", ""))
    return saved_mappings.recorded(chosen, form.mapping) if chosen else {}


def _opened(
    run: Run, chosen: MappingVersion | None
) -> tuple[Source, Sequence[SourceColumn], Opening]:
    source = upserts.source_of(run, by=current_user)
    columns = source.columns(reader.locale())
    return source, columns, opening(run, columns, chosen)


def _match(form: MappingForm) -> str:
    """Return the field that finds accounts; that of other records says so itself."""
    return form.mapping.match if "match" in form else ""


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
        groups=[
            (group, [rows[spec.name] for spec in fields]) for group, fields in grouped(form.specs)
        ],
        unsure=unsure,
        begun=begun,
        saved=saved_mappings.of_source(run.lock_key),
        **_words(run, form),
    )


def _words(run: Run, form: MappingForm) -> dict[str, Any]:
    samples = url_for("upserts.samples", run_id=run.id)
    return {**_WORDS, "samples_url": samples, "match": _match(form)}
