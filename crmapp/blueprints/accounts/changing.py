"""The forms that make, change, delete and restore an account."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.accounts import bp
from crmapp.domain.fields import Field
from crmapp.domain.permissions import Right
from crmapp.errors import Conflict, Invalid
from crmapp.services import accounts, fields
from crmapp.web.access import current_user, requires
from crmapp.web.forms import Form, VersionedForm
from crmapp.web.htmx import page, see_other
from crmapp.web.record_forms import Clash, edit_form, grouped, new_form, show_conflict


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
    return _edit(account_id, _edit_form(account_id))


@bp.post("/<int:account_id>")
def update(account_id: int) -> ResponseReturnValue:
    """Change the account, or show what is wrong or who was quicker."""
    form = _edit_form(account_id)
    if not form.validate_on_submit():
        return _edit(account_id, form, status=422)
    key, version = form.idempotency_key.data, form.version.data
    try:
        accounts.update(account_id, form.values, version, by=current_user, key=key)
    except Invalid as invalid:
        form.refuse(invalid)
        return _edit(account_id, form, status=422)
    except Conflict as conflict:
        return _edit(account_id, form, show_conflict(form, conflict), status=409)
    flash(_("Account “%(name)s” saved.", name=form.name.data.strip()), "success")
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
        holder = accounts.number_holder(account, by=current_user)
        return page("accounts/restoration.html", status=422, account=account, holder=holder)
    flash(_("Account restored."), "success")
    return see_other(url_for("accounts.show", account_id=account_id))


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
    )


def _fields() -> list[Field]:
    """Return the fields of the forms; the primary contact is chosen among the contacts."""
    return [spec for name, spec in fields.of("account").items() if name != "primary_contact_id"]


def _edit_form(account_id: int) -> VersionedForm:
    account = accounts.need_editable(account_id, by=current_user)
    typed = accounts.links_typed(account, by=current_user)
    typed["parent_id"] = accounts.parent_typed(account, by=current_user)
    return edit_form(_fields(), account, typed=typed)


def _edit(
    account_id: int, form: Form, conflicts: Sequence[Clash] | None = None, status: int = 200
) -> ResponseReturnValue:
    account = accounts.get(account_id, by=current_user)
    return page(
        "accounts/edit.html",
        "accounts/_form.html",
        status,
        form=form,
        groups=grouped(_fields()),
        account=account,
        conflicts=conflicts,
    )
