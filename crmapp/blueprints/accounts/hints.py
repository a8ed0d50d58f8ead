"""Hints of accounts that may be the same, while somebody types one."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from crmapp.blueprints.accounts import bp
from crmapp.blueprints.accounts.alike import beside
from crmapp.domain.permissions import Right
from crmapp.services import accounts
from crmapp.services.rights import need
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page


@bp.post("/hints")
@requires(Right.ACCOUNT_VIEW)
def hints() -> ResponseReturnValue:
    """Say beside each field which accounts may be the same as the one in the form."""
    account_id = request.args.get("account", type=int)
    if not account_id:
        need(Right.ACCOUNT_CREATE, by=current_user)
    account = accounts.need_editable(account_id, by=current_user) if account_id else None
    found = beside(request.form, account)
    return page("accounts/hints.swaps.html", None, hints=found, account=account)
