"""How accounts are arranged, for everyone or for a role: sections, fields and tabs in order."""

from __future__ import annotations

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.blueprints.settings.layout_page import (
    AUDIENCE_LABELS,
    back_to,
    refusals,
    seen_version,
    show,
)
from crmapp.domain.layouts import OWN
from crmapp.errors import Conflict, Invalid
from crmapp.services import fields, layout_edits, layout_faults, layout_story
from crmapp.services import layouts as services
from crmapp.services.layout_edits import RIGHT
from crmapp.web.access import current_user, requires
from crmapp.web.field_words import counts_if
from crmapp.web.htmx import page, see_other, wants_fragment
from crmapp.web.ladder import MOVERS, moved, mover
from crmapp.web.templating import dom_id


@bp.get("/layouts")
@requires(RIGHT)
def layouts() -> ResponseReturnValue:
    """Show for whom there are layouts, what needs repair, and what was changed."""
    kept = services.kept()
    return page(
        "settings/layouts.html",
        audiences=AUDIENCE_LABELS,
        made=kept.layouts,
        conditions={
            name: (spec, counts_if([kept.conditions[name]]))
            for name, spec in fields.of("account").items()
            if name in kept.conditions
        },
        faults=layout_faults.all_of(by=current_user),
        story=layout_story.told(by=current_user),
        version=layout_edits.version(),
        labels=fields.every("account"),
    )


@bp.post("/layouts/versions/<int:number>/restoration")
@requires(RIGHT)
def restore_layouts(number: int) -> ResponseReturnValue:
    """Arrange everything again as it was."""
    try:
        layout_edits.restore(number, seen=seen_version(), by=current_user)
    except (Conflict, Invalid) as error:
        flash(" ".join(refusals(error)), "error")
    else:
        flash(_("Version %(number)s is in force again.", number=number), "success")
    return see_other(url_for("settings.layouts"))


@bp.get("/layouts/<audience>")
@requires(RIGHT)
def layout(audience: str) -> ResponseReturnValue:
    """Show the layout for an audience, to be arranged."""
    return show(audience)


@bp.post("/layouts/<audience>")
@requires(RIGHT)
def arrange_layout(audience: str) -> ResponseReturnValue:
    """Do what the button says with sections and fields: it is in force at once."""
    try:
        _arrange(audience)
    except (Conflict, Invalid) as error:
        return show(audience, refusals(error), error.status)
    row = dom_id("row", (mover(request.form) or "").removeprefix(OWN) or "first")
    return show(audience) if wants_fragment() else back_to(audience, row)


@bp.post("/layouts/<audience>/shelf")
@requires(RIGHT)
def arrange_tabs(audience: str) -> ResponseReturnValue:
    """Keep the order of the tabs, and which are hidden."""
    order, shown = moved(request.form.getlist("field"), request.form), request.form.getlist("shown")
    try:
        layout_edits.shelve(audience, order, shown, seen=seen_version(), by=current_user)
    except Conflict as conflict:
        return show(audience, refusals(conflict), conflict.status)
    if request.form.keys().isdisjoint(MOVERS):
        flash(_("The tabs are saved."), "success")
    return show(audience) if wants_fragment() else back_to(audience, "settings-layout-tabs")


def _arrange(audience: str) -> None:
    seen, ticked, do = seen_version(), request.form.getlist("ticked"), request.form.get("do")
    if do == "put":
        wanted = request.form.get("section", "")
        layout_edits.put(audience, ticked, wanted, seen=seen, by=current_user)
    elif do in ("hide", "show"):
        layout_edits.hide(audience, ticked, seen=seen, by=current_user, again=do == "show")
    elif do == "reset":
        layout_edits.reset(audience, seen=seen, by=current_user)
        flash(_("The layout is reset. Below it stands as it is now."), "success")
    else:
        _move(audience, seen)


def _move(audience: str, seen: int) -> None:
    """Move one row: a section by the places of sections, a field by those of all rows."""
    order, name = request.form.getlist("field"), mover(request.form) or ""
    if name.startswith(OWN) and "dropped" not in request.form:
        sections = moved([row for row in order if row.startswith(OWN)], request.form)
        layout_edits.arrange(audience, sections, name, seen=seen, by=current_user)
    else:
        wanted = moved(order, request.form)
        layout_edits.arrange(audience, wanted, name, seen=seen, by=current_user)
