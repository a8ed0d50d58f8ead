"""Begin a run once more: the same rows as they are by now, through the same mapping, as a draft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmapp.db import session, unit_of_work
from crmapp.errors import Invalid
from crmapp.i18n import N_
from crmapp.models import Run, User
from crmapp.services import sources, upserts
from crmapp.services.engine import CODE_VERSION
from crmapp.services.idempotency import once


def duplicate(run_id: int, *, key: str | None, by: User) -> int:
    """Draft a run like another one and return its id; nothing is planned yet.

    Raises:
        NotFound: there is no such run, or its source is gone.
        Forbidden: she may not add or update accounts.
        Invalid: the source has no rows any more.
    """
    run = upserts.get(run_id, by=by)
    source = _renewed(run.source)
    count = sources.open_source(source, by=by).count()
    if not count:
        raise Invalid({"": N_("The source has no rows any more.")})
    person = by.id
    with unit_of_work():
        made = once(key, {"duplicate": run_id}, lambda: _draft(run_id, source, count, person))
    return int(made.removeprefix("run:"))


def _renewed(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return the source as a run would keep it now; of a retry, the whole of what it retried."""
    below = kept.get("of", kept["kind"])
    whole = {name: value for name, value in kept.items() if name not in ("of", "run")}
    return sources.renewed({**(whole if "of" in kept else kept), "kind": below})


def _draft(run_id: int, source: Mapping[str, Any], count: int, person: int) -> str:
    run = session.get_one(Run, run_id)
    draft = Run(
        kind=run.kind,
        title=run.title,
        source=dict(source),
        mapping={**run.mapping, "version": 0, "decided_on": None} if run.mapping else {},
        total=count,
        lock_key=run.lock_key,
        code_version=CODE_VERSION,
        by_id=person,
    )
    session.add(draft)
    session.flush()
    return f"run:{draft.id}"
