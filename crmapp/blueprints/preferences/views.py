"""Keep what was chosen: on the person's account when she is signed in, and in a cookie."""

from flask import request
from flask.typing import ResponseReturnValue

from crmapp.blueprints.preferences import bp
from crmapp.services import preferences
from crmapp.web import security
from crmapp.web.access import current_user, public, signed_in
from crmapp.web.htmx import see_other
from crmapp.web.reader import CHOICES
from crmapp.web.redirects import safe_next

ONE_YEAR = 365 * 24 * 3600


@bp.post("")
@public
def update() -> ResponseReturnValue:
    """Keep each known choice of the form; what is not known is left alone."""
    chosen = {
        name: value
        for name, allowed in CHOICES.items()
        if (value := request.form.get(name)) in allowed and value is not None
    }
    if chosen and signed_in():
        preferences.keep(chosen, by=current_user)
    response = see_other(safe_next(request.form.get("next")))
    for name, value in chosen.items():
        security.send_cookie(response, name, value, max_age=ONE_YEAR)
    return response
