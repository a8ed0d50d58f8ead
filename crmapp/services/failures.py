"""Why a run failed, kept so that it can be said in the language of whoever reads it."""

from __future__ import annotations

from typing import Any

from crmapp.i18n import Text
from crmapp.models import Run


def kept(problem: Text) -> dict[str, Any]:
    """Return the values of a run's row that say what went wrong, for the log and for people."""
    params = {name: str(value) for name, value in problem.params.items()}
    return {"error": str(problem), "mapping": {"problem": problem.text, "values": params}}


def reason(run: Run) -> Text | None:
    """Why the run failed, if it was kept by :func:`kept`."""
    problem = run.mapping.get("problem")
    return Text(problem, dict(run.mapping.get("values") or {})) if problem else None


def obstacle(run: Run) -> str:
    """What made the run wait before it is tried again, until it gets further; empty if nothing."""
    return (run.error or "") if run.attempts else ""
