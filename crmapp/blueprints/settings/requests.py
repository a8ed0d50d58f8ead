"""The log of requests to other systems: what was asked, what came of it, and why not."""

from __future__ import annotations

from flask import request, url_for
from flask.typing import ResponseReturnValue

from crmapp.blueprints.settings import bp
from crmapp.services import connections, request_log
from crmapp.services.connections import RIGHT
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page
from crmapp.web.paging import page_number


@bp.get("/connections/<system>/requests")
@requires(RIGHT)
def requests(system: str) -> ResponseReturnValue:
    """Show the requests, newest first: all, those that failed, or those of one cause."""
    errors, cause = bool(request.args.get("errors")), request.args.get("cause", "")
    before = request.args.get("before")
    place = page_number(before, 2**31 - 1) if before else None
    rows, older = request_log.listed(
        system, errors=errors, cause=cause, before=place, by=current_user
    )
    only = {"errors": 1 if errors else None, "cause": cause or None}
    address = url_for("settings.requests", system=system, before=older, **only)  # type: ignore[arg-type]  # Flask's own arguments begin with _
    return page(
        "settings/requests.html",
        state=connections.state(system, by=current_user),
        rows=rows,
        causes=request_log.causes(system, by=current_user),
        is_wrong=request_log.is_wrong,
        errors=errors or bool(cause),
        cause=cause,
        older=address if older else None,
        open_section="connections",
    )


@bp.get("/connections/<system>/requests/<int:request_id>")
@requires(RIGHT)
def one_request(system: str, request_id: int) -> ResponseReturnValue:
    """Show all that is kept of a request."""
    row = request_log.get(system, request_id, by=current_user)
    return page(
        "settings/request.html",
        "settings/_request.html",
        state=connections.state(system, by=current_user),
        row=row,
        meaning=request_log.meaning(row.error, row.status),
        wrong=request_log.is_wrong(row),
        open_section="connections",
    )
