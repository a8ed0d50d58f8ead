"""Where a person is signed in besides here: ended at once."""

from flask import flash, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import COOKIE_NAME

from crmapp.blueprints.preferences import bp
from crmapp.services import users
from crmapp.web.access import person
from crmapp.web.htmx import see_other


@bp.post("/sessions/end")
def end_other_sessions() -> ResponseReturnValue:
    """Sign her out everywhere but here, which is no proof that it is she."""
    reader = person()
    users.sign_out(reader.id, by=reader)
    session["_user_id"] = reader.get_id()
    if COOKIE_NAME in request.cookies:
        session["_remember"] = "set"
    flash(_("You are signed out on all other devices."), "success")
    return see_other(url_for("home"))
