"""Lead from an account that was merged to the one that it has become, on whatever page."""

from __future__ import annotations

from flask import Flask, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.errors import Conflict, NotFound
from crmapp.i18n import N_, Text
from crmapp.services import successors
from crmapp.web.access import person, signed_in
from crmapp.web.errors import known
from crmapp.web.htmx import is_htmx, see_other
from crmapp.web.templating import url_with

_MERGED = N_("This account was merged into “%(name)s” meanwhile. Nothing was saved.")


def init_app(app: Flask) -> None:
    """Look for a successor before an account is said to be unknown."""
    app.register_error_handler(NotFound, _follow)


def _follow(error: NotFound) -> ResponseReturnValue:
    merged = (request.view_args or {}).get("account_id")
    heir = successors.of(merged, by=person()) if merged and signed_in() else None
    if heir is None:
        return known(error)
    if request.method != "GET":
        return known(Conflict({}, message=Text(_MERGED, {"name": heir.name})))
    flash(_("This account was merged into “%(name)s”.", name=heir.name), "info")
    address = url_with(account_id=heir.id)
    return see_other(address) if is_htmx() else redirect(address, 302)
