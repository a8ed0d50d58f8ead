"""A person signs in at the other system for a connection, and comes back."""

from __future__ import annotations

from flask import flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.config import settings
from crmapp.connectors.errors import ConnectorError
from crmapp.errors import Invalid, SecretsLost
from crmapp.services import connections, person_sign_in
from crmapp.services.connections import RIGHT
from crmapp.services.person_sign_in import Back
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import see_other
from crmapp.web.texts import translated

KEPT = "signing_in"


@bp.get("/connections/<system>/sign-in")
@requires(RIGHT)
def sign_in(system: str) -> ResponseReturnValue:
    """Send her there. What belongs to this sign-in is kept, encrypted, in her session."""
    try:
        begun = person_sign_in.begin(system, _callback(system), by=current_user)
    except (Invalid, SecretsLost, ConnectorError) as error:
        return _back_to(system, error)
    session[KEPT] = begun.kept
    return redirect(begun.url, 303)


@bp.get("/connections/<system>/callback")
@requires(RIGHT)
def signed_in(system: str) -> ResponseReturnValue:
    """Take the tokens for what she comes back with, and test the connection."""
    told = {"description": "error_description"}
    back = Back(
        **{
            name: request.args.get(told.get(name, name), "")
            for name in ("state", "code", "error", "description")
        }
    )
    try:
        person_sign_in.finish(system, back, session.pop(KEPT, ""), by=current_user)
    except (Invalid, SecretsLost, ConnectorError) as error:
        return _back_to(system, error)
    if connections.check(system, by=current_user) is None:
        flash(_("You have signed in. The connection works."), "success")
    else:
        flash(_("You have signed in, but the connection does not work yet."), "error")
    return see_other(url_for("settings.connection", system=system))


def _callback(system: str) -> str:
    return settings().address + url_for("settings.signed_in", system=system)


def _back_to(system: str, error: Invalid | SecretsLost | ConnectorError) -> ResponseReturnValue:
    texts = error.fields.values() if isinstance(error, Invalid) else [error.message]
    flash(" ".join(map(translated, texts)), "error")
    return see_other(url_for("settings.connection", system=system))
