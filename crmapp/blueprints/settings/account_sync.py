"""The Settings tab of the Advanced CRM Integration: whether and how accounts are synchronised."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.domain.field_rules import SYNCS, Side, Sync
from crmapp.errors import Conflict, CRMError, Invalid
from crmapp.i18n import N_
from crmapp.services import (
    account_sync,
    connections,
    field_maps,
    managed_lists,
    sync_change,
    sync_options,
    users,
)
from crmapp.services.integration_versions import RIGHT
from crmapp.services.sync_change import Difference
from crmapp.services.sync_options import EVERY, SyncOptions
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.texts import translated


@bp.get("/subscriptions/advanced-crm")
@requires(RIGHT)
def advanced() -> ResponseReturnValue:
    """Show the Settings tab: the connections, and what is synchronised from where to where."""
    return _tab(sync_options.options())


@bp.post("/subscriptions/advanced-crm/accounts")
@requires(RIGHT)
def save_account_sync() -> ResponseReturnValue:
    """Save what is chosen; what would write more than before is shown first, and asked about."""
    try:
        chosen = _typed()
    except Invalid as invalid:
        messages = [translated(text) for text in invalid.fields.values()]
        return _tab(sync_options.options(), messages=messages, status=invalid.status)
    return _save(chosen)


@bp.post("/subscriptions/advanced-crm/accounts/versions/<int:number>/restoration")
@requires(RIGHT)
def take_back_account_sync(number: int) -> ResponseReturnValue:
    """Put an earlier version in force again, or ask first as for any other change."""
    return _save(sync_change.earlier(number, by=current_user))


def _save(chosen: SyncOptions) -> ResponseReturnValue:
    found = sync_change.difference(chosen, by=current_user)
    if found.risky and request.form.get("confirmed") != sync_change.word(chosen):
        return _tab(chosen, difference=found)
    try:
        sync_options.save(chosen, seen=_seen(), by=current_user)
    except Conflict as conflict:
        messages = [translated(conflict.message), _("Your choice stands below, not saved yet.")]
        return _tab(chosen, messages=messages, status=conflict.status)
    flash(_("The settings are saved.") if found.sentences else _("Nothing was changed."), "success")
    if chosen.enabled:
        _read_fields()
    return see_other(url_for("settings.advanced"))


def _read_fields() -> None:
    """Read the fields of both systems if that was never done; the settings are saved by now."""
    if account_sync.missing() or field_maps.is_described():
        return
    try:
        field_maps.read_anew(by=current_user)
    except CRMError as error:
        why = translated(error.message)
        flash(_("The fields of both systems could not be read: %(why)s", why=why), "error")


def _seen() -> int:
    """Return the version that the form was made from; none that exists if it was tampered with."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _typed() -> SyncOptions:
    """Return what the form says.

    Raises:
        Invalid: it says what the page does not offer.
    """
    form = request.form
    direction, every = form.get("direction", ""), form.get("every", "")
    places = form.getlist("create")
    known = direction in list(Sync) and every in [str(each) for each in EVERY]
    if not known or not all(place in list(Side) for place in places):
        raise Invalid({"": N_("Choose one from the list.")})
    create = frozenset(Side(place) for place in places)
    return SyncOptions("enabled" in form, Sync(direction), create, int(every))


def _tab(
    chosen: SyncOptions,
    *,
    difference: Difference | None = None,
    messages: Sequence[str] = (),
    status: int = 200,
) -> ResponseReturnValue:
    lists = managed_lists.listed(by=current_user)
    return page(
        "settings/advanced.html",
        "settings/_account_options.html",
        status,
        connected=connections.connected(),
        chosen=chosen,
        difference=difference,
        confirmed=sync_change.word(chosen),
        messages=messages,
        version=sync_options.version(),
        sides=list(Side),
        directions=[(each, SYNCS[each]) for each in (Sync.BOTH, Sync.FROM, Sync.TO)],
        every=EVERY,
        steps=sync_change.history(by=current_user),
        scheduled=[each for each in lists if each.every],
        people=users.holders(RIGHT, by=current_user),
    )
