"""Favourites of the grid: opened, kept, renewed, renamed, shared, deleted."""

from __future__ import annotations

from flask import Response, flash, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import RadioField, StringField
from wtforms.fields.choices import SelectChoice

from crmapp.analytics.query import Question
from crmapp.blueprints.grid import bp
from crmapp.blueprints.grid.address import address, asked
from crmapp.blueprints.grid.answers import refused
from crmapp.domain.permissions import Right
from crmapp.errors import DatasetError, Invalid
from crmapp.models import Favourite
from crmapp.models.favourite import EVERYONE, MINE, TEAM
from crmapp.services import favourites
from crmapp.web.access import current_user, requires
from crmapp.web.forms import Form
from crmapp.web.htmx import page, see_other
from crmapp.web.record_forms import Required


class FavouriteForm(Form):
    """What a favourite is called, and who finds it."""

    name = StringField(
        lazy_gettext("Name"), validators=[Required()], render_kw={"autocomplete": "off"}
    )
    audience = RadioField(
        lazy_gettext("Who finds it"), validators=[Required()], validate_choice=False, default=MINE
    )

    @property
    def typed(self) -> dict[str, str]:
        return {"name": self.name.data or "", "audience": self.audience.data or ""}


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
    return _new(FavouriteForm(), asked(dataset, dimension))


@bp.post("/<dataset>/<dimension>/favourites")
@requires(Right.GRID_VIEW)
def create_favourite(dataset: str, dimension: str) -> Response:
    """Keep the grid that the address asks for, or show what is wrong with the form."""
    form, question = FavouriteForm(), asked(dataset, dimension)
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
    audience = f"{TEAM}:{found.team_id}" if found.audience == TEAM else found.audience
    return _edit(FavouriteForm(name=found.name, audience=audience), found)


@bp.post("/favourites/<int:favourite_id>")
@requires(Right.GRID_VIEW)
def update_favourite(favourite_id: int) -> Response:
    """Rename or share a favourite, or show what is wrong with the form."""
    found, form = favourites.changeable(favourite_id, by=current_user), FavouriteForm()
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


def _new(form: FavouriteForm, question: Question, status: int = 200) -> Response:
    back, action = address(question), address(question, "grid.create_favourite")
    return _form(form, None, back, action, status)


def _edit(form: FavouriteForm, found: Favourite, status: int = 200) -> Response:
    back = url_for("grid.favourite", favourite_id=found.id)
    action = url_for("grid.update_favourite", favourite_id=found.id)
    return _form(form, found, back, action, status)


def _form(
    form: FavouriteForm, found: Favourite | None, back: str, action: str, status: int
) -> Response:
    teams = favourites.teams(found, by=current_user)
    form.audience.choices = [
        SelectChoice(MINE, _("Only me")),
        *(SelectChoice(f"{TEAM}:{id_}", _("Team %(name)s", name=name)) for id_, name in teams),
        SelectChoice(EVERYONE, _("Everyone who may open the grid")),
    ]
    return page(
        "grid/favourite.html",
        "grid/_favourite.html",
        status,
        form=form,
        favourite=found,
        action=action,
        back=back,
    )
