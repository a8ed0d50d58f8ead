"""The grid's Actions menu: what it shows becomes the draft of a run."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from crmapp.blueprints.upserts import bp
from crmapp.domain.permissions import Right
from crmapp.services import grids, upserts
from crmapp.web import reader
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import see_other

_OURS = {"dataset", "dimension", "idempotency_key", "csrf_token"}


@bp.post("")
@requires(Right.GRID_ADD_UPDATE_ACCOUNTS)
def create() -> ResponseReturnValue:
    """Freeze the grid's rows and go on to the mapping."""
    form = request.form
    args = {name: value for name, value in form.items() if name not in _OURS}
    dataset, dimension = form.get("dataset", ""), form.get("dimension", "")
    question = grids.ask(dataset, dimension, args, by=current_user)
    source = grids.source(question, by=current_user)
    run_id = upserts.start(
        source,
        title=source["titles"][reader.locale()],
        by=current_user,
        key=form.get("idempotency_key"),
    )
    return see_other(url_for("upserts.mapping", run_id=run_id))
