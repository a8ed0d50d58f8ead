"""Who sees an account, and why, for those who manage."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from crmapp.blueprints.accounts import bp
from crmapp.domain.permissions import ROLE_LABELS, Right
from crmapp.services import account_readers, accounts
from crmapp.web.access import person, requires
from crmapp.web.htmx import page
from crmapp.web.texts import language


@bp.get("/<int:account_id>/readers")
@requires(Right.ACCOUNT_EDIT_ALL)
def readers(account_id: int) -> ResponseReturnValue:
    """List the people who see the account, each with the reasons."""
    return page(
        "accounts/readers.html",
        "accounts/_readers.html",
        account=accounts.get(account_id, by=person(), deleted=True),
        readers=account_readers.of(account_id, by=person(), locale=language()),
        roles=ROLE_LABELS,
    )
