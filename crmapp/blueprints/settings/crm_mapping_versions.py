"""The versions of a CRM mapping: what each changed, any two compared, an older one restored."""

from __future__ import annotations

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.blueprints.settings.crm_mapping_page import refusals, seen_version
from crmapp.errors import Conflict, Invalid
from crmapp.services import crm_mapping_edits, crm_mappings
from crmapp.services.crm_mappings import RIGHT
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.texts import translated
from crmapp.web.versions import asked_pair


@bp.get("/crm-mappings/<int:mapping_id>/versions")
@requires(RIGHT)
def crm_mapping_versions(mapping_id: int) -> ResponseReturnValue:
    """Show the versions and what each changed; compare any two."""
    mapping = crm_mappings.get(mapping_id, by=current_user)
    pair = asked_pair()
    return page(
        "settings/crm_mapping_versions.html",
        mapping=mapping,
        story=crm_mappings.story(mapping),
        pair=pair,
        changes=crm_mappings.between(mapping, *pair) if pair else [],
        open_section="crm_mappings",
    )


@bp.get("/crm-mappings/<int:mapping_id>/versions/<int:number>/restoration")
@requires(RIGHT)
def confirm_crm_mapping_restoration(mapping_id: int, number: int) -> ResponseReturnValue:
    """Say what an older version does otherwise than the one in force, and ask."""
    return _restoration(mapping_id, number)


@bp.post("/crm-mappings/<int:mapping_id>/versions/<int:number>/restoration")
@requires(RIGHT)
def restore_crm_mapping(mapping_id: int, number: int) -> ResponseReturnValue:
    """Do again what the older version says."""
    try:
        crm_mapping_edits.restore(mapping_id, number, version=seen_version(), by=current_user)
    except Invalid as invalid:
        return _restoration(mapping_id, number, " ".join(refusals(invalid)), 422)
    except Conflict as conflict:
        return _restoration(mapping_id, number, translated(conflict.message), 409)
    flash(_("Version %(number)s is in force again.", number=number), "success")
    return see_other(url_for("settings.crm_mapping_versions", mapping_id=mapping_id))


def _restoration(
    mapping_id: int, number: int, problem: str = "", status: int = 200
) -> ResponseReturnValue:
    mapping = crm_mappings.get(mapping_id, by=current_user)
    return page(
        "settings/crm_mapping_restoration.html",
        "settings/_crm_mapping_restoration.html",
        status,
        mapping=mapping,
        number=number,
        changes=crm_mappings.between(mapping, mapping.version, number),
        problem=problem,
        retired=crm_mapping_edits.retired_in(mapping, number),
        open_section="crm_mappings",
    )
