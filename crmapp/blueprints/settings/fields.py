"""The fields of accounts: the installation's own, made and kept, and which are required."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.domain.custom_fields import DEFINITION, KINDS
from crmapp.domain.fields import Field
from crmapp.domain.layouts import grouped
from crmapp.domain.permissions import Right
from crmapp.domain.records import ALWAYS_REQUIRED
from crmapp.errors import Conflict, Invalid
from crmapp.models import CustomField
from crmapp.services import custom_fields, layout_faults, required_fields
from crmapp.web.access import current_user, requires
from crmapp.web.ended import keeps_typed
from crmapp.web.forms import Form
from crmapp.web.htmx import page, see_other, wants_fragment
from crmapp.web.record_forms import Choices, Clash, edit_form, new_form, show_conflict
from crmapp.web.texts import language, translated

NEW = list(DEFINITION.values())
_SETTLED = frozenset({"name", "kind", "pick_list"})


@bp.get("/fields")
@requires(Right.SETTINGS_MANAGE)
def fields() -> ResponseReturnValue:
    """List the custom fields in their order, the retired ones last."""
    return _index()


@bp.get("/fields/new")
@requires(Right.SETTINGS_MANAGE)
def new_field() -> ResponseReturnValue:
    """Show an empty form for a field."""
    return _form(new_form(NEW, choices=_choices(), kind="text", filterable=True))


@bp.post("/fields")
@requires(Right.SETTINGS_MANAGE)
@keeps_typed
def create_field() -> ResponseReturnValue:
    """Make a field, or show what is wrong with the form."""
    form = new_form(NEW, choices=_choices())
    if not form.validate_on_submit():
        return _form(form, status=422)
    key = form.idempotency_key.data
    try:
        field_id = custom_fields.create(form.values, by=current_user, key=key)
    except Invalid as invalid:
        form.refuse(invalid)
        return _form(form, status=422)
    made = custom_fields.get(field_id, by=current_user)
    flash(_("The field “%(field)s” is added.", field=made.label(language())), "success")
    return see_other(url_for("settings.fields"))


@bp.get("/fields/<int:field_id>/edit")
@requires(Right.SETTINGS_MANAGE)
def edit_field(field_id: int) -> ResponseReturnValue:
    """Show a field in a form."""
    field = custom_fields.get(field_id, by=current_user)
    return _form(_edit_form(field), field)


@bp.post("/fields/<int:field_id>")
@requires(Right.SETTINGS_MANAGE)
@keeps_typed
def update_field(field_id: int) -> ResponseReturnValue:
    """Change a field, or show what is wrong or who was quicker."""
    field = custom_fields.get(field_id, by=current_user)
    form = _edit_form(field)
    if not form.validate_on_submit():
        return _form(form, field, status=422)
    sent, version, key = form.values, form.version.data, form.idempotency_key.data
    try:
        custom_fields.update(field_id, sent, version, by=current_user, key=key)
    except Invalid as invalid:
        form.refuse(invalid)
        return _form(form, field, status=422)
    except Conflict as conflict:
        return _form(form, field, show_conflict(form, conflict), status=409)
    flash(_("The field is saved."), "success")
    return see_other(url_for("settings.fields"))


@bp.post("/fields/<int:field_id>/position")
@requires(Right.SETTINGS_MANAGE)
def move_field(field_id: int) -> ResponseReturnValue:
    """Let a field and its neighbour change places."""
    custom_fields.move(field_id, up=request.form.get("direction") == "up", by=current_user)
    return _index() if wants_fragment() else see_other(url_for("settings.fields"))


@bp.get("/fields/<int:field_id>/retirement")
@requires(Right.SETTINGS_MANAGE)
def confirm_retirement(field_id: int) -> ResponseReturnValue:
    """Say what becomes of the field and its values, and ask."""
    field = custom_fields.get(field_id, by=current_user)
    return page(
        "settings/field_retirement.html",
        "settings/_field_retirement.html",
        field=field,
        decided=layout_faults.without(field.name),
    )


@bp.post("/fields/<int:field_id>/retirement")
@requires(Right.SETTINGS_MANAGE)
def retire_field(field_id: int) -> ResponseReturnValue:
    """Show the field nowhere any more."""
    custom_fields.retire(field_id, by=current_user)
    flash(_("The field is retired. Accounts keep their values."), "success")
    return see_other(url_for("settings.fields"))


@bp.post("/fields/<int:field_id>/return")
@requires(Right.SETTINGS_MANAGE)
def bring_field_back(field_id: int) -> ResponseReturnValue:
    """Show a retired field again, with the values that accounts kept."""
    try:
        custom_fields.bring_back(field_id, by=current_user)
    except Invalid as invalid:
        flash(" ".join(dict.fromkeys(map(translated, invalid.fields.values()))), "error")
    else:
        flash(_("The field is back, with its values."), "success")
    return see_other(url_for("settings.fields"))


@bp.get("/fields/required")
@requires(Right.SETTINGS_MANAGE)
def required() -> ResponseReturnValue:
    """Show which standard fields this installation requires."""
    return _required(sorted(required_fields.chosen(by=current_user)))


@bp.post("/fields/required")
@requires(Right.SETTINGS_MANAGE)
def require_fields() -> ResponseReturnValue:
    """Keep which standard fields are required."""
    names = request.form.getlist("required")
    try:
        required_fields.choose(names, by=current_user)
    except Invalid as invalid:
        return _required(names, list(invalid.fields.values()), 422)
    flash(_("The required fields are saved."), "success")
    return see_other(url_for("settings.required"))


def _index() -> ResponseReturnValue:
    return page(
        "settings/fields.html",
        "settings/_fields.html",
        own=custom_fields.listed(by=current_user),
        kinds=KINDS,
        lists=dict(custom_fields.lists(language())),
    )


def _required(
    names: Sequence[str], problems: Sequence[object] = (), status: int = 200
) -> ResponseReturnValue:
    return page(
        "settings/required_fields.html",
        "settings/_required_fields.html",
        status,
        groups=grouped(required_fields.possible()),
        chosen=set(names),
        always=ALWAYS_REQUIRED,
        problems=problems,
        open_section="fields",
    )


def _choices() -> Choices:
    return {
        "kind": [(kind.value, translated(label)) for kind, label in KINDS.items()],
        "pick_list": custom_fields.lists(language()),
    }


def _edit_form(field: CustomField) -> Form:
    return edit_form(_kept(field), field, choices=_choices())


def _kept(field: CustomField | None) -> list[Field]:
    """Return what may be changed: the kind stays once an account has had a value."""
    if field is None:
        return NEW
    settled = _SETTLED if custom_fields.is_used(field) else {"name"}
    return [spec for spec in NEW if spec.name not in settled]


def _form(
    form: Form,
    field: CustomField | None = None,
    conflicts: Sequence[Clash] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    return page(
        "settings/field_form.html",
        "settings/_field_form.html",
        status,
        form=form,
        names=[spec.name for spec in _kept(field)],
        field=field,
        kinds=KINDS,
        groups=custom_fields.groups(),
        conflicts=conflicts,
    )
