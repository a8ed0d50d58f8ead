"""Add and change an activity of an account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.activities import bp
from crmapp.domain.fields import Field
from crmapp.domain.permissions import Right
from crmapp.domain.planned import LENGTHS
from crmapp.domain.records import ACTIVITY_FIELDS
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.i18n import N_
from crmapp.models import Account, Activity
from crmapp.services import accounts, activities, contacts
from crmapp.web.access import current_user, requires
from crmapp.web.ended import keeps_typed
from crmapp.web.forms import Form
from crmapp.web.htmx import page, see_other
from crmapp.web.record_forms import Clash, edit_form, new_form, show_conflict

TITLES = {
    "call": (N_("New call"), N_("Edit call")),
    "meeting": (N_("New meeting"), N_("Edit meeting")),
    "task": (N_("New task"), N_("Edit task")),
    "note": (N_("New note"), N_("Edit note")),
    "email": (N_("New e-mail"), N_("Edit e-mail")),
}


@bp.get("/accounts/<int:account_id>/activities/new")
@requires(Right.ACTIVITY_EDIT)
def new(account_id: int) -> ResponseReturnValue:
    """Show an empty form for one kind of activity, in the drawer or as a page."""
    account = accounts.need_editable(account_id, by=current_user)
    kind = _kind(request.args.get("kind", "note"))
    return _form(_new_form(kind, account), kind, account)


@bp.post("/accounts/<int:account_id>/activities")
@requires(Right.ACTIVITY_EDIT)
@keeps_typed
def create(account_id: int) -> ResponseReturnValue:
    """Add an activity, or show what is wrong with the form."""
    account = accounts.need_editable(account_id, by=current_user)
    kind = _kind(request.form.get("kind", ""))
    form = _new_form(kind, account)
    if not form.validate_on_submit():
        return _form(form, kind, account, status=422)
    typed = {**form.values, "kind": kind}
    try:
        activities.add(account_id, typed, by=current_user, key=form.idempotency_key.data)
    except Invalid as invalid:
        form.refuse(invalid)
        return _form(form, kind, account, status=422)
    flash(_("“%(subject)s” added.", subject=form.subject.data.strip()), "success")
    if "add_another" in request.form:
        return see_other(url_for("activities.new", account_id=account_id, kind=kind))
    return see_other(url_for("accounts.timeline", account_id=account_id))


@bp.get("/activities/<int:activity_id>/edit")
@requires(Right.ACTIVITY_EDIT)
def edit(activity_id: int) -> ResponseReturnValue:
    """Show the activity's values in a form."""
    activity = activities.need_editable(activity_id, by=current_user)
    form = _edit_form(activity)
    return _form(form, activity.kind, activity.account, activity)


@bp.post("/activities/<int:activity_id>")
@requires(Right.ACTIVITY_EDIT)
@keeps_typed
def update(activity_id: int) -> ResponseReturnValue:
    """Change the activity, or show what is wrong or who was quicker."""
    activity = activities.need_editable(activity_id, by=current_user)
    account_id, form = activity.account_id, _edit_form(activity)
    answer: dict[str, Any] = {"form": form, "kind": activity.kind, "activity": activity}
    if not form.validate_on_submit():
        return _form(account=activity.account, status=422, **answer)
    key, version = form.idempotency_key.data, form.version.data
    try:
        activities.update(activity_id, form.values, version, by=current_user, key=key)
    except Invalid as invalid:
        form.refuse(invalid)
        return _form(account=activity.account, status=422, **answer)
    except Conflict as conflict:
        clashes = show_conflict(form, conflict)
        return _form(account=activity.account, conflicts=clashes, status=409, **answer)
    flash(_("“%(subject)s” saved.", subject=form.subject.data.strip()), "success")
    return see_other(url_for("accounts.timeline", account_id=account_id))


def _kind(text: str) -> str:
    if text not in activities.KINDS:
        raise NotFound
    return text


def _fields(kind: str) -> list[Field]:
    wanted = activities.FIELDS_OF[kind]
    return [spec for spec in ACTIVITY_FIELDS.values() if spec.name in wanted]


def _people(account: Account) -> dict[str, list[tuple[int, str]]]:
    return {"contact_id": [(contact.id, contact.name) for contact in contacts.of(account)]}


def _new_form(kind: str, account: Account) -> Form:
    return new_form(_fields(kind), choices=_people(account), owner_id=current_user.id)


def _edit_form(activity: Activity) -> Form:
    return edit_form(_fields(activity.kind), activity, choices=_people(activity.account))


def _form(
    form: Form,
    kind: str,
    account: Account,
    activity: Activity | None = None,
    conflicts: Sequence[Clash] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    return page(
        "activities/form.html",
        "activities/_form.html",
        status,
        form=form,
        fields=_fields(kind),
        title=TITLES[kind][activity is not None],
        kind=kind,
        account=account,
        activity=activity,
        conflicts=conflicts,
        lengths=LENGTHS,
    )
