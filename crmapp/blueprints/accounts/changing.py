"""The forms that make, change, delete and restore an account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.accounts import bp
from crmapp.blueprints.accounts.alike import overruled, status_of, told
from crmapp.blueprints.accounts.arranged import (
    arranged,
    hers,
    retired_since,
    sent_by,
    standing,
    typed,
    unsaved,
)
from crmapp.blueprints.accounts.facts import words
from crmapp.domain.fields import Field
from crmapp.domain.permissions import Right
from crmapp.errors import Conflict, Invalid, MayExist
from crmapp.i18n import Text
from crmapp.services import accounts, field_owners
from crmapp.services.field_owners import Keeper
from crmapp.services.rights import need
from crmapp.web.access import current_user, requires
from crmapp.web.ended import keeps_typed
from crmapp.web.forms import Form, VersionedForm
from crmapp.web.htmx import page, see_other
from crmapp.web.record_forms import (
    Clash,
    edit_form,
    fill_in,
    form_name,
    new_form,
    show_conflict,
)
from crmapp.web.texts import translated


@bp.get("/new")
@requires(Right.ACCOUNT_CREATE)
def new() -> ResponseReturnValue:
    """Show an empty form, in the drawer or as a page; the account is the maker's own at first."""
    return _new(new_form(_fields(), owner_id=current_user.id))


@bp.post("")
@requires(Right.ACCOUNT_CREATE)
@keeps_typed
def create() -> ResponseReturnValue:
    """Create an account, or show what is wrong with the form."""
    form = new_form(_fields())
    retired = retired_since(form, None)
    if retired or not form.validate_on_submit():
        return _new(form, 409 if retired else 422, retired=retired)
    left = unsaved(form, None)
    try:
        account_id = accounts.create(typed(form), **sent_by(form))
    except Invalid as invalid:
        form.refuse(invalid)
        return _new(form, status=422)
    except MayExist as known:
        return _new(form, status_of(known), known)
    _tell(_("Account “%(name)s” added.", name=form.name.data.strip()), left)
    if "add_another" in request.form:
        return see_other(url_for("accounts.new"))
    return _arrive(account_id)


@bp.get("/<int:account_id>/edit")
def edit(account_id: int) -> ResponseReturnValue:
    """Show the account's values in a form."""
    keepers = field_owners.of(account_id)
    return _edit(account_id, _edit_form(account_id, keepers), keepers)


@bp.post("/<int:account_id>")
@keeps_typed
def update(account_id: int) -> ResponseReturnValue:
    """Change the account, or show what is wrong or who was quicker."""
    keepers = field_owners.of(account_id)
    form, account = _edit_form(account_id, keepers), accounts.get(account_id, by=current_user)
    retired, left = retired_since(form, account), unsaved(form, account)
    if retired or not form.validate_on_submit():
        return _edit(account_id, form, keepers, 409 if retired else 422, retired=retired)
    version, name = form.version.data, _called(account_id, form)
    try:
        accounts.update(account_id, form.values, version, **sent_by(form))
    except Invalid as invalid:
        form.refuse(invalid)
        return _edit(account_id, form, keepers, status=422)
    except MayExist as known:
        return _edit(account_id, form, keepers, status=status_of(known), may_exist=known)
    except Conflict as conflict:
        conflicts = show_conflict(form, conflict)
        return _edit(account_id, form, keepers, status=409, conflicts=conflicts)
    _tell(_("Account “%(name)s” saved.", name=name), left)
    return _arrive(account_id)


@bp.post("/standing")
@requires(Right.ACCOUNT_VIEW)
def form_standing() -> ResponseReturnValue:
    """Say which fields of a form count as it stands; nothing that was typed is touched."""
    account_id = request.args.get("account", type=int)
    if account_id:
        form: Form = _edit_form(account_id, field_owners.of(account_id))
        parts = standing(form, _fields(), accounts.get(account_id, by=current_user))
    else:
        need(Right.ACCOUNT_CREATE, by=current_user)
        form = new_form(_fields())
        parts = standing(form, _fields(), None)
    return page("accounts/standing.swaps.html", None, parts=parts)


