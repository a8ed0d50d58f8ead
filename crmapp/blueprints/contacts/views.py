"""Add and change a contact, and make one the primary contact of its account."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.contacts import bp
from crmapp.domain.layouts import required_first
from crmapp.domain.permissions import Right
from crmapp.domain.records import CONTACT_FIELDS
from crmapp.errors import Conflict, Invalid
from crmapp.models import Account, Contact
from crmapp.services import accounts, contacts
from crmapp.web.access import current_user, requires
from crmapp.web.ended import keeps_typed
from crmapp.web.forms import Form
from crmapp.web.htmx import page, see_other
from crmapp.web.record_forms import Clash, edit_form, new_form, show_conflict

FIELDS = required_first(CONTACT_FIELDS.values())


@bp.get("/accounts/<int:account_id>/contacts/new")
@requires(Right.CONTACT_EDIT)
def new(account_id: int) -> ResponseReturnValue:
    """Show an empty form, in the drawer or as a page."""
    account = accounts.need_editable(account_id, by=current_user)
    return _form(new_form(FIELDS), account)


@bp.post("/accounts/<int:account_id>/contacts")
@requires(Right.CONTACT_EDIT)
@keeps_typed
def create(account_id: int) -> ResponseReturnValue:
    """Add a contact, or show what is wrong with the form."""
    account, form = accounts.need_editable(account_id, by=current_user), new_form(FIELDS)
    if not form.validate_on_submit():
        return _form(form, account, status=422)
    try:
        contacts.add(account_id, form.values, by=current_user, key=form.idempotency_key.data)
    except Invalid as invalid:
        form.refuse(invalid)
        return _form(form, account, status=422)
    flash(_("Contact “%(name)s” added.", name=form.last_name.data.strip()), "success")
    if "add_another" in request.form:
        return see_other(url_for("contacts.new", account_id=account_id))
    return see_other(url_for("accounts.contacts", account_id=account_id))


@bp.get("/contacts/<int:contact_id>/edit")
@requires(Right.CONTACT_EDIT)
def edit(contact_id: int) -> ResponseReturnValue:
    """Show the contact's values in a form."""
    contact = contacts.need_editable(contact_id, by=current_user)
    return _form(edit_form(FIELDS, contact), contact.account, contact)


@bp.post("/contacts/<int:contact_id>")
@requires(Right.CONTACT_EDIT)
@keeps_typed
def update(contact_id: int) -> ResponseReturnValue:
    """Change the contact, or show what is wrong or who was quicker."""
    contact = contacts.need_editable(contact_id, by=current_user)
    account_id, form = contact.account_id, edit_form(FIELDS, contact)
    if not form.validate_on_submit():
        return _form(form, contact.account, contact, status=422)
    key, version = form.idempotency_key.data, form.version.data
    try:
        contacts.update(contact_id, form.values, version, by=current_user, key=key)
    except Invalid as invalid:
        form.refuse(invalid)
        return _form(form, contact.account, contact, status=422)
    except Conflict as conflict:
        return _form(form, contact.account, contact, show_conflict(form, conflict), status=409)
    flash(_("Contact “%(name)s” saved.", name=form.last_name.data.strip()), "success")
    return see_other(url_for("accounts.contacts", account_id=account_id))


@bp.post("/contacts/<int:contact_id>/primary")
@requires(Right.CONTACT_EDIT)
def make_primary(contact_id: int) -> ResponseReturnValue:
    """Make the contact the primary one of its account."""
    account_id = contacts.set_primary(contact_id, by=current_user)
    flash(_("Primary contact set."), "success")
    return see_other(url_for("accounts.contacts", account_id=account_id))


def _form(
    form: Form,
    account: Account,
    contact: Contact | None = None,
    conflicts: Sequence[Clash] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    return page(
        "contacts/form.html",
        "contacts/_form.html",
        status,
        form=form,
        fields=FIELDS,
        account=account,
        contact=contact,
        conflicts=conflicts,
    )
