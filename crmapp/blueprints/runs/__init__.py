"""Runs: their list, how far one is, its receipt, and taking it back."""

from flask import Blueprint

from crmapp.domain.runs import STATUS_LABELS, Status
from crmapp.i18n import Text
from crmapp.models import Run
from crmapp.services import failures, upsert_fields

bp = Blueprint("runs", __name__, url_prefix="/runs")


@bp.app_template_filter()
def status_label(status: str) -> str:
    """Return the word for a run's status, marked for translation."""
    return STATUS_LABELS[Status(status)]


@bp.app_template_filter()
def field_label(name: str, run: Run | None = None) -> str:
    """Return the label of a field of what a run is about, marked for translation."""
    object_ = upsert_fields.object_of(run.source) if run else "account"
    spec = upsert_fields.every(object_).get(name)
    return spec.label if spec else name


@bp.app_template_filter()
def failure(run: Run) -> Text | None:
    """Return why a refresh or an export failed."""
    return failures.reason(run)


@bp.app_template_filter()
def obstacle(run: Run) -> str:
    """Return why a run waits before it is tried again, marked for translation."""
    return failures.obstacle(run)


from crmapp.blueprints.runs import changing, listing, views  # noqa: E402,F401  the views need bp
