"""Where a person is signed in besides here: ended at once."""

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_security import login_user

from crmapp.blueprints.preferences import bp
from crmapp.services import users
from crmapp.web.access import person
from crmapp.web.htmx import see_other


@bp.post("/sessions/end")
def end_other_sessions() -> ResponseReturnValue:
    """Sign her out everywhere but here."""
    reader = person()
    users.sign_out(reader.id, by=reader)
    login_user(reader)
    flash(_("You are signed out on all other devices."), "success")
    return see_other(url_for("home"))
