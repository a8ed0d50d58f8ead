"""How runs are named, and how their end is told."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import ngettext

from crmapp.domain.plan import Planned
from crmapp.domain.runs import Receipt, Status
from crmapp.i18n import N_
from crmapp.models import Run
from crmapp.web import reader
from crmapp.web.templating import number

PLANNED = {
    Planned.CREATE: N_("Creations"),
    Planned.UPDATE: N_("Updates"),
    Planned.DELETE: N_("Removals"),
    Planned.RESTORE: N_("Returns"),
    Planned.UNCHANGED: N_("Unchanged"),
}
"""What a receipt calls the rows that its plan held."""


def how_it_ended(run: Run, receipt: Receipt) -> tuple[str, str]:
    """Return the message that tells the end of a run, and its kind of toast."""
    if run.kind == "dataset_refresh":
        return _how_a_refresh_ended(run, receipt)
    if run.kind == "export":
        return _how_an_export_ended(run)
    done = receipt.outcomes
    left = done["rejected"] + done["skipped"] + done["failed"]
    if run.status == Status.FAILED:
        return _("Run %(id)s failed. What it has done is on its receipt.", id=run.id), "error"
    if run.status == Status.CANCELLED:
        return _("Run %(id)s was cancelled. What it has done can be undone.", id=run.id), "info"
    if run.kind == "undo":
        return _how_an_undo_ended(run, done["updated"], left)
    if left:
        return _how_many_were_left_out(run, left), "warning"
    if run.kind == "bulk":
        return _how_many_were_changed(run, done["updated"]), "success"
    text = _(
        "Run %(id)s is done: %(created)s created, %(updated)s updated.",
        id=run.id,
        created=number(done["created"]),
        updated=number(done["updated"]),
    )
    return text, "success"


def _how_many_were_left_out(run: Run, left: int) -> str:
    return ngettext(
        "Run %(id)s is done, but %(count)s row was left out. The receipt says why.",
        "Run %(id)s is done, but %(count)s rows were left out. The receipt says why.",
        left,
        id=run.id,
        count=number(left),
    )


def _how_many_were_changed(run: Run, changed: int) -> str:
    return ngettext(
        "Run %(id)s is done: %(count)s account changed.",
        "Run %(id)s is done: %(count)s accounts changed.",
        changed,
        id=run.id,
        count=number(changed),
    )


def _how_a_refresh_ended(run: Run, receipt: Receipt) -> tuple[str, str]:
    what = {"title": run.title_in(reader.locale())}
    if run.status == Status.FAILED:
        text = _("%(title)s could not be refreshed. The figures stay as they were.", **what)
        return text, "error"
    if run.status == Status.CANCELLED:
        return _("The refresh of %(title)s was cancelled.", **what), "info"
    done, left = receipt.outcomes["loaded"], receipt.outcomes["rejected"]
    loaded = ngettext("%(count)s row loaded", "%(count)s rows loaded", done, count=number(done))
    if left:
        rejected = ngettext("%(count)s rejected", "%(count)s rejected", left, count=number(left))
        text = _("%(title)s: %(loaded)s, %(rejected)s.", **what, loaded=loaded, rejected=rejected)
        return text, "warning"
    return _("%(title)s is refreshed: %(loaded)s.", **what, loaded=loaded), "success"


def _how_an_export_ended(run: Run) -> tuple[str, str]:
    title = run.title_in(reader.locale())
    if run.status == Status.FAILED:
        return _("The file of %(title)s could not be made.", title=title), "error"
    if run.status == Status.CANCELLED:
        return _("The export of %(title)s was cancelled.", title=title), "info"
    return _("The file of %(title)s is ready.", title=title), "success"


def _how_an_undo_ended(run: Run, taken_back: int, kept: int) -> tuple[str, str]:
    if not taken_back:
        text = _("Nothing of run %(id)s was taken back. The receipt says why.", id=run.undoes_id)
        return text, "warning"
    if not kept:
        return _("Run %(id)s is undone.", id=run.undoes_id), "success"
    text = ngettext(
        "Run %(id)s is undone, but %(count)s change was kept. The receipt says why.",
        "Run %(id)s is undone, but %(count)s changes were kept. The receipt says why.",
        kept,
        id=run.undoes_id,
        count=number(kept),
    )
    return text, "warning"
