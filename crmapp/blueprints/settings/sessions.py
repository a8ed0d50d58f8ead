"""Where a person is signed in, for who administers: listed, and ended there or everywhere."""

from __future__ import annotations

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.domain.permissions import Right
from crmapp.errors import NotFound
from crmapp.services import sign_ins
from crmapp.services import users as people
from crmapp.web import signed_in
from crmapp.web.access import person, requires
from crmapp.web.htmx import page, see_other


@bp.get("/users/<int:user_id>/sessions")
@requires(Right.USER_MANAGE)
def sessions(user_id: int) -> ResponseReturnValue:
    """Show where a person is signed in."""
    return page(
        "settings/sessions.html",
        person=people.get(user_id, by=person()),
        places=signed_in.places(user_id, by=person()),
        open_section="users",
    )


@bp.post("/users/<int:user_id>/sessions/<int:sign_in_id>/end")
@requires(Right.USER_MANAGE)
def end_session(user_id: int, sign_in_id: int) -> ResponseReturnValue:
    """Sign a person out there."""
    name = people.get(user_id, by=person()).name
    try:
        sign_ins.end(sign_in_id, user_id, by=person())
    except NotFound:
        flash(_("%(name)s is not signed in there any more.", name=name), "info")
    else:
        flash(_("%(name)s is signed out there.", name=name), "success")
    return see_other(url_for("settings.sessions", user_id=user_id))


@bp.post("/users/<int:user_id>/sessions/end")
@requires(Right.USER_MANAGE)
def sign_user_out(user_id: int) -> ResponseReturnValue:
    """Sign a person out everywhere."""
    name = people.get(user_id, by=person()).name
    people.sign_out(user_id, by=person())
    flash(_("%(name)s is signed out everywhere.", name=name), "success")
    return see_other(url_for("settings.users"))
