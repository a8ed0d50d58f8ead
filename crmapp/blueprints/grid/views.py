"""Databases, and one of their dimensions as a grid."""

from __future__ import annotations

from flask import Response, url_for

from crmapp.blueprints.grid import bp
from crmapp.blueprints.grid.address import address, asked, is_tidy
from crmapp.blueprints.grid.answers import refused, shown
from crmapp.blueprints.grid.databases import databases
from crmapp.domain.permissions import Right
from crmapp.errors import DatasetError, Invalid
from crmapp.services import favourites, grids
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other, wants_fragment


@bp.get("")
@requires(Right.GRID_VIEW)
def index() -> Response:
    """The databases one may open, each with its dimensions."""
    return page(
        "grid/index.html", databases=databases(), favourites=favourites.listed(by=current_user)
    )


@bp.get("/<dataset>")
@requires(Right.GRID_VIEW)
def database(dataset: str) -> Response:
    """A database opens with its first dimension."""
    try:
        first = next(iter(grids.dataset(dataset, by=current_user).dimensions))
    except DatasetError as error:
        return refused(error, url_for("grid.index"))
    return see_other(url_for("grid.show", dataset=dataset, dimension=first))


@bp.get("/<dataset>/<dimension>")
@requires(Right.GRID_VIEW)
def show(dataset: str, dimension: str) -> Response:
    """The grid of one dimension."""
    try:
        question = asked(dataset, dimension)
        if not is_tidy() and not wants_fragment():
            return see_other(address(question))
        return shown(question, tidied=not is_tidy())
    except Invalid as error:
        if wants_fragment():
            raise
        return refused(error, url_for("grid.show", dataset=dataset, dimension=dimension))
    except DatasetError as error:
        return refused(error, url_for("grid.index"))
