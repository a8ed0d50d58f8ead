"""One run as it works and when it has ended, and the file of its failed rows."""

import secrets
from typing import Any

from flask import Response, flash, request, send_file, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.runs import bp
from crmapp.blueprints.runs.words import PLANNED, how_it_ended
from crmapp.domain.list_values import TALLIES
from crmapp.domain.permissions import Right
from crmapp.domain.plan import Planned
from crmapp.domain.runs import ACTIVE, ENDED, KIND_LABELS, Receipt
from crmapp.errors import NotFound
from crmapp.models import Run
from crmapp.services import (
    bulk_edits,
    engine,
    exports,
    failed_files,
    feed_runs,
    feed_states,
    receipts,
    retention,
    retries,
    run_files,
    run_list,
    runs,
    undo,
    upserts,
)
from crmapp.web import reader
from crmapp.web.access import current_user
from crmapp.web.htmx import page, see_other, wants_fragment
from crmapp.web.paging import Pager
from crmapp.web.run_pages import address_of, mapping_page, polling_pace, rows_shown
from crmapp.web.run_trends import trend
from crmapp.web.sheets import TYPES, csv_response
from crmapp.web.taking import taken
from crmapp.web.texts import translated
from crmapp.web.whole_numbers import whole_number

_WRITES = ("upsert", feed_states.KIND, bulk_edits.KIND)
"""Kinds of runs that are about accounts alone."""


@bp.get("/<int:run_id>")
def show(run_id: int) -> ResponseReturnValue:
    """Show a run: how far it is, or its receipt."""
    run = runs.get(run_id, by=current_user)
    return page("runs/show.html", **_shown(run))


@bp.get("/<int:run_id>/progress")
def progress(run_id: int) -> ResponseReturnValue:
    """Answer a page that looks again while the run works; say so once when it has ended."""
    if not wants_fragment():
        return see_other(url_for("runs.show", run_id=run_id))
    try:
        run = runs.get(run_id, by=current_user)
    except NotFound:
        if not _asked("looked"):
            raise
        # The page has shown it: one that finds nothing to do is not kept.
        flash(_("The run found nothing to do, and is not kept."), "info")
        return see_other(url_for("runs.index"))
    if run.status in ENDED:
        flash(*how_it_ended(run, runs.receipt_of(run)))
    return page("runs/show.html", "runs/_run.html", **_shown(run))


@bp.get("/<int:run_id>/failed-rows.<any(csv, xlsx):kind>")
def failed_rows(run_id: int, kind: str) -> ResponseReturnValue:
    """Send the rows that were left out, as they came, each with the reason."""
    run = runs.get(run_id, by=current_user)
    if kind != failed_files.kind_of(run):
        raise NotFound
    if failed_files.is_of_file(run):
        return _as_it_was_sent(run, kind)
    failed = receipts.failed_rows(run, by=current_user, locale=reader.locale())
    names = [name for name, _label in failed.columns]
    of = [_("Source")] if failed.several else []
    header = [*of, *(label for _name, label in failed.columns), _("Reason")]
    rows = (
        [*([row.of] if of else []), *map(row.source.get, names), translated(row.reason)]
        for row in failed.rows
    )
    return csv_response(f"run-{run_id}-failed-rows.csv", header, rows)


def _as_it_was_sent(run: Run, kind: str) -> Response:
    """Send the failed rows of a file in the form of that file."""
    asked: dict[str, Any] = {"reason": _("Reason"), "say": translated, "by": current_user}
    name = f"run-{run.id}-failed-rows.{kind}"
    if kind == "xlsx":
        book = failed_files.workbook(run, **asked)
        answer = send_file(book, TYPES[kind], as_attachment=True, download_name=name)
        return taken(answer, "run", about_id=run.id, file=name)
    encoding, pieces = failed_files.text_file(run, **asked)
    content_type = f"text/csv; charset={encoding}"
    answer = Response(stream_with_context(pieces), content_type=content_type)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return taken(answer, "run", about_id=run.id, file=name)


@bp.get("/<int:run_id>/file")
def file(run_id: int) -> ResponseReturnValue:
    """Send the file that an export made, to whoever had it made."""
    found = exports.file_of(runs.get(run_id, by=current_user), by=current_user)
    kind = TYPES[found.kind]
    answer = send_file(found.path, kind, as_attachment=True, download_name=found.name)
    return taken(answer, "run", about_id=run_id, file=found.name)


@bp.get("/<int:run_id>/plans/<int:number>")
def plan_file(run_id: int, number: int) -> ResponseReturnValue:
    """Send a file of the run's plan as it lies on the server."""
    path = run_files.plan_file(run_id, number, by=current_user)
    answer = send_file(path, as_attachment=True, download_name=f"run-{run_id}-{path.name}")
    return taken(answer, "run", about_id=run_id, file=path.name)


