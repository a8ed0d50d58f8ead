"""Where a person is signed in: listed, and ended there or everywhere but here."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.preferences import bp
from crmapp.errors import NotFound
from crmapp.services import sign_ins, users
from crmapp.web import signed_in
from crmapp.web.access import person
from crmapp.web.htmx import page, see_other


@bp.get("/sessions")
def sessions() -> ResponseReturnValue:
    """Show where she is signed in."""
    reader = person()
    return page("preferences/sessions.html", places=signed_in.places(reader.id, by=reader))


@bp.post("/sessions/<int:sign_in_id>/end")
def end_session(sign_in_id: int) -> ResponseReturnValue:
    """Sign her out there."""
    reader = person()
    if sign_in_id == signed_in.here():
        return redirect(url_for("security.logout"), 307)
    try:
        sign_ins.end(sign_in_id, reader.id, by=reader)
    except NotFound:
        flash(_("You are not signed in there any more."), "info")
    else:
        flash(_("You are signed out there."), "success")
    return see_other(url_for("preferences.sessions"))


@bp.post("/sessions/end")
def end_other_sessions() -> ResponseReturnValue:
    """Sign her out everywhere but here, which is no proof that it is she."""
    reader = person()
    users.sign_out(reader.id, but=signed_in.here(), by=reader)
    flash(_("You are signed out on all other devices."), "success")
    return see_other(url_for("preferences.sessions"))
