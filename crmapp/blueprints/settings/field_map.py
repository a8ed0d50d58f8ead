"""The editor of the field map: its rows, their form, its versions, and a trial on one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.blueprints.settings.field_map_rows import (
    ASPECTS,
    RowForm,
    form_of,
    lists,
    made_of,
    missing_systems,
    rows,
    said,
    seen_version,
    settled,
)
from crmapp.connectors.errors import ConnectorError
from crmapp.domain.field_checks import cautions
from crmapp.domain.field_pairs import direction, suggest
from crmapp.domain.field_rules import BLANKS, SYNCS, FieldRule, Side, Sync
from crmapp.domain.field_sync import ACTS
from crmapp.errors import Conflict, Invalid, NotConnected, SecretsLost
from crmapp.services import crm_integration, field_maps, field_trial
from crmapp.services.field_trial import Trial
from crmapp.services.integration_versions import RIGHT
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.texts import translated

HOME = "settings.field_map"
AWAY = (ConnectorError, NotConnected, SecretsLost)
"""What is said on the page: a system cannot be asked now, and all else works."""


@bp.get("/subscriptions/crm/fields")
@requires(RIGHT)
def field_map() -> ResponseReturnValue:
    """Show the map as the reader prepares it, and what she changed."""
    return _map()


@bp.get("/subscriptions/crm/fields/new")
@requires(RIGHT)
def new_field_row() -> ResponseReturnValue:
    """Show the form of a new row, maybe with two fields that were suggested."""
    shapes = field_maps.shapes()
    one = shapes.intacct.get(request.args.get("intacct", ""))
    other = shapes.salesforce.get(request.args.get("salesforce", ""))
    sync = direction(one, other) if one and other else None
    rule = FieldRule(one.name if one else "", other.name if other else "", sync or Sync.FROM)
    return _form(settled(rule, shapes), None, filled=True)


@bp.post("/subscriptions/crm/fields")
@requires(RIGHT)
def create_field_row() -> ResponseReturnValue:
    """Prepare a new row, or show what is wrong with it."""
    return _put(None)


@bp.get("/subscriptions/crm/fields/<key>/edit")
@requires(RIGHT)
def edit_field_row(key: str) -> ResponseReturnValue:
    """Show the form of a row."""
    rule = field_maps.row(key, by=current_user)
    return _form(rule, rule, filled=True)


@bp.post("/subscriptions/crm/fields/<key>")
@requires(RIGHT)
def update_field_row(key: str) -> ResponseReturnValue:
    """Prepare a row otherwise, or show what is wrong with it."""
    return _put(field_maps.row(key, by=current_user))


@bp.post("/subscriptions/crm/fields/<key>/removal")
@requires(RIGHT)
def remove_field_row(key: str) -> ResponseReturnValue:
    """Prepare the map without a row."""
    try:
        field_maps.take_away(key, by=current_user)
    except Invalid as invalid:
        flash(_sentence(invalid), "error")
    return see_other(url_for(HOME))


@bp.post("/subscriptions/crm/fields/draft/deletion")
@requires(RIGHT)
def discard_field_map() -> ResponseReturnValue:
    """Forget what the reader prepared."""
    field_maps.discard(by=current_user)
    flash(_("Your changes are discarded. The map is as it is in force."), "success")
    return see_other(url_for(HOME))


@bp.post("/subscriptions/crm/fields/versions")
@requires(RIGHT)
def save_field_map() -> ResponseReturnValue:
    """Put what the reader prepared in force."""
    try:
        number = field_maps.save(seen=seen_version(), by=current_user)
    except Invalid as invalid:
        return _map([_sentence(invalid)], invalid.status)
    except Conflict as conflict:
        return _map([_quicker(), translated(conflict.message)], conflict.status)
    flash(_("Version %(number)s of the field map is in force.", number=number), "success")
    return see_other(url_for(HOME))


@bp.post("/subscriptions/crm/fields/versions/<int:number>/restoration")
@requires(RIGHT)
def take_back_field_map(number: int) -> ResponseReturnValue:
    """Put the rows of an earlier version in force again."""
    try:
        field_maps.take_back(number, seen=seen_version(), by=current_user)
    except Invalid as invalid:
        return _map([_sentence(invalid)], invalid.status)
    except Conflict as conflict:
        return _map([translated(conflict.message)], conflict.status)
    flash(_("Version %(number)s is in force again.", number=number), "success")
    return see_other(url_for(HOME))


@bp.post("/subscriptions/crm/fields/descriptions")
@requires(RIGHT)
def read_fields_anew() -> ResponseReturnValue:
    """Read the fields of both systems again."""
    first = not field_maps.is_described()
    try:
        found = field_maps.read_anew(by=current_user)
    except AWAY as error:
        return _map([translated(error.message)])
    if any(found.values()):
        flash(_("The fields are read anew, and some are otherwise than before."), "success")
        return _map(differences={Side(system): each for system, each in found.items() if each})
    same = _("The fields are read anew; they are the same as before.")
    flash(_("The fields of both systems are read.") if first else same, "success")
    return see_other(url_for(HOME))


@bp.get("/subscriptions/crm/fields/trial")
@requires(RIGHT)
def try_field_map() -> ResponseReturnValue:
    """Show what the prepared map would do with one record; nothing is written."""
    typed = request.args.get("account", "")
    if not typed.strip():
        return _trial(typed)
    try:
        return _trial(typed, field_trial.of(typed, by=current_user))
    except Invalid as invalid:
        return _trial(typed, messages=[_sentence(invalid)], status=invalid.status)
    except AWAY as error:
        return _trial(typed, messages=[translated(error.message)])


def _sentence(invalid: Invalid) -> str:
    return " ".join(translated(text) for text in invalid.fields.values())


def _quicker() -> str:
    return _("Below is what you would change of the version that is in force now.")


def _put(before: FieldRule | None) -> ResponseReturnValue:
    shapes = field_maps.shapes()
    form = RowForm()
    rule = settled(made_of(form, before), shapes) if not before or not before.lock else (
        made_of(form, before)
    )  # fmt: skip
    if "look" in request.form:
        return _form(rule, before, filled=False)
    if not form.validate_on_submit():
        return _form(rule, before, filled=False, status=422)
    try:
        field_maps.put_row(rule, instead_of=before.key if before else "", by=current_user)
    except Invalid as invalid:
        return _form(rule, before, filled=False, invalid=invalid, status=invalid.status)
    return see_other(url_for(HOME))


def _form(
    rule: FieldRule,
    before: FieldRule | None,
    *,
    filled: bool,
    invalid: Invalid | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    shapes = field_maps.shapes()
    form = form_of(rule, shapes, filled=filled)
    if status == 422 and invalid is None:
        form.validate_on_submit()
    if invalid is not None:
        form.refuse(invalid)
    context: dict[str, Any] = {
        "form": form,
        "rule": rule,
        "before": before,
        "lists": lists(rule, shapes) if not rule.lock else [],
        "said": invalid.fields.get("words") if invalid else None,
        "cautions": cautions(rule, shapes),
        "looks_up": bool(rule.lookup) or len(form.lookup.choices) > 1,
    }
    return page("settings/field_row.html", "settings/_field_row.html", status, **context)


def _map(
    messages: Sequence[str] = (),
    status: int = 200,
    differences: Mapping[Side, Any] | None = None,
) -> ResponseReturnValue:
    editing, shapes = field_maps.editing(by=current_user), field_maps.shapes()
    context: dict[str, Any] = {
        "messages": messages,
        "differences": differences or {},
        "enabled": crm_integration.maps_fields(),
        "missing": missing_systems(),
        "described": field_maps.is_described(),
        "changes": editing.changes,
        "base": editing.base,
        "clashes": editing.clashes,
        "rows": rows(editing.rules, shapes, editing.changes),
        "version": field_maps.version(),
        "suggestions": suggest(editing.rules, shapes),
        "history": field_maps.history(by=current_user),
        "syncs": SYNCS,
        "blanks": BLANKS,
        "aspects": ASPECTS,
        "say": said,
    }
    return page("settings/field_map.html", None, status, **context)


def _trial(
    typed: str, trial: Trial | None = None, *, messages: Sequence[str] = (), status: int = 200
) -> ResponseReturnValue:
    context = {"typed": typed, "trial": trial, "messages": messages, "acts": ACTS}
    shapes = field_maps.shapes()
    return page(
        "settings/field_trial.html",
        "settings/_field_trial.html",
        status,
        shapes=shapes,
        has_changes=bool(field_maps.editing(by=current_user).changes),
        **context,
    )
