"""One value of an account, edited where it stands or, without JavaScript, on a page of its own."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.accounts import bp
from crmapp.blueprints.accounts.addresses import tail
from crmapp.blueprints.accounts.alike import status_of, told
from crmapp.blueprints.accounts.arranged import sent_by, unsaved
from crmapp.blueprints.accounts.facts import filled, origins, written
from crmapp.blueprints.accounts.tabs import Opened, header
from crmapp.domain.fields import Field
from crmapp.domain.layouts import DETAILS
from crmapp.domain.permissions import Right
from crmapp.errors import Conflict, Invalid, MayExist, NotFound, OwnedElsewhere
from crmapp.i18n import N_
from crmapp.models import Account
from crmapp.services import (
    accounts,
    contacts,
    field_owners,
    fields,
    layouts,
)
from crmapp.web.access import current_user, requires
from crmapp.web.ended import keeps_typed
from crmapp.web.forms import VersionedForm
from crmapp.web.htmx import page, see_other, wants_fragment
from crmapp.web.record_forms import Clash, edit_form, form_name, show_conflict
from crmapp.web.templating import dom_id
from crmapp.web.texts import translated

_RETIRED = N_("This field was retired while you were typing. Copy what you typed if you need it.")


@bp.get("/<int:account_id>/values/<name>")
@requires(Right.ACCOUNT_VIEW)
def value(account_id: int, name: str) -> ResponseReturnValue:
    """Show one value as it stands."""
    account, spec = accounts.get(account_id, by=current_user), _field(name)
    return _shown(account, spec, "accounts/_fact.html")


@bp.get("/<int:account_id>/values/<name>/edit")
def edit_value(account_id: int, name: str) -> ResponseReturnValue:
    """Show a form of one field, unless a source keeps it."""
    account, spec = accounts.need_editable(account_id, by=current_user), _field(name)
    keeper = field_owners.locked(account_id).get(name)
    if keeper is not None:
        raise OwnedElsewhere(keeper.refusal)
    return _form_page(account, spec, _form(account, spec))


@bp.post("/<int:account_id>/values/<name>")
@keeps_typed
def update_value(account_id: int, name: str) -> ResponseReturnValue:
    """Change one value, or show what is wrong with it or who was quicker."""
    account, spec = accounts.need_editable(account_id, by=current_user), _field(name)
    form, before = _form(account, spec), account.version
    left_out = layouts.left_out_of(account, by=current_user)
    if not form.validate_on_submit():
        return _form_page(account, spec, form, status=422)
    left = unsaved(form, account)
    try:
        accounts.update(account_id, form.values, form.version.data, **sent_by(form))
    except Invalid as invalid:
        form.refuse(invalid)
        return _form_page(account, spec, form, status=422)
    except MayExist as known:
        return _form_page(account, spec, form, status=status_of(known), may_exist=known)
    except Conflict as conflict:
        return _form_page(account, spec, form, show_conflict(form, conflict), status=409)
    if left:
        flash(left, "info")
    return _saved(account_id, spec, before, left_out)


def _saved(
    account_id: int, spec: Field, before: int, left_out: frozenset[str]
) -> ResponseReturnValue:
    """Show what was saved: the account was at version ``before``, without ``left_out``."""
    if not accounts.is_open(account_id, by=current_user):
        flash(_("It belongs to somebody else now and is no longer open to you."), "info")
        return see_other(url_for("accounts.index") + tail())
    account = accounts.get(account_id, by=current_user)
    if account.version != before:
        flash(_("%(field)s saved.", field=translated(spec.label)), "success")
    if spec.name in left_out or layouts.left_out_of(account, by=current_user) != left_out:
        return _back_to(account, spec)  # other fields come or go
    return _shown(account, spec, "accounts/value.swaps.html")


def _field(name: str) -> Field:
    try:
        return fields.of("account")[name]
    except KeyError:
        if request.method == "POST" and name in fields.every("account"):
            raise Invalid({}, _RETIRED) from None
        raise NotFound from None


def _form(account: Account, spec: Field) -> VersionedForm:
    choices = {}
    if spec.name == "primary_contact_id":
        choices[spec.name] = [(each.id, each.name) for each in contacts.of(account)]
    typed = accounts.links_typed(account, by=current_user)
    return edit_form([spec], account, choices=choices, typed=typed)


def _form_page(
    account: Account,
    spec: Field,
    form: VersionedForm,
    conflicts: Sequence[Clash] = (),
    status: int = 200,
    may_exist: MayExist | None = None,
) -> ResponseReturnValue:
    return page(
        "accounts/value.html",
        "accounts/_fact_form.html",
        status,
        form=form,
        entry=form[form_name(spec)],
        field=spec,
        clash=next(iter(conflicts), None),
        **told(form, status, may_exist, account),
        tail=tail(),
        account=account,
        origins=origins(account, filled(account, [spec])),
        keeper=field_owners.of(account.id).get(spec.name),
    )


def _shown(account: Account, spec: Field, fragment: str) -> ResponseReturnValue:
    """Answer with the value and what else shows it; without htmx, go to it on the record page."""
    if not wants_fragment():
        return _back_to(account, spec)
    facts = written(account, {spec.name: spec}, filled(account, [spec]))
    return page(
        fragment,
        fragment,
        field=spec,
        tail=tail(),
        focus=True,
        account=account,
        record=account.id,
        value=facts[f"value_{spec.name}"],
        origin=facts[f"origin_{spec.name}"],
        keeper=field_owners.of(account.id).get(spec.name),
        **header(Opened(account)),
    )


def _back_to(account: Account, spec: Field) -> ResponseReturnValue:
    """Go to the value on the record page, to the tab that it lies on."""
    found = layouts.sections(layouts.of(current_user.role))
    key = next((section.tab for section, specs in found if spec in specs), DETAILS)
    place = url_for("accounts.show", account_id=account.id)
    if key != DETAILS:
        place = url_for("accounts.own_tab", account_id=account.id, key=key)
    return see_other(f"{place}{tail()}#{dom_id('account', account.id, spec.name)}")
