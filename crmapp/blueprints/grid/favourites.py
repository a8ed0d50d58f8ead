"""Favourites of the grid: opened, kept, renewed, renamed, shared, deleted."""

from __future__ import annotations

from flask import Response, flash, url_for
from flask_babel import gettext as _

from crmapp.analytics.query import Question
from crmapp.blueprints.grid import bp
from crmapp.blueprints.grid.address import address, asked
from crmapp.blueprints.grid.answers import refused
from crmapp.domain.permissions import Right
from crmapp.errors import DatasetError, Invalid
from crmapp.models import Favourite
from crmapp.services import audiences, favourites
from crmapp.web.access import current_user, requires
from crmapp.web.audience_forms import AudienceForm, audience_of
from crmapp.web.ended import keeps_typed
from crmapp.web.htmx import page, see_other


@bp.get("/favourites/<int:favourite_id>")
@requires(Right.GRID_VIEW)
def favourite(favourite_id: int) -> Response:
    """Open a favourite: its grid, with the figures that are open to the reader."""
    found = favourites.get(favourite_id, by=current_user)
    afresh = url_for("grid.database", dataset=found.dataset)
    try:
        return see_other(address(favourites.question_of(found, by=current_user)))
    except Invalid as error:
        return refused(error, afresh)
    except DatasetError as error:
        return refused(error, url_for("grid.index"))


@bp.get("/<dataset>/<dimension>/favourites/new")
@requires(Right.GRID_VIEW)
def new_favourite(dataset: str, dimension: str) -> Response:
    """Ask for the name of a new favourite."""
    return _new(AudienceForm(), asked(dataset, dimension))


@bp.post("/<dataset>/<dimension>/favourites")
@requires(Right.GRID_VIEW)
@keeps_typed
def create_favourite(dataset: str, dimension: str) -> Response:
    """Keep the grid that the address asks for, or show what is wrong with the form."""
    form, question = AudienceForm(), asked(dataset, dimension)
    if not form.validate_on_submit():
        return _new(form, question, 422)
    key = form.idempotency_key.data
    try:
        kept = favourites.keep(question, form.typed, by=current_user, key=key)
    except Invalid as invalid:
        form.refuse(invalid)
        return _new(form, question, 422)
    flash(_("Favourite “%(name)s” saved.", name=form.typed["name"].strip()), "success")
    return see_other(url_for("grid.favourite", favourite_id=kept))


@bp.post("/<dataset>/<dimension>/favourites/<int:favourite_id>")
@requires(Right.GRID_VIEW)
def renew_favourite(dataset: str, dimension: str, favourite_id: int) -> Response:
    """Let a favourite show the grid that the address asks for from now on."""
    favourites.renew(favourite_id, asked(dataset, dimension), by=current_user)
    flash(_("The favourite shows this grid from now on."), "success")
    return see_other(url_for("grid.favourite", favourite_id=favourite_id))


@bp.get("/favourites/<int:favourite_id>/edit")
@requires(Right.GRID_VIEW)
def edit_favourite(favourite_id: int) -> Response:
    """Show a favourite's name and audience in a form."""
    found = favourites.changeable(favourite_id, by=current_user)
    return _edit(AudienceForm(name=found.name, audience=audience_of(found)), found)


@bp.post("/favourites/<int:favourite_id>")
@requires(Right.GRID_VIEW)
@keeps_typed
def update_favourite(favourite_id: int) -> Response:
    """Rename or share a favourite, or show what is wrong with the form."""
    found, form = favourites.changeable(favourite_id, by=current_user), AudienceForm()
    if not form.validate_on_submit():
        return _edit(form, found, 422)
    try:
        favourites.describe(favourite_id, form.typed, by=current_user)
    except Invalid as invalid:
        form.refuse(invalid)
        return _edit(form, favourites.get(favourite_id, by=current_user), 422)
    flash(_("Favourite “%(name)s” saved.", name=form.typed["name"].strip()), "success")
    return see_other(url_for("grid.favourite", favourite_id=favourite_id))


@bp.get("/favourites/<int:favourite_id>/deletion")
@requires(Right.GRID_VIEW)
def confirm_favourite_deletion(favourite_id: int) -> Response:
    """Say who loses a favourite, and ask."""
    found = favourites.changeable(favourite_id, by=current_user)
    return page("grid/favourite_deletion.html", "grid/_favourite_deletion.html", favourite=found)


@bp.post("/favourites/<int:favourite_id>/deletion")
@requires(Right.GRID_VIEW)
def delete_favourite(favourite_id: int) -> Response:
    """Delete a favourite for everybody."""
    found = favourites.changeable(favourite_id, by=current_user)
    name, dataset, dimension = found.name, found.dataset, found.dimension
    favourites.delete(favourite_id, by=current_user)
    flash(_("Favourite “%(name)s” deleted.", name=name), "success")
    return see_other(url_for("grid.show", dataset=dataset, dimension=dimension))


def _new(form: AudienceForm, question: Question, status: int = 200) -> Response:
    back, action = address(question), address(question, "grid.create_favourite")
    return _form(form, None, back, action, status)


def _edit(form: AudienceForm, found: Favourite, status: int = 200) -> Response:
    back = url_for("grid.favourite", favourite_id=found.id)
    action = url_for("grid.update_favourite", favourite_id=found.id)
    return _form(form, found, back, action, status)


def _form(
    form: AudienceForm, found: Favourite | None, back: str, action: str, status: int
) -> Response:
    teams = audiences.teams(found.team_id if found else None, by=current_user)
    form.offer(teams, everyone=_("Everyone who may open the grid"))
    return page(
        "grid/favourite.html",
        "grid/_favourite.html",
        status,
        form=form,
        favourite=found,
        action=action,
        back=back,
    )