@bp.post("/<int:account_id>/adoption")
@requires(Right.ACCOUNT_CREATE)
def adopt(account_id: int) -> ResponseReturnValue:
    """Show, in the form of an account that exists, what was typed for a new one."""
    account = accounts.get(account_id, by=current_user)
    if not accounts.editable(account, by=current_user):
        return _arrive(account_id)
    keepers = field_owners.of(account_id)
    form = _edit_form(account_id, keepers, sent=False)
    blank = new_form(_fields(), sent=False, owner_id=current_user.id)
    left = fill_in(form, new_form(_fields()), blank)
    return _edit(account_id, form, keepers, left=left)


@bp.get("/<int:account_id>/deletion")
@requires(Right.ACCOUNT_DELETE)
def confirm_deletion(account_id: int) -> ResponseReturnValue:
    """Ask whether the account is to be deleted."""
    account = accounts.need_editable(account_id, by=current_user)
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
    """Bring a deleted account back, or say what stands in its way and offer a way out."""
    try:
        accounts.restore(
            account_id,
            without_number="without_number" in request.form,
            overruled=overruled(),
            by=current_user,
        )
    except MayExist as may_exist:
        return _restoration(account_id, {}, status_of(may_exist), may_exist)
    except Invalid as invalid:
        return _restoration(account_id, invalid.fields, invalid.status)
    flash(_("Account restored."), "success")
    return see_other(url_for("accounts.show", account_id=account_id))


def _restoration(
    account_id: int,
    wrong: Mapping[str, Text],
    status: int,
    may_exist: MayExist | None = None,
) -> ResponseReturnValue:
    account = accounts.get(account_id, by=current_user, deleted=True)
    return page(
        "accounts/restoration.html",
        status=status,
        account=account,
        wrong=wrong,
        may_exist=may_exist,
        reason=overruled().reason,
        holder=accounts.number_holder(account, by=current_user),
        keeper=field_owners.locked(account_id).get("number"),
    )


def _tell(done: str, left: str) -> None:
    flash(done, "success")
    if left:
        flash(left, "info")


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


def _new(
    form: Form,
    status: int = 200,
    may_exist: MayExist | None = None,
    retired: Sequence[tuple[str, str]] = (),
) -> ResponseReturnValue:
    return page(
        "accounts/new.html",
        "accounts/_form.html",
        status,
        form=form,
        first="name",
        keepers={},
        kept={},
        left=None,
        retired=retired,
        **arranged(form, _fields(), None),
        **told(form, status, may_exist),
    )


def _fields() -> list[Field]:
    return hers(request.form)


def _edit_form(
    account_id: int, keepers: Mapping[str, Keeper], *, sent: bool = True
) -> VersionedForm:
    """Make the form without the fields that a source keeps, unless one was sent all the same."""
    account = accounts.need_editable(account_id, by=current_user)
    kept = _locked(keepers)
    forced = request.form if sent else ()
    own = [spec for spec in _fields() if spec not in kept or form_name(spec) in forced]
    known = accounts.links_typed(account, by=current_user)
    return edit_form(own, account, typed=known, sent=sent)


def _locked(keepers: Mapping[str, Keeper]) -> list[Field]:
    return [spec for spec in _fields() if spec.name in keepers and keepers[spec.name].locked]


def _edit(
    account_id: int,
    form: Form,
    keepers: Mapping[str, Keeper],
    status: int = 200,
    *,
    may_exist: MayExist | None = None,
    **said: Sequence[Clash] | Sequence[tuple[str, str]],
) -> ResponseReturnValue:
    account = accounts.get(account_id, by=current_user)
    specs, kept = _fields(), _locked(keepers)
    parts = arranged(form, specs, account)
    own = _noted(form, [spec for each in parts["sections"] for spec in each.fields], keepers)
    return page(
        "accounts/edit.html",
        "accounts/_form.html",
        status,
        form=form,
        first=form_name(own[0]) if own else None,
        keepers=keepers,
        kept=words(account, kept),
        **{"conflicts": None, "left": None, "retired": (), **said},
        **parts,
        **told(form, status, may_exist, account),
    )


def _noted(form: Form, specs: Sequence[Field], keepers: Mapping[str, Keeper]) -> list[Field]:
    """Return the fields that are hers to fill in; each that a source fills as well says so."""
    own = [spec for spec in specs if spec.name not in keepers or not keepers[spec.name].locked]
    for spec in own:
        if spec.name in keepers:
            form[form_name(spec)].description += f" {translated(keepers[spec.name].note)}"
    return own
