"""The e-mail address of an account, made anew where the old one fell into wrong hands."""

from __future__ import annotations

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.accounts import bp
from crmapp.domain.permissions import Right
from crmapp.services import mail_drop
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import see_other


@bp.post("/<int:account_id>/mail-address")
@requires(Right.ACCOUNT_EDIT)
def renew_mail_address(account_id: int) -> ResponseReturnValue:
    """Give the account another e-mail address."""
    mail_drop.renew(account_id, by=current_user)
    flash(_("The account has a new e-mail address. Mail to the old one is refused."), "success")
    return see_other(url_for("accounts.timeline", account_id=account_id))