@bp.get("/last-file")
def last_file() -> ResponseReturnValue:
    """Lead to the last export that the reader asked for, whichever grid it is of."""
    run = exports.newest(by=current_user)
    if run is None:
        flash(_("You have not had a file made yet."), "info")
        return see_other(url_for("grid.index"))
    return see_other(url_for("runs.show", run_id=run.id))


def _shown(run: Run) -> dict[str, Any]:
    receipt = runs.receipt_of(run)
    first = _opens_with(run, receipt)
    rows = rows_shown(run, "runs.show", first)
    lost = "lost" in rows
    return {
        "run": run,
        "kinds": KIND_LABELS,
        "planned": PLANNED,
        "receipt": receipt,
        "opens_with": first,
        **_left_out(run, lost),
        **_feed(run, lost),
        "wrote": _wrote(run, receipt),
        "active": run.status in ACTIVE,
        "ended": run.status in ENDED,
        "tallies": TALLIES,
        "pace": polling_pace(),
        **_trouble(run, lost),
        "undoable": undo.can_undo(run, by=current_user),
        **rows,
    }


def _left_out(run: Run, lost: bool) -> dict[str, Any]:
    """Return a page of the rows that were not carried out; none if their file is ``lost``."""
    after, asked = whole_number(request.args.get("after")) or 0, (_asked("reason"), _asked("about"))
    found = [] if lost else receipts.left_out(run, by=current_user, after=after, cause=asked)
    kept: dict[str, Any] = {"run_id": run.id, "reason": asked[0] or None, "about": asked[1] or None}
    first = url_for("runs.show", **kept) if after else None
    more = len(found) == receipts.PAGE
    last = url_for("runs.show", **kept, after=found[-1].row_no) if more else None
    return {"left_out": found, "left_out_pager": Pager(first=first, previous=first, next=last)}


def _feed(run: Run, lost: bool) -> dict[str, Any]:
    """Return what is shown of a run of a CRM mapping alone."""
    if run.kind != feed_states.KIND or lost or run.status not in ENDED:
        return {"parts": [], "causes": [], "matches": None}
    matches = address_of("settings.matches") if run.counts.get(Planned.AMBIGUOUS) else None
    return {
        "parts": feed_runs.parts(run),
        "causes": receipts.causes(run),
        "matches": matches,
    }


def _trouble(run: Run, lost: bool) -> dict[str, Any]:
    """Return what keeps the run from going on, what it left out or behind, what could be done."""
    return {
        "file": exports.left_by(run),
        "failed_as": failed_files.kind_of(run),
        "files": run_files.of(run) if run.status in ENDED else [],
        "kept_days": retention.days_of(run.kind),
        "schedule": _schedule(run),
        "trend": trend(run_list.pasts([run]).get((run.kind, run.lock_key), [])),
        "cancellable": runs.may_cancel(run, by=current_user),
        "retryable": 0 if lost else retries.count(run),
        "retries": retries.of(run),
        "key": secrets.token_urlsafe(16),
        "stranded": engine.stranded(run),
        "replannable": run.kind == "upsert" and upserts.can_plan(run) and bool(run.mapping),
        "filed": receipts.FILED,
        "tries": (run.claims - 1, engine.CLAIMS),
    }


def _wrote(run: Run, receipt: Receipt) -> bool:
    """Whether there are accounts to show that the run has created or updated."""
    done = receipt.outcomes
    return run.kind in _WRITES and bool(done["created"] or done["updated"])


def _schedule(run: Run) -> str | None:
    """Return the page on which it is set when such runs begin by themselves, if she may set it."""
    if run.kind == "dataset_refresh" and current_user.can(Right.DATASET_MANAGE):
        return url_for("databases.show", dataset_id=run.source["id"])
    if current_user.can(Right.INTEGRATION_MANAGE):
        if run.kind == "managed_list":
            return url_for("settings.managed_lists", list=run.source["list"])
        if run.kind == "account_sync":
            return url_for("settings.advanced")
        if run.kind == feed_states.KIND:
            return mapping_page(run)
    return None


def _opens_with(run: Run, receipt: Receipt) -> Planned | None:
    """Return the rows to look at first where nothing was left out; else those are."""
    if run.kind not in _WRITES or run.status not in ENDED or not receipt.clean:
        return None
    if not receipt.outcomes["created"] + receipt.outcomes["updated"]:
        return None
    done = (Planned.CREATE, Planned.UPDATE, Planned.DELETE, Planned.RESTORE)
    return next((action for action in done if run.counts.get(action)), None)


def _asked(name: str) -> str:
    return request.args.get(name, "")
