"""An administrator looks at every page as somebody else does, and goes back to her own view."""

from __future__ import annotations

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.domain.permissions import Right
from crmapp.services import users as people
from crmapp.web import viewing
from crmapp.web.access import person, requires
from crmapp.web.htmx import see_other


@bp.post("/users/<int:user_id>/view")
@requires(Right.USER_MANAGE)
def view_as(user_id: int) -> ResponseReturnValue:
    """Show each page as a person sees it, from now on."""
    user = people.get(user_id, by=person())
    if user.id == person().id or not user.active:
        flash(_("Choose somebody else who may sign in."), "error")
        return see_other(url_for("settings.users"))
    viewing.begin(user)
    return see_other("/")


@bp.post("/users/view/end")
def stop_viewing() -> ResponseReturnValue:
    """Go back to one's own view."""
    viewing.end()
    return see_other(url_for("settings.users") if person().can(Right.USER_MANAGE) else "/")
