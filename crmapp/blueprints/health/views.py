"""Answer ``/health`` (the process lives) and ``/ready`` (it can serve)."""

from flask.typing import ResponseReturnValue

from crmapp.blueprints.health import bp
from crmapp.services import readiness
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
