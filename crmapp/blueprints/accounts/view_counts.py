"""How many accounts stand in each view, asked for after the list is there."""

from __future__ import annotations

from flask import Response, request

from crmapp.blueprints.accounts import bp
from crmapp.blueprints.accounts.view_bar import bar_of
from crmapp.domain.permissions import Right
from crmapp.services import view_counts
from crmapp.web.access import person, requires
from crmapp.web.htmx import page


@bp.get("/views/counts")
@requires(Right.ACCOUNT_VIEW)
def count_views() -> Response:
    """Count the views that stand beside each other, or with ``every`` those of the menu too."""
    bar = bar_of([])
    views = bar.views if request.args.get("every") else bar.tabs
    return page(
        "accounts/view_counts.swaps.html",
        counts=view_counts.counts(views, by=person()),
        tabs={view.id for view in bar.tabs},
    )
