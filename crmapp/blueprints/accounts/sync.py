"""How it stands with an account in other systems, and synchronising it now."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.accounts import bp
from crmapp.blueprints.accounts.addresses import tail
from crmapp.domain.field_copies import Party
from crmapp.domain.permissions import Right
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.services import (
    account_sync,
    account_sync_conflicts,
    account_sync_health,
    accounts,
    runs,
)
from crmapp.web.access import person, requires
from crmapp.web.htmx import page, see_other, wants_fragment
from crmapp.web.run_pages import polling_pace
from crmapp.web.texts import translated


@bp.get("/<int:account_id>/sync", endpoint="sync")
@requires(Right.ACCOUNT_VIEW)
def show(account_id: int) -> ResponseReturnValue:
    """Answer a page that looks again while the account waits."""
    account = accounts.get(account_id, by=person())
    standing = account_sync_health.standing(account_id)
    if standing is None or not wants_fragment():
        return see_other(url_for("accounts.show", account_id=account_id) + tail())
    return page(
        "accounts/_sync.html",
        account=account,
        sync=standing,
        pace=polling_pace(),
        editable=accounts.editable(account, by=person()),
    )


@bp.post("/<int:account_id>/sync")
@requires(Right.ACCOUNT_VIEW)
def synchronize(account_id: int) -> ResponseReturnValue:
    """Synchronise the account now, or say why that is not possible."""
    account = accounts.get(account_id, by=person())
    return _begun(account_id, lambda: account_sync.synchronize(account, by=person()))


@bp.post("/<int:account_id>/sync/copies")
@requires(Right.ACCOUNT_VIEW)
def keep_copy(account_id: int) -> ResponseReturnValue:
    """Keep what one side has in a field, or say why that is not possible."""
    account, form = accounts.get(account_id, by=person()), request.form
    if form.get("party") not in list(Party):
        raise NotFound
    party, key, seen = Party(form["party"]), form.get("key", ""), form.get("seen", "")
    return _begun(
        account_id, lambda: account_sync_conflicts.keep(account, key, party, seen=seen, by=person())
    )


def _begun(account_id: int, begin: Callable[[], int]) -> ResponseReturnValue:
    """Have a run begun, or say why that is not possible."""
    try:
        run_id = begin()
    except Invalid as invalid:
        flash(" ".join(translated(text) for text in invalid.fields.values()), "error")
    except Conflict as conflict:
        flash(translated(conflict.message), "error")
    else:
        _say_that_it_has_begun(account_id, run_id)
    return see_other(url_for("accounts.show", account_id=account_id) + tail())


def _say_that_it_has_begun(account_id: int, run_id: int) -> None:
    """Lead to the run if she may see it: it may be one that she did not begin."""
    text, kind = _("The synchronization has begun."), "success"
    if account_sync.is_planned(run_id):
        text = _("Another run waits until somebody has looked at it; the account follows then.")
        kind = "info"
    try:
        runs.get(run_id, by=person())
    except NotFound:
        flash(text, kind)
        return
    href = url_for("accounts.sync_run", account_id=account_id, run_id=run_id)
    told = {"text": text, "href": href, "link": _("Look at it")}
    flash(told, kind)  # type: ignore[arg-type]  # a toast may have a link


@bp.get("/<int:account_id>/sync/runs/<int:run_id>")
@requires(Right.ACCOUNT_VIEW)
def sync_run(account_id: int, run_id: int) -> ResponseReturnValue:
    """Lead to the run; one that found nothing to write is not kept."""
    try:
        runs.get(run_id, by=person())
    except NotFound:
        accounts.get(account_id, by=person())
        flash(_("Nothing had to be written: it was the same everywhere, or waits for you."), "info")
        return see_other(url_for("accounts.show", account_id=account_id) + tail())
    return see_other(url_for("runs.show", run_id=run_id))
