"""The mapping of one source's columns, and the plan of a feed: places that lead to the page."""

from __future__ import annotations

from flask import url_for
from flask.typing import ResponseReturnValue

from crmapp.blueprints.settings import bp
from crmapp.services.crm_mappings import RIGHT
from crmapp.web.access import requires
from crmapp.web.htmx import see_other


@bp.get("/crm-mappings/new/sources/<int:source_id>")
@requires(RIGHT)
def new_crm_mapping_source(source_id: int) -> ResponseReturnValue:
    """Lead back to the list."""
    return see_other(url_for("settings.crm_mappings"))


@bp.get("/crm-mappings/<int:mapping_id>/sources/<int:source_id>")
@requires(RIGHT)
def crm_mapping_source(mapping_id: int, source_id: int) -> ResponseReturnValue:
    """Lead back to the CRM mapping."""
    return see_other(url_for("settings.crm_mapping", mapping_id=mapping_id))


@bp.get("/feeds/<int:run_id>/plan")
@requires(RIGHT)
def feed_plan(run_id: int) -> ResponseReturnValue:
    """Lead to the run."""
    return see_other(url_for("runs.show", run_id=run_id))
