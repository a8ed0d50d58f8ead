"""Subscriptions: what the Advanced CRM Integration shows and does, for admins and implementers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.blueprints.settings.sync_tools import sync_tools
from crmapp.connectors.port import RemoteField
from crmapp.domain.search import fold
from crmapp.errors import Conflict, CRMError, Invalid
from crmapp.services import connections, integrations, remote_fields
from crmapp.services.integration_versions import RIGHT
from crmapp.services.integrations import Options
from crmapp.services.remote_fields import Difference
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.texts import translated

BOTH = frozenset({"salesforce", "intacct"})


@dataclass(frozen=True)
class Choice:
    """The state of the form: which fields are chosen, in their order, and what else there is.

    ``gone`` are chosen fields that Salesforce does not have any more.
    """

    options: Options
    chosen: tuple[tuple[str, RemoteField | None], ...]
    others: tuple[RemoteField, ...]
    saved: bool


@bp.get("/subscriptions")
@requires(RIGHT)
def subscriptions() -> ResponseReturnValue:
    """List the subscriptions."""
    return page("settings/subscriptions.html", connected=connections.connected())


@bp.get("/subscriptions/advanced-crm/other")
@requires(RIGHT)
def advanced_other() -> ResponseReturnValue:
    """Show the Other tab: the details of accounts, and the tools of synchronising."""
    return _other(integrations.options(), integrations.version())


@bp.post("/subscriptions/advanced-crm/other")
@requires(RIGHT)
def update_fields() -> ResponseReturnValue:
    """Apply the choice and read the fields anew; a button may move or take one away before that."""
    typed = _typed()
    seen = _seen()
    arranged = _arranged(typed)
    if arranged != typed or not {"find", "up", "down", "remove"}.isdisjoint(request.form):
        return _other(arranged, seen, saved=False)
    try:
        integrations.save(typed, seen=seen, by=current_user)
    except Invalid as invalid:
        messages = [translated(text) for text in invalid.fields.values()]
        return _other(typed, seen, messages=messages, status=invalid.status, saved=False)
    except Conflict as conflict:
        messages = [translated(conflict.message), _("Your choice stands below, not saved yet.")]
        newest = integrations.version()
        return _other(typed, newest, messages=messages, status=conflict.status, saved=False)
    return _read_anew()


def _read_anew() -> ResponseReturnValue:
    """Read the description anew; the choice is saved by now, whatever comes of this."""
    try:
        found = remote_fields.read_anew()
    except CRMError as error:
        flash(
            _("The choice is saved. The fields could not be read anew: %(why)s",
              why=translated(error.message)),
            "error",
        )  # fmt: skip
        return see_other(url_for("settings.advanced_other"))
    if not found:
        flash(_("The choice is saved; Salesforce has the same fields as before."), "success")
        return see_other(url_for("settings.advanced_other"))
    flash(_("The choice is saved; Salesforce has other fields than before."), "success")
    return _other(integrations.options(), integrations.version(), difference=found)


@bp.post("/subscriptions/advanced-crm/versions/<int:number>/restoration")
@requires(RIGHT)
def take_back_options(number: int) -> ResponseReturnValue:
    """Put an earlier version in force again."""
    try:
        integrations.take_back(number, seen=_seen(), by=current_user)
    except Conflict as conflict:
        flash(translated(conflict.message), "error")
    else:
        flash(_("Version %(number)s is in force again.", number=number), "success")
    return see_other(url_for("settings.advanced_other"))


def _seen() -> int:
    """Return the version that the form was made from; none that exists if it was tampered with."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _typed() -> Options:
    """Return what the form says: the fields in their order, those ticked among the others last."""
    names = [*request.form.getlist("field"), *request.form.getlist("add")]
    described = remote_fields.known()
    known = [each.name for each in described.fields] if described else []
    in_force = integrations.options().detail_fields
    return Options("show" in request.form, integrations.chosen_names(names, [*known, *in_force]))


def _arranged(typed: Options) -> Options:
    """Return the choice after the button that was pressed: one up, down or away."""
    names = list(typed.detail_fields)
    for button, step in (("up", -1), ("down", 1), ("remove", 0)):
        name = request.form.get(button, "")
        if name in names:
            place = names.index(name)
            names.remove(name)
            if step:
                names.insert(max(0, place + step), name)
    return Options(typed.show_details, tuple(names))


def _choice(options: Options, saved: bool) -> Choice:
    described = remote_fields.known()
    fields: Mapping[str, RemoteField] = (
        {each.name: each for each in described.fields} if described else {}
    )
    chosen = tuple((name, fields.get(name)) for name in options.detail_fields)
    others = [each for name, each in fields.items() if name not in options.detail_fields]
    words = fold(request.form.get("q", ""))
    others = [each for each in others if words in fold(f"{each.label} {each.name} {each.type}")]
    others.sort(key=lambda each: (each.label.casefold(), each.name))
    return Choice(options, chosen, tuple(others), saved)


def _other(
    options: Options,
    version: int,
    *,
    messages: Sequence[str] = (),
    difference: Difference | None = None,
    status: int = 200,
    saved: bool = True,
) -> ResponseReturnValue:
    connected = connections.connected()
    context: dict[str, Any] = {
        "choice": _choice(options, saved),
        "version": version,
        "messages": messages,
        "difference": difference,
        "unconnected": BOTH - connected,
        "versions": integrations.history(by=current_user),
        **sync_tools("settings.advanced_other"),
    }
    return page("settings/advanced_other.html", "settings/_details_choice.html", status, **context)
