"""The CRM Integration: what it synchronises, and whether fields are mapped in it."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.blueprints.settings.field_map_rows import missing_systems, rows, seen_version
from crmapp.domain.standard_rows import standard_rows
from crmapp.errors import Conflict
from crmapp.services import connections, crm_integration, field_maps
from crmapp.services.integration_versions import RIGHT
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.texts import translated


@bp.get("/subscriptions/crm")
@requires(RIGHT)
def crm() -> ResponseReturnValue:
    """Show the Settings tab: the fixed standard fields that are synchronised in any case."""
    standard = standard_rows(field_maps.dialect())
    return page(
        "settings/crm.html",
        connected=connections.connected(),
        rows=rows(standard, field_maps.shapes(), ()),
        maps_fields=crm_integration.maps_fields(),
    )


@bp.get("/subscriptions/crm/other")
@requires(RIGHT)
def crm_other() -> ResponseReturnValue:
    """Show the Other tab: whether fields are mapped."""
    return _other()


@bp.post("/subscriptions/crm/other")
@requires(RIGHT)
def save_crm() -> ResponseReturnValue:
    """Enable the field map, or rest it."""
    enabled = "enabled" in request.form
    try:
        crm_integration.save(enabled, seen=seen_version(), by=current_user)
    except Conflict as conflict:
        return _other([translated(conflict.message)], conflict.status)
    if enabled:
        flash(_("The field map is enabled. Its rows count from now on."), "success")
    else:
        flash(_("Only standard fields count from now on. The map is kept."), "success")
    return see_other(url_for("settings.crm_other"))


@bp.post("/subscriptions/crm/versions/<int:number>/restoration")
@requires(RIGHT)
def take_back_crm(number: int) -> ResponseReturnValue:
    """Put an earlier version in force again."""
    try:
        crm_integration.take_back(number, seen=seen_version(), by=current_user)
    except Conflict as conflict:
        return _other([translated(conflict.message)], conflict.status)
    flash(_("Version %(number)s is in force again.", number=number), "success")
    return see_other(url_for("settings.crm_other"))


def _other(messages: Sequence[str] = (), status: int = 200) -> ResponseReturnValue:
    rules = field_maps.rules()
    return page(
        "settings/crm_other.html",
        None,
        status,
        messages=messages,
        missing=missing_systems(),
        maps_fields=crm_integration.maps_fields(),
        version=crm_integration.version(),
        map_version=field_maps.version(),
        own=[each for each in rules if not each.code],
        history=crm_integration.history(by=current_user),
    )
