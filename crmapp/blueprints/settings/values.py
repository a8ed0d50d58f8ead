"""The values of a pick list: added, named, ordered, deleted where no record holds them."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import SelectField

from crmapp.blueprints.settings import bp
from crmapp.domain.permissions import Right
from crmapp.domain.pick_lists import VALUE_FIELDS
from crmapp.errors import Conflict, Invalid
from crmapp.models import PickListValue
from crmapp.services import (
    list_states,
    pick_list_keeping,
    pick_list_uses,
    pick_list_values,
    replacements,
)
from crmapp.web import reader
from crmapp.web.access import current_user, requires
from crmapp.web.ended import keeps_typed
from crmapp.web.forms import Form, choices
from crmapp.web.htmx import page, see_other, wants_fragment
from crmapp.web.record_forms import Clash, edit_form, new_form, show_conflict

NEW = [VALUE_FIELDS[name] for name in ("label_en", "label_fr", "code", "active", "is_default")]
KEPT = [spec for spec in NEW if spec.name != "code"]


class ReplacementForm(Form):
    """What takes the place of a value that is to be deleted."""

    to = SelectField(lazy_gettext("Replace it by"), validate_choice=False)


@bp.get("/pick-lists/<code>/values/new")
@requires(Right.SETTINGS_MANAGE)
def new_value(code: str) -> ResponseReturnValue:
    """Show an empty form for a value."""
    return _form(code, new_form(NEW))


@bp.post("/pick-lists/<code>/values")
@requires(Right.SETTINGS_MANAGE)
@keeps_typed
def create_value(code: str) -> ResponseReturnValue:
    """Add a value at the end of the list, or show what is wrong with the form."""
    form = new_form(NEW)
    if not form.validate_on_submit():
        return _form(code, form, status=422)
    key = form.idempotency_key.data
    try:
        pick_list_values.add(code, form.values, by=current_user, key=key)
    except Invalid as invalid:
        form.refuse(invalid)
        return _form(code, form, status=422)
    flash(_("The value is added."), "success")
    if "add_another" in request.form:
        return see_other(url_for("settings.new_value", code=code))
    return see_other(url_for("settings.pick_list", code=code))


@bp.get("/pick-lists/<code>/values/<int:value_id>/edit")
@requires(Right.SETTINGS_MANAGE)
def edit_value(code: str, value_id: int) -> ResponseReturnValue:
    """Show a value in a form."""
    value = pick_list_values.get(code, value_id, by=current_user)
    return _form(code, edit_form(KEPT, value), value)


@bp.post("/pick-lists/<code>/values/<int:value_id>")
@requires(Right.SETTINGS_MANAGE)
@keeps_typed
def update_value(code: str, value_id: int) -> ResponseReturnValue:
    """Change a value, or show what is wrong or who was quicker."""
    value = pick_list_values.get(code, value_id, by=current_user)
    form = edit_form(KEPT, value)
    if not form.validate_on_submit():
        return _form(code, form, value, status=422)
    sent, version, key = form.values, form.version.data, form.idempotency_key.data
    try:
        pick_list_values.change(code, value_id, sent, version, by=current_user, key=key)
    except Invalid as invalid:
        form.refuse(invalid)
        return _form(code, form, value, status=422)
    except Conflict as conflict:
        return _form(code, form, value, show_conflict(form, conflict), status=409)
    flash(_("The value is saved."), "success")
    return see_other(url_for("settings.pick_list", code=code))


@bp.post("/pick-lists/<code>/values/<int:value_id>/position")
@requires(Right.SETTINGS_MANAGE)
def move_value(code: str, value_id: int) -> ResponseReturnValue:
    """Let a value and its neighbour change places."""
    up = request.form.get("direction") == "up"
    pick_list_values.move(code, value_id, up=up, by=current_user)
    if not wants_fragment():
        return see_other(url_for("settings.pick_list", code=code))
    return page(
        "settings/pick_list.html",
        "settings/_values.html",
        list=pick_list_keeping.get(code, by=current_user),
        values=pick_list_values.of(code, by=current_user),
        holdings=pick_list_uses.holdings(code),
        owner=list_states.owner_of(code),
    )


@bp.get("/pick-lists/<code>/values/<int:value_id>/deletion")
@requires(Right.SETTINGS_MANAGE)
def confirm_value_deletion(code: str, value_id: int) -> ResponseReturnValue:
    """Say how many records hold a value, offer to replace it there, and ask."""
    return _deletion(code, value_id)


@bp.post("/pick-lists/<code>/values/<int:value_id>/deletion")
@requires(Right.SETTINGS_MANAGE)
def delete_value(code: str, value_id: int) -> ResponseReturnValue:
    """Delete a value that no record holds."""
    try:
        pick_list_values.delete(code, value_id, by=current_user)
    except Invalid:
        return _deletion(code, value_id, status=422)
    flash(_("The value is deleted."), "success")
    return see_other(url_for("settings.pick_list", code=code))


@bp.post("/pick-lists/<code>/values/<int:value_id>/replacement")
@requires(Right.SETTINGS_MANAGE)
def replace_value(code: str, value_id: int) -> ResponseReturnValue:
    """Have it planned how another value takes the place of this one."""
    form = ReplacementForm()
    chosen: dict[str, str] = {"to": form.to.data or "", "locale": reader.locale()}
    key = form.idempotency_key.data
    try:
        run_id = replacements.start(code, value_id, **chosen, by=current_user, key=key)
    except Invalid as invalid:
        form.refuse(invalid)
        return _deletion(code, value_id, form, status=422)
    return see_other(url_for("settings.replacement", run_id=run_id))


def _form(
    code: str,
    form: Form,
    value: PickListValue | None = None,
    conflicts: Sequence[Clash] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    list_states.refuse_owned(code)
    return page(
        "settings/value_form.html",
        "settings/_value_form.html",
        status,
        form=form,
        list=pick_list_keeping.get(code, by=current_user),
        value=value,
        fields=KEPT if value else NEW,
        conflicts=conflicts,
    )


def _deletion(
    code: str, value_id: int, form: ReplacementForm | None = None, status: int = 200
) -> ResponseReturnValue:
    list_states.refuse_owned(code)
    form = form or ReplacementForm()
    value = pick_list_values.get(code, value_id, by=current_user)
    others = pick_list_values.of(code, by=current_user)
    offered = [e for e in others if e.active and e.id != value_id]
    form.to.choices = choices(
        [
            ("", _("Choose a value")),
            *((each.code, each.label(reader.locale())) for each in offered),
            (replacements.NOTHING, _("Nothing: leave the field empty")),
        ]
    )
    return page(
        "settings/value_deletion.html",
        "settings/_value_deletion.html",
        status,
        list=pick_list_keeping.get(code, by=current_user),
        value=value,
        holdings=pick_list_uses.holdings_of(code, value.code),
        form=form,
    )
