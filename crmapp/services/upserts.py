"""Add or update accounts from rows: start, map, plan, look, run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from crmapp import artefacts
from crmapp.db import session, unit_of_work
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.permissions import Right
from crmapp.domain.runs import Status
from crmapp.errors import Forbidden, Invalid, NotFound, TooLate
from crmapp.i18n import N_, Text
from crmapp.models import Run, User
from crmapp.queue import later
from crmapp.services import engine, mapping_checks, planning, staged_rows, upsert_fields
from crmapp.services.engine import CODE_VERSION
from crmapp.services.idempotency import once
from crmapp.services.sources import Source, open_source, stager

RIGHT = Right.GRID_ADD_UPDATE_ACCOUNTS
_RETIRED = N_("The field “%(field)s” was retired since. Choose the columns again.")


def start(
    source: Mapping[str, Any], *, title: str, by: User, key: str | None, why: str = ""
) -> int:
    """Draft an upsert of the rows of ``source`` and return the run's id.

    Rows that have to be staged first are counted then.

    Raises:
        Forbidden: ``by`` may not add or update accounts from the grid.
        Invalid: the source has no rows.
    """
    if not by.can(RIGHT):
        raise Forbidden(RIGHT)
    opened, count = open_source(source, by=by), None
    if stager(source) is None:
        count = opened.count()
    if count == 0:
        raise Invalid({"": N_("There are no rows to work on. Change the search or the selection.")})
    with unit_of_work():
        made = once(key, {"source": source}, lambda: _draft(source, count, title, why, by))
    return int(made.removeprefix("run:"))


def _draft(source: Mapping[str, Any], count: int | None, title: str, why: str, by: User) -> str:
    run = Run(
        kind="upsert",
        title=title,
        source=dict(source),
        total=count,
        lock_key="accounts:{}:{}".format(*source.get("identity", ("rows", source["kind"]))),
        code_version=CODE_VERSION,
        why=why,
        by_id=by.id,
    )
    session.add(run)
    session.flush()
    return f"run:{run.id}"


def get(run_id: int, *, by: User) -> Run:
    """Return an upsert that ``by`` started, or may see and carry on.

    Raises:
        NotFound, Forbidden
    """
    run = session.scalar(
        select(Run).where(Run.id == run_id, Run.kind == "upsert", Run.visible_to(by))
    )
    if run is None:
        raise NotFound
    if not by.can(RIGHT):
        raise Forbidden(RIGHT)
    return run


def source_of(run: Run, *, by: User) -> Source:
    """Open the rows that the run works on, as they are before they are staged."""
    return open_source(staged_rows.forgotten(run.source), by=by)


def plan_later(
    run_id: int,
    mapping: FieldMapping,
    *,
    confirmed: int | None,
    by: User,
    saved: Mapping[str, Any] | None = None,
) -> None:
    """Keep the mapping and have the plan made in the background.

    ``confirmed`` is the number of rows that the person said yes to; a run over everything in view
    needs it. ``saved`` notes the saved version that the mapping came from.

    Raises:
        Invalid: the mapping cannot be used, or the number was not confirmed or has changed.
        TooLate: the run has gone past planning.
    """
    run = get(run_id, by=by)
    source = source_of(run, by=by)
    columns = [column.name for column in source.columns()]
    mapping_checks.check(mapping, columns, by=by, source=run.source)
    _check_count(run, _count_now(run, by), confirmed)
    with unit_of_work():
        run = session.get_one(Run, run_id, with_for_update=True)
        if not can_plan(run):
            raise TooLate({}, message=N_("This run has started already; its mapping is settled."))
        before = FieldMapping.from_json(run.mapping).version if run.mapping else 0
        plan = [part["name"] for part in run.artefacts]
        looked_at = [] if artefacts.lost(plan) else plan
        run.mapping = mapping.as_json() | {
            "version": before + 1,
            "decided_on": looked_at,
            "saved": dict(saved or {}),
        }
        run.source = staged_rows.forgotten(run.source)
        run.status, run.artefacts, run.plan_hash = Status.PLANNING.value, [], None
        run.cursor, run.counts, run.control, run.lease_until = 0, {}, {}, None
        run.fence, run.claims = run.fence + 1, 0
        run.code_version = max(run.code_version, CODE_VERSION)  # what is newer is for the newer
        later("runs.work", run_id=run_id)


def can_plan(run: Run) -> bool:
    """Whether the plan may still be made, or made anew: nothing has been written."""
    if run.status in (Status.DRAFT, Status.PLANNED):
        return True
    return run.status in (Status.PLANNING, Status.QUEUED) and engine.stranded(run)


def plan_again_later(run_id: int, *, by: User) -> None:
    """Have the plan made anew with the mapping and the number of rows that were settled.

    Raises:
        Invalid: the number of rows has changed.
        TooLate: the run has gone past planning.
    """
    run = get(run_id, by=by)
    mapping, saved = FieldMapping.from_json(run.mapping), run.mapping.get("saved")
    plan_later(run_id, mapping, confirmed=run.total, by=by, saved=saved)


def _count_now(run: Run, by: User) -> int | None:
    """Count the rows; if nothing was selected, those that are in view by now.

    A selection is pinned with its snapshot, so its rows are those that were chosen. Rows that have
    to be staged are those that were staged.
    """
    if stager(run.source) is not None:
        return run.total
    newest = {"snapshot": None} if run.source.get("everything") else {}
    return open_source({**run.source, **newest}, by=by).count()


def _check_count(run: Run, count: int | None, confirmed: int | None) -> None:
    if run.source.get("everything") and confirmed is None:
        raise Invalid(
            {
                "confirmed": Text(
                    N_(
                        "Nothing is selected: this works on all %(count)s rows. Confirm the number."
                    ),
                    {"count": count},
                )
            }
        )
    if count != run.total or confirmed not in (None, count):
        raise Invalid(
            {
                "confirmed": Text(
                    N_("The number of rows has changed to %(count)s. Start again from the grid."),
                    {"count": count},
                )
            }
        )


def run_later(run_id: int, *, plan_hash: str, key: str | None, by: User) -> None:
    """Have the plan that ``by`` has looked at carried out in the background.

    Raises:
        Conflict: the plan was made anew since she looked.
        AlreadyRunning: it has been started.
        Invalid: the number of rows has changed since the plan was made, or a field was retired.
    """
    run = get(run_id, by=by)
    _check_fields(run)
    _check_count(run, _count_now(run, by), run.total)
    with unit_of_work():
        once(key, {"run": run_id, "plan": plan_hash}, lambda: planning.queue(run_id, plan_hash))


def _check_fields(run: Run) -> None:
    specs = upsert_fields.every(upsert_fields.object_of(run.source))
    for name in FieldMapping.from_json(run.mapping).fields:
        if specs[name].retired:
            raise Invalid({"": Text(_RETIRED, {"field": Text(specs[name].label)})})
