"""The forms that make, change, delete and restore an account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.accounts import bp
from crmapp.blueprints.accounts.facts import words
from crmapp.domain.fields import Field
from crmapp.domain.permissions import Right
from crmapp.errors import Conflict, Invalid
from crmapp.services import accounts, field_owners, fields
from crmapp.services.field_owners import Keeper
from crmapp.web.access import current_user, requires
from crmapp.web.forms import Form, VersionedForm
from crmapp.web.htmx import page, see_other
from crmapp.web.record_forms import Clash, edit_form, form_name, grouped, new_form, show_conflict
from crmapp.web.texts import translated


@bp.get("/new")
@requires(Right.ACCOUNT_CREATE)
def new() -> ResponseReturnValue:
    """Show an empty form, in the drawer or as a page; the account is the maker's own at first."""
    return _new(new_form(_fields(), owner_id=current_user.id))


@bp.post("")
@requires(Right.ACCOUNT_CREATE)
def create() -> ResponseReturnValue:
    """Create an account, or show what is wrong with the form."""
    form = new_form(_fields())
    if not form.validate_on_submit():
        return _new(form, status=422)
    try:
        account_id = accounts.create(form.values, by=current_user, key=form.idempotency_key.data)
    except Invalid as invalid:
        form.refuse(invalid)
        return _new(form, status=422)
    flash(_("Account “%(name)s” added.", name=form.name.data.strip()), "success")
    if "add_another" in request.form:
        return see_other(url_for("accounts.new"))
    return _arrive(account_id)


@bp.get("/<int:account_id>/edit")
def edit(account_id: int) -> ResponseReturnValue:
    """Show the account's values in a form."""
    keepers = field_owners.of(account_id)
    return _edit(account_id, _edit_form(account_id, keepers), keepers)


@bp.post("/<int:account_id>")
def update(account_id: int) -> ResponseReturnValue:
    """Change the account, or show what is wrong or who was quicker."""
    keepers = field_owners.of(account_id)
    form = _edit_form(account_id, keepers)
    if not form.validate_on_submit():
        return _edit(account_id, form, keepers, status=422)
    key, version, name = form.idempotency_key.data, form.version.data, _called(account_id, form)
    try:
        accounts.update(account_id, form.values, version, by=current_user, key=key)
    except Invalid as invalid:
        form.refuse(invalid)
        return _edit(account_id, form, keepers, status=422)
    except Conflict as conflict:
        return _edit(account_id, form, keepers, show_conflict(form, conflict), status=409)
    flash(_("Account “%(name)s” saved.", name=name), "success")
    return _arrive(account_id)


@bp.get("/<int:account_id>/deletion")
@requires(Right.ACCOUNT_DELETE)
def confirm_deletion(account_id: int) -> ResponseReturnValue:
    """Ask whether the account is to be deleted."""
    account = accounts.get(account_id, by=current_user)
    counts = accounts.standing(account, by=current_user)
    return page("accounts/deletion.html", "accounts/_deletion.html", account=account, counts=counts)


@bp.post("/<int:account_id>/deletion")
def delete(account_id: int) -> ResponseReturnValue:
    """Delete the account softly."""
    accounts.delete(account_id, by=current_user)
    flash(_("Account deleted. An administrator or a manager can restore it."), "success")
    return see_other(url_for("accounts.index"))


@bp.post("/<int:account_id>/restoration")
def restore(account_id: int) -> ResponseReturnValue:
    """Bring a deleted account back, or say who has its number now and offer a way out."""
    try:
        accounts.restore(
            account_id, without_number="without_number" in request.form, by=current_user
        )
    except Invalid:
        account = accounts.get(account_id, by=current_user, deleted=True)
        return page(
            "accounts/restoration.html",
            status=422,
            account=account,
            holder=accounts.number_holder(account, by=current_user),
            keeper=field_owners.locked(account_id).get("number"),
        )
    flash(_("Account restored."), "success")
    return see_other(url_for("accounts.show", account_id=account_id))


def _called(account_id: int, form: Form) -> str:
    """Return the account's name, which is not in the form if a source keeps it."""
    typed = form.name.data if "name" in form else accounts.get(account_id, by=current_user).name
    return str(typed).strip()


def _arrive(account_id: int) -> ResponseReturnValue:
    """Go to the account, or to the list when it was given to somebody else."""
    if accounts.is_open(account_id, by=current_user):
        return see_other(url_for("accounts.show", account_id=account_id))
    flash(_("It belongs to somebody else now and is no longer open to you."), "info")
    return see_other(url_for("accounts.index"))


def _new(form: Form, status: int = 200) -> ResponseReturnValue:
    return page(
        "accounts/new.html",
        "accounts/_form.html",
        status,
        form=form,
        groups=grouped(_fields()),
        account=None,
        first="name",
        keepers={},
        kept={},
    )


def _fields() -> list[Field]:
    """Return the fields of the forms; the primary contact is chosen among the contacts."""
    return [spec for name, spec in fields.of("account").items() if name != "primary_contact_id"]


def _edit_form(account_id: int, keepers: Mapping[str, Keeper]) -> VersionedForm:
    """Make the form without the fields that a source keeps, unless one was sent all the same."""
    account = accounts.need_editable(account_id, by=current_user)
    kept = _locked(keepers)
    hers = [spec for spec in _fields() if spec not in kept or form_name(spec) in request.form]
    typed = accounts.links_typed(account, by=current_user)
    typed["parent_id"] = accounts.parent_typed(account, by=current_user)
    return edit_form(hers, account, typed=typed)


def _locked(keepers: Mapping[str, Keeper]) -> list[Field]:
    return [spec for spec in _fields() if spec.name in keepers and keepers[spec.name].locked]


def _edit(
    account_id: int,
    form: Form,
    keepers: Mapping[str, Keeper],
    conflicts: Sequence[Clash] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    account = accounts.get(account_id, by=current_user)
    groups, kept = grouped(_fields()), _locked(keepers)
    hers = [spec for _label, each in groups for spec in each if spec not in kept]
    for spec in hers:
        if spec.name in keepers:
            form[form_name(spec)].description += f" {translated(keepers[spec.name].note)}"
    return page(
        "accounts/edit.html",
        "accounts/_form.html",
        status,
        form=form,
        groups=groups,
        account=account,
        conflicts=conflicts,
        first=form_name(hers[0]) if hers else None,
        keepers=keepers,
        kept=words(account, kept),
    )
