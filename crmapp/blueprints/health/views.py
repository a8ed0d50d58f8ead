"""Answer ``/health`` (the process lives), ``/ready`` (it can serve), ``/metrics`` (how it is)."""

from flask.typing import ResponseReturnValue

from crmapp.blueprints.health import bp
from crmapp.errors import NotFound
from crmapp.services import readiness
from crmapp.web import metrics
from crmapp.web.access import public


@bp.get("/health")
@public
def live() -> ResponseReturnValue:
    """Say that the process answers."""
    return {"status": "ok"}


@bp.get("/ready")
@public
def ready() -> ResponseReturnValue:
    """Say whether the database answers and has the schema that this version needs."""
    checks = readiness.check()
    return {"checks": checks}, 200 if all(checks.values()) else 503


@bp.get("/metrics")
@public
def numbers() -> ResponseReturnValue:
    """Send metrics to a monitor that may read them; for others there is nothing here."""
    if not metrics.may_read():
        raise NotFound
    return metrics.page()
