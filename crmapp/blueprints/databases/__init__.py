"""Databases of the grid: made from a table, changed, refreshed, retired."""

from flask import Blueprint

from crmapp.analytics.intake.files import FORMATS
from crmapp.analytics.intake.staging import Rejected
from crmapp.domain.reasons import sentence
from crmapp.i18n import Text

bp = Blueprint("databases", __name__, url_prefix="/databases")


@bp.app_template_filter()
def why(row: Rejected) -> Text:
    """Say why a row was set aside."""
    return sentence(row.reason, row.params, {})


@bp.app_context_processor
def _formats() -> dict[str, object]:
    return {"formats": FORMATS}


from crmapp.blueprints.databases import designing, keeping, making  # noqa: E402,F401  they need bp
