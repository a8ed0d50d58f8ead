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
from crmapp.web.htmx import page, see_other, wants_fragment
from crmapp.web.ladder import LONGEST_ADDRESS, MOVERS, moved, mover, placed
from crmapp.web.templating import dom_id
from crmapp.web.texts import translated

BOTH = frozenset({"salesforce", "intacct"})
BUTTONS = frozenset({"find", "remove", *MOVERS})


@dataclass(frozen=True)
class Choice:
    """The state of the form: which fields are chosen, in their order, and what else there is.

    ``gone`` are chosen fields that Salesforce does not have any more.
    """

    options: Options
    chosen: tuple[tuple[str, RemoteField | None], ...]
    others: tuple[RemoteField, ...]
    saved: bool
    place: tuple[str, int] | None
    """Which field was moved, and where it stands now."""


@bp.get("/subscriptions")
@requires(RIGHT)
def subscriptions() -> ResponseReturnValue:
    """List the subscriptions."""
    return page("settings/subscriptions.html", connected=connections.connected())


@bp.get("/subscriptions/advanced-crm/other")
@requires(RIGHT)
def advanced_other() -> ResponseReturnValue:
    """Show the Other tab: the details of accounts, and the tools of synchronising.

    With ``?version`` the choice is one that is not saved yet; with ``?ask`` too, what it would take
    away.
    """
    if "version" not in request.args:
        return _other(integrations.options(), integrations.version())
    return _other(_typed(), _seen(), saved=False, ask="ask" in request.args)


@bp.post("/subscriptions/advanced-crm/other")
@requires(RIGHT)
def update_fields() -> ResponseReturnValue:
    """Apply the choice and read the fields anew; a button may move or take one away before that."""
    typed, seen = _typed(), _seen()
    if not BUTTONS.isdisjoint(request.form):
        return _not_saved(_arranged(typed), seen)
    try:
        change = integrations.change(typed, seen=seen, by=current_user)
        if change.takes_away and "sure" not in request.form:
            return _not_saved(typed, seen, ask=True)
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


@bp.get("/subscriptions/advanced-crm/versions/<int:number>/restoration")
@requires(RIGHT)
def confirm_taking_back(number: int) -> ResponseReturnValue:
    """Show what an earlier version would take away, before it is put in force again."""
    wanted = integrations.at(number, by=current_user)
    return page(
        "settings/restoration.html",
        "settings/_restoration.html",
        number=number,
        version=integrations.version(),
        change=wanted.since(integrations.options()),
        labels=_labels(),
    )


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
    text = request.values.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _typed() -> Options:
    """Return what the form says: the fields in their order, those ticked among the others last."""
    names = [*request.values.getlist("field"), *request.values.getlist("add")]
    described = remote_fields.known()
    known = [each.name for each in described.fields] if described else []
    in_force = integrations.options().detail_fields
    return Options("show" in request.values, integrations.chosen_names(names, [*known, *in_force]))


def _arranged(typed: Options) -> Options:
    """Return the choice after the button that was pressed: one up, down or away."""
    names = moved(typed.detail_fields, request.form)
    return Options(typed.show_details, tuple(n for n in names if n != request.form.get("remove")))


def _not_saved(options: Options, seen: int, *, ask: bool = False) -> ResponseReturnValue:
    """Show a choice that is not saved yet: at an address of its own, so that Back leads to it."""
    address = url_for(
        "settings.advanced_other",
        version=seen,
        show="on" if options.show_details else None,
        field=options.detail_fields,
        q=request.form.get("q") or None,
        moved=mover(request.form),
        ask="1" if ask else None,
        _anchor=dom_id("detail", mover(request.form) or "heading"),
    )
    if wants_fragment() or len(address) > LONGEST_ADDRESS:
        return _other(options, seen, saved=False, ask=ask)
    return see_other(address)


def _choice(options: Options, saved: bool) -> Choice:
    described = remote_fields.known()
    fields: Mapping[str, RemoteField] = (
        {each.name: each for each in described.fields} if described else {}
    )
    chosen = tuple((name, fields.get(name)) for name in options.detail_fields)
    others = [each for name, each in fields.items() if name not in options.detail_fields]
    words = fold(request.values.get("q", ""))
    others = [each for each in others if words in fold(f"{each.label} {each.name} {each.type}")]
    others.sort(key=lambda each: (each.label.casefold(), each.name))
    return Choice(options, chosen, tuple(others), saved, placed(options.detail_fields))


def _labels() -> Mapping[str, str]:
    """Return name → label of the fields that Salesforce has."""
    described = remote_fields.known()
    return {each.name: each.called for each in described.fields} if described else {}


def _other(
    options: Options,
    version: int,
    *,
    messages: Sequence[str] = (),
    difference: Difference | None = None,
    status: int = 200,
    saved: bool = True,
    ask: bool = False,
) -> ResponseReturnValue:
    connected = connections.connected()
    change = options.since(integrations.options())
    context: dict[str, Any] = {
        "choice": _choice(options, saved),
        "change": change if ask and change.takes_away else None,
        "labels": _labels(),
        "version": version,
        "in_force": integrations.version(),
        "messages": messages,
        "difference": difference,
        "unconnected": BOTH - connected,
        "versions": integrations.history(by=current_user),
        **sync_tools("settings.advanced_other"),
    }
    return page("settings/advanced_other.html", "settings/_details_choice.html", status, **context)
