"""Why a run failed, kept so that it can be said in the language of whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmapp.i18n import Text
from crmapp.models import Run

_KEY = "failure"


def kept(problem: Text, mapping: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the values of a run's row that say what went wrong, for the log and for people.

    ``mapping`` is what the run keeps there besides.
    """
    return {"error": str(problem), "mapping": {**(mapping or {}), _KEY: _as_json(problem)}}


def _as_json(value: Any) -> Any:
    if isinstance(value, Text):
        params = {name: _as_json(each) for name, each in value.params.items()}
        return {"text": value.text, "params": params}
    if isinstance(value, list | tuple):
        return [_as_json(each) for each in value]
    return value if isinstance(value, str | int | float) else str(value)


def reason(run: Run) -> Text | None:
    """What the run's ``error`` says, if it was kept by :func:`kept`."""
    said = run.mapping.get(_KEY)
    if said is None:  # so it was kept once, where fields have their pick-list values now
        said = {"text": run.mapping.get("problem"), "params": run.mapping.get("values")}
    found = _from_json(said) if said["text"] else None
    return found if found is not None and str(found) == run.error else None


def _from_json(kept: Any) -> Any:
    if isinstance(kept, Mapping):
        params = {name: _from_json(each) for name, each in (kept["params"] or {}).items()}
        return Text(kept["text"], params)
    return [_from_json(each) for each in kept] if isinstance(kept, list) else kept


def obstacle(run: Run) -> str:
    """What made the run wait before it is tried again, until it gets further; empty if nothing."""
    return (run.error or "") if run.attempts else ""
