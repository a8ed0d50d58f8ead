"""An administrator looks at every page as somebody else does, and goes back to her own view."""

from __future__ import annotations

from flask import flash, url_for
from flask.typing import ResponseReturnValue

from crmapp.blueprints.settings import bp
from crmapp.errors import Invalid
from crmapp.services.view_as import RIGHT
from crmapp.web import viewing
from crmapp.web.access import person, requires
from crmapp.web.htmx import see_other
from crmapp.web.texts import translated


@bp.post("/users/<int:user_id>/view")
@requires(RIGHT)
def view_as(user_id: int) -> ResponseReturnValue:
    """Show each page as a person sees it, from now on."""
    try:
        viewing.begin(user_id)
    except Invalid as invalid:
        flash(" ".join(translated(text) for text in invalid.fields.values()), "error")
        return see_other(url_for("settings.users"))
    return see_other("/")


@bp.post("/users/view/end")
def stop_viewing() -> ResponseReturnValue:
    """Go back to one's own view."""
    viewing.end()
    return see_other(url_for("settings.users") if person().can(RIGHT) else "/")
