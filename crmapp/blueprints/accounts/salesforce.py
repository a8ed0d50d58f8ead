"""The tab with what Salesforce holds of an account: read-only, with its age, and refreshed."""

from __future__ import annotations

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.accounts import bp
from crmapp.blueprints.accounts.tabs import Opened, tab
from crmapp.domain.permissions import Right
from crmapp.errors import CRMError, Forbidden, Invalid, NotFound
from crmapp.models import Account
from crmapp.services import account_details, accounts, own_details
from crmapp.services.account_details import Candidate
from crmapp.services.waiting import Busy
from crmapp.web.access import person, requires
from crmapp.web.htmx import page, see_other, wants_fragment
from crmapp.web.texts import translated


@bp.get("/<int:account_id>/salesforce", endpoint="salesforce")
@requires(Right.ACCOUNT_VIEW)
def show(account_id: int) -> ResponseReturnValue:
    """Show the last known values; with ``?candidates``, the records that may be this account."""
    account = _seen(account_id)
    details = own_details.applied(account_details.of(account), by=person())
    found: list[Candidate] | None = None
    problem = None
    if details.external_id is None and "candidates" in request.args:
        try:
            found = account_details.candidates(account)
        except CRMError as error:
            problem = error.message
    return tab("salesforce", Opened(account), details=details, candidates=found, problem=problem)


@bp.post("/<int:account_id>/salesforce/refresh")
@requires(Right.ACCOUNT_VIEW)
def refresh_salesforce(account_id: int) -> ResponseReturnValue:
    """Read the values anew; what goes wrong stands beside those known last."""
    busy = None
    try:
        account_details.refresh(_seen(account_id))
    except Busy as error:
        busy = error.message
    account = _seen(account_id)
    details = own_details.applied(account_details.of(account), by=person())
    if not wants_fragment() or details.external_id is None:
        if busy:
            flash(translated(busy), "info")
        return see_other(url_for("accounts.salesforce", account_id=account_id))
    return page("accounts/salesforce.html", "accounts/_salesforce.html", account=account,
                details=details, editable=accounts.editable(account, by=person()))  # fmt: skip


@bp.post("/<int:account_id>/salesforce/link")
@requires(Right.ACCOUNT_VIEW)
def link_salesforce(account_id: int) -> ResponseReturnValue:
    """Say which record in Salesforce is this account, and read its values."""
    account = _seen(account_id)
    try:
        account_details.link(account, request.form.get("external_id", ""), by=person())
        account_details.refresh(_seen(account_id))
    except (Forbidden, NotFound):
        raise
    except Invalid as invalid:
        flash(" ".join(translated(text) for text in invalid.fields.values()), "error")
    except CRMError as error:
        flash(translated(error.message), "error")
    else:
        flash(_("The account is linked to its record in Salesforce."), "success")
    return see_other(url_for("accounts.salesforce", account_id=account_id))


@bp.post("/<int:account_id>/salesforce/unlink")
@requires(Right.ACCOUNT_VIEW)
def unlink_salesforce(account_id: int) -> ResponseReturnValue:
    """Take the link away; the record in Salesforce stays as it is."""
    account_details.unlink(_seen(account_id), by=person())
    flash(_("The account is linked to no record in Salesforce any more."), "success")
    return see_other(url_for("accounts.salesforce", account_id=account_id))


def _seen(account_id: int) -> Account:
    if not account_details.shown():
        raise NotFound
    return accounts.get(account_id, by=person())
