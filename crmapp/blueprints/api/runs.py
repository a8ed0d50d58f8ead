"""Runs: listed, read with their receipts, undone; and those over rows of a grid, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from crmapp.blueprints.api import records, schemas
from crmapp.blueprints.api.door import Operation, operation
from crmapp.domain.fields import freeze
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.permissions import Right
from crmapp.domain.runs import KIND_LABELS, Status
from crmapp.domain.scopes import Scope
from crmapp.errors import Invalid
from crmapp.i18n import N_
from crmapp.models import Run
from crmapp.services import grids, receipts, run_list, runs, saved_mappings, undo, upserts
from crmapp.services.run_list import Asked
from crmapp.web import reader
from crmapp.web.access import person, requires
from crmapp.web.texts import translated

PAGE = 50
_FILTERS: dict[str, Mapping[str, Any]] = {
    "status": {"enum": [status.value for status in Status]},
    "kind": {"enum": sorted(KIND_LABELS)},
    "cursor": records.CURSOR,
}
_OF_ANOTHER = N_("This mapping is of another source. Choose one of the run’s own.")


@operation(
    Operation("GET", "/runs", Scope.RUNS_READ, N_("List runs"), answers="Runs", arguments=_FILTERS)
)
@requires(Right.ACCOUNT_VIEW)
def list_runs() -> ResponseReturnValue:
    """List the runs that she may see, the newest first, a page at a time."""
    args = records.arguments(*_FILTERS)
    for name in ("status", "kind"):
        if name in args and args[name] not in _FILTERS[name]["enum"]:
            raise records.wrong(name)
    asked = Asked(status=args.get("status", ""), kind=args.get("kind", ""))
    before = records.place(args.get("cursor"))
    found = run_list.recent(asked, by=person(), before=before, limit=PAGE + 1)
    following = str(found[PAGE - 1].id) if len(found) > PAGE else None
    return records.many([_shown(run) for run in found[:PAGE]], following)


@operation(
    Operation("GET", "/runs/<int:run_id>", Scope.RUNS_READ, N_("Read a run"), answers="Run")
)  # fmt: skip
@requires(Right.ACCOUNT_VIEW)
def read_run(run_id: int) -> ResponseReturnValue:
    """Send how a run stands."""
    records.arguments()
    return _shown(runs.get(run_id, by=person()))


@operation(
    Operation("GET", "/runs/<int:run_id>/receipt", Scope.RUNS_READ, N_("Read the receipt of a run"),
              answers="Receipt")
)  # fmt: skip
@requires(Right.ACCOUNT_VIEW)
def read_receipt(run_id: int) -> ResponseReturnValue:
    """Send what a run did so far, row by row accounted for."""
    records.arguments()
    receipt = runs.receipt_of(runs.get(run_id, by=person()))
    return {
        "rows": receipt.rows,
        "counted": receipt.counted,
        "balances": receipt.balances,
        "outcomes": dict(receipt.outcomes),
        "control": {
            name: {part: str(number) for part, number in total.items()}
            for name, total in receipt.control.items()
        },
    }


@operation(
    Operation("GET", "/runs/<int:run_id>/left-out", Scope.RUNS_READ,
              N_("List the rows that a run left out"), answers="LeftOut",
              arguments={"cursor": records.CURSOR})
)  # fmt: skip
@requires(Right.ACCOUNT_VIEW)
def list_left_out(run_id: int) -> ResponseReturnValue:
    """List the rows that were rejected, skipped or kept, with the reasons, a page at a time."""
    after = records.place(records.arguments("cursor").get("cursor")) or 0
    found = receipts.left_out(runs.get(run_id, by=person()), by=person(), after=after)
    shown = [
        {
            "row": row.row_no,
            "key": row.key,
            "name": row.name,
            "outcome": row.outcome,
            "reason": translated(row.reason),
            "account": row.account,
        }
        for row in found
    ]
    return records.many(shown, str(found[-1].row_no) if found else None)


@operation(
    Operation("POST", "/runs", Scope.RUNS_WRITE, N_("Draft a run over rows of a grid"),
              sends="NewRun", answers="Run", status=201)
)  # fmt: skip
@requires(Right.GRID_ADD_UPDATE_ACCOUNTS)
def draft_run() -> ResponseReturnValue:
    """Freeze the rows that the question matches; nothing is planned yet."""
    sent = schemas.checked(records.body(), "NewRun")
    asked = grids.ask(sent["dataset"], sent["dimension"], sent.get("arguments", {}), by=person())
    source = grids.source(asked, by=person())
    title, why = source["titles"][reader.locale()], sent.get("why", "")
    run_id = upserts.start(source, title=title, by=person(), key=records.key("run"), why=why)
    return _made(run_id)


@operation(
    Operation("POST", "/runs/<int:run_id>/plan", Scope.RUNS_WRITE,
              N_("Plan a run with a saved mapping"), sends="Planning", answers="Run", status=202,
              keyed=False)
)  # fmt: skip
@requires(Right.GRID_ADD_UPDATE_ACCOUNTS)
def plan_run(run_id: int) -> ResponseReturnValue:
    """Have the plan made in the background; the run says when it is planned."""
    sent = schemas.checked(records.body(), "Planning")
    run = upserts.get(run_id, by=person())
    chosen = saved_mappings.version(sent["mapping"], sent.get("version"), by=person())
    if saved_mappings.get(chosen.mapping_id, by=person()).source_key != run.lock_key:
        raise Invalid({"mapping": _OF_ANOTHER})
    mapping = FieldMapping.from_json(chosen.content)
    noted = saved_mappings.recorded(chosen, mapping)
    upserts.plan_later(run_id, mapping, confirmed=sent.get("confirmed"), by=person(), saved=noted)
    return _shown(runs.get(run_id, by=person())), 202


@operation(
    Operation("POST", "/runs/<int:run_id>/start", Scope.RUNS_WRITE,
              N_("Carry out the plan of a run"), sends="Start", answers="Run", status=202)
)  # fmt: skip
@requires(Right.GRID_ADD_UPDATE_ACCOUNTS)
def start_run(run_id: int) -> ResponseReturnValue:
    """Carry out the plan that has this hash; one that was made anew since is refused."""
    sent = schemas.checked(records.body(), "Start")
    upserts.run_later(run_id, plan_hash=sent["plan_hash"], key=records.key("start"), by=person())
    return _shown(runs.get(run_id, by=person())), 202


@operation(
    Operation("POST", "/runs/<int:run_id>/undo", Scope.RUNS_WRITE, N_("Undo a run"), answers="Run",
              status=201)
)  # fmt: skip
@requires(Right.ACCOUNT_VIEW)
def undo_run(run_id: int) -> ResponseReturnValue:
    """Take a run back by a run of its own; what people changed since is kept."""
    return _made(undo.undo_later(run_id, by=person(), key=records.key("undo")))


def _made(run_id: int) -> ResponseReturnValue:
    there = url_for("api.read_run", run_id=run_id)
    return _shown(runs.get(run_id, by=person())), 201, {"Location": there}


def _shown(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "kind": run.kind,
        "status": run.status,
        "title": run.title_in(reader.locale()),
        "total": run.total,
        "planned": run.counts,
        "done": run.done,
        "plan_hash": run.plan_hash,
        "why": run.why,
        "undoes": run.undoes_id,
        "undone_by": run.undone_by_id,
        "started_by": run.by.name if run.by else None,
        "created_at": freeze(run.created_at),
        "started_at": freeze(run.started_at),
        "finished_at": freeze(run.finished_at),
    }
