"""Pick lists: all of them, one with its values, their forms, their order, their history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.domain.permissions import Right
from crmapp.domain.pick_lists import PICK_LIST_FIELDS
from crmapp.errors import Conflict, Invalid
from crmapp.models import PickList
from crmapp.services import (
    history,
    list_states,
    pick_list_keeping,
    pick_list_uses,
    pick_list_values,
)
from crmapp.web import reader
from crmapp.web.access import current_user, requires
from crmapp.web.ended import keeps_typed
from crmapp.web.forms import Form
from crmapp.web.htmx import page, see_other
from crmapp.web.paging import page_number
from crmapp.web.record_forms import Clash, edit_form, new_form, show_conflict

FIELDS = list(PICK_LIST_FIELDS.values())
LABELS = [spec for spec in FIELDS if spec.name != "code"]


@bp.get("/pick-lists")
@requires(Right.SETTINGS_MANAGE)
def pick_lists() -> ResponseReturnValue:
    """List the pick lists, with how many values each has and where it is used."""
    found = pick_list_keeping.listed(by=current_user, locale=reader.locale())
    return page("settings/pick_lists.html", lists=found)


@bp.get("/pick-lists/new")
@requires(Right.SETTINGS_MANAGE)
def new_pick_list() -> ResponseReturnValue:
    """Show an empty form for a list."""
    return _form(new_form(FIELDS))


@bp.post("/pick-lists")
@requires(Right.SETTINGS_MANAGE)
@keeps_typed
def create_pick_list() -> ResponseReturnValue:
    """Make a list, or show what is wrong with the form."""
    form = new_form(FIELDS)
    if not form.validate_on_submit():
        return _form(form, status=422)
    key = form.idempotency_key.data
    try:
        code = pick_list_keeping.create(form.values, by=current_user, key=key)
    except Invalid as invalid:
        form.refuse(invalid)
        return _form(form, status=422)
    flash(_("The list is made. Add its values."), "success")
    return see_other(url_for("settings.pick_list", code=code))


@bp.get("/pick-lists/<code>")
@requires(Right.SETTINGS_MANAGE)
def pick_list(code: str) -> ResponseReturnValue:
    """Show the values of a list in their order, with how many records hold each."""
    return page(
        "settings/pick_list.html",
        list=pick_list_keeping.get(code, by=current_user),
        values=pick_list_values.of(code, by=current_user),
        holdings=pick_list_uses.holdings(code),
        uses=pick_list_uses.of(code),
        owner=list_states.owner_of(code),
        open_section="pick_lists",
    )


@bp.get("/pick-lists/<code>/edit")
@requires(Right.SETTINGS_MANAGE)
def edit_pick_list(code: str) -> ResponseReturnValue:
    """Show the labels of a list in a form."""
    found = pick_list_keeping.get(code, by=current_user)
    return _form(edit_form(LABELS, found), found)


@bp.post("/pick-lists/<code>")
@requires(Right.SETTINGS_MANAGE)
@keeps_typed
def update_pick_list(code: str) -> ResponseReturnValue:
    """Give a list other labels, or show what is wrong or who was quicker."""
    found = pick_list_keeping.get(code, by=current_user)
    form = edit_form(LABELS, found)
    if not form.validate_on_submit():
        return _form(form, found, status=422)
    key, version = form.idempotency_key.data, form.version.data
    try:
        pick_list_keeping.rename(code, form.values, version, by=current_user, key=key)
    except Invalid as invalid:
        form.refuse(invalid)
        return _form(form, found, status=422)
    except Conflict as conflict:
        return _form(form, found, show_conflict(form, conflict), status=409)
    flash(_("The list is saved."), "success")
    return see_other(url_for("settings.pick_list", code=code))


@bp.get("/pick-lists/<code>/deletion")
@requires(Right.SETTINGS_MANAGE)
def confirm_pick_list_deletion(code: str) -> ResponseReturnValue:
    """Say what is lost with a list, or which fields use it, and ask."""
    return _deletion(code)


@bp.post("/pick-lists/<code>/deletion")
@requires(Right.SETTINGS_MANAGE)
def delete_pick_list(code: str) -> ResponseReturnValue:
    """Delete a list that no field uses."""
    try:
        pick_list_keeping.delete(code, by=current_user)
    except Invalid:
        return _deletion(code, status=422)
    flash(_("The list is deleted."), "success")
    return see_other(url_for("settings.pick_lists"))


@bp.get("/pick-lists/<code>/history")
@requires(Right.SETTINGS_MANAGE)
def pick_list_history(code: str) -> ResponseReturnValue:
    """Show who changed the list and its values, and when, newest first."""
    before = request.args.get("before")
    found = history.of_pick_list(
        code,
        by=current_user,
        locale=reader.locale(),
        before=page_number(before, 2**31 - 1) if before else None,
    )
    listed = pick_list_keeping.get(code, by=current_user)
    return page(
        "settings/pick_list_history.html", list=listed, found=found, open_section="pick_lists"
    )


def _form(
    form: Form,
    found: PickList | None = None,
    conflicts: Sequence[Clash] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    context: dict[str, Any] = {"form": form, "list": found, "conflicts": conflicts}
    context["fields"] = LABELS if found else FIELDS
    return page("settings/pick_list_form.html", "settings/_pick_list_form.html", status, **context)


def _deletion(code: str, status: int = 200) -> ResponseReturnValue:
    list_states.refuse_owned(code)
    return page(
        "settings/pick_list_deletion.html",
        "settings/_pick_list_deletion.html",
        status,
        list=pick_list_keeping.get(code, by=current_user),
        values=pick_list_values.of(code, by=current_user),
        uses=pick_list_uses.of(code),
    )
