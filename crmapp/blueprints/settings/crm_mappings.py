"""The CRM mappings: a stub of their list and of the page of one of them."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from crmapp.blueprints.settings import bp
from crmapp.services import crm_mappings as service
from crmapp.services.crm_mappings import RIGHT
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page


@bp.get("/crm-mappings")
@requires(RIGHT)
def crm_mappings() -> ResponseReturnValue:
    """Stand in for the list of the CRM mappings."""
    service.every(by=current_user)
    return page("settings/index.html")


@bp.get("/crm-mappings/<int:mapping_id>")
@requires(RIGHT)
def crm_mapping(mapping_id: int) -> ResponseReturnValue:
    """Stand in for the page of a CRM mapping."""
    service.get(mapping_id, by=current_user)
    return page("settings/index.html")
