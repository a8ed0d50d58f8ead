"""The sources of a CRM mapping: their order, one more, one less."""

from __future__ import annotations

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.blueprints.settings.crm_mapping_page import overview, refusals, seen_version
from crmapp.domain.feeds import Content
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.services import crm_mapping_edits, crm_mappings, feed_sources
from crmapp.services.crm_mappings import RIGHT
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other, wants_fragment
from crmapp.web.ladder import moved, mover
from crmapp.web.templating import dom_id
from crmapp.web.texts import translated

_PART = "settings/_crm_mapping_sources.html"


@bp.get("/crm-mappings/<int:mapping_id>/sources")
@requires(RIGHT)
def go_to_crm_mapping_source(mapping_id: int) -> ResponseReturnValue:
    """Lead to the fields of a source that is to be read as well."""
    crm_mappings.get(mapping_id, by=current_user)
    source_id = request.args.get("source", 0, type=int)
    try:
        feed_sources.get(source_id, by=current_user)
    except NotFound:
        flash(_("Choose a source first."), "error")
        return see_other(url_for("settings.crm_mapping", mapping_id=mapping_id))
    address = url_for("settings.crm_mapping_source", mapping_id=mapping_id, source_id=source_id)
    return see_other(address)


@bp.post("/crm-mappings/<int:mapping_id>/sources")
@requires(RIGHT)
def arrange_crm_mapping(mapping_id: int) -> ResponseReturnValue:
    """Keep the order of the sources; a button moves one of them earlier or later."""
    names = moved(request.form.getlist("source"), request.form)
    order = [int(name) for name in names if name.isdecimal() and len(name) < 10]
    try:
        crm_mapping_edits.arrange(mapping_id, order, version=seen_version(), by=current_user)
    except Invalid as invalid:
        return overview(mapping_id, _PART, 422, messages=refusals(invalid))
    except Conflict:
        said = _("Somebody else changed this CRM mapping meanwhile. Below is how it is now.")
        return overview(mapping_id, _PART, 409, messages=[said])
    if wants_fragment():
        return overview(mapping_id, _PART)
    row = dom_id("fed", mover(request.form) or "heading")
    return see_other(url_for("settings.crm_mapping", mapping_id=mapping_id, _anchor=row))


@bp.get("/crm-mappings/<int:mapping_id>/sources/<int:source_id>/removal")
@requires(RIGHT)
def confirm_crm_mapping_removal(mapping_id: int, source_id: int) -> ResponseReturnValue:
    """Say what becomes of a source's accounts if it is read no more, and ask."""
    return _removal(mapping_id, source_id)


@bp.post("/crm-mappings/<int:mapping_id>/sources/<int:source_id>/removal")
@requires(RIGHT)
def remove_crm_mapping_source(mapping_id: int, source_id: int) -> ResponseReturnValue:
    """Read the source no more."""
    try:
        crm_mapping_edits.remove(mapping_id, source_id, version=seen_version(), by=current_user)
    except Invalid as invalid:
        return _removal(mapping_id, source_id, " ".join(refusals(invalid)), 422)
    except Conflict as conflict:
        return _removal(mapping_id, source_id, translated(conflict.message), 409)
    flash(_("The source is read no more."), "success")
    return see_other(url_for("settings.crm_mapping", mapping_id=mapping_id))


def _removal(
    mapping_id: int, source_id: int, problem: str = "", status: int = 200
) -> ResponseReturnValue:
    mapping = crm_mappings.get(mapping_id, by=current_user)
    sources = Content.from_json(mapping.content).sources
    if source_id not in [each.source_id for each in sources]:
        raise NotFound
    return page(
        "settings/crm_mapping_removal.html",
        "settings/_crm_mapping_removal.html",
        status,
        mapping=mapping,
        source=feed_sources.get(source_id, by=current_user),
        only=len(sources) == 1,
        problem=problem,
        open_section="crm_mappings",
    )
