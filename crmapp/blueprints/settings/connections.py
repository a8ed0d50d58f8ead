"""The connections to other systems: how each stands, its settings, its test, its removal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.blueprints.settings.connection_forms import (
    ConnectionForm,
    connection_form,
    form_name,
    take_theirs,
)
from crmapp.config import settings
from crmapp.connectors.registry import REGISTRY
from crmapp.errors import Conflict, Invalid
from crmapp.services import connection_kinds, connections, person_sign_in
from crmapp.services.connections import RIGHT, State
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other, wants_fragment
from crmapp.web.record_forms import Clash

STATES = {
    "none": ("", "circle-dot"),
    "untested": ("info", "circle-help"),
    "ok": ("ok", "circle-check"),
    "problem": ("bad", "circle-alert"),
    "lost": ("bad", "key-round"),
}
"""How each state of a connection is shown: its colour and its icon."""


@bp.get("/connections", endpoint="connections")
@requires(RIGHT)
def index() -> ResponseReturnValue:
    """List the systems, and how it stands with each."""
    return page(
        "settings/connections.html",
        states=connections.states(by=current_user),
        looks=STATES,
        registry=REGISTRY,
    )


@bp.get("/connections/<system>")
@requires(RIGHT)
def connection(system: str) -> ResponseReturnValue:
    """Show how it stands with a system, and its settings in a form."""
    state = connections.state(system, by=current_user)
    return _show(state, connection_form(state, request.args))


@bp.post("/connections/<system>")
@requires(RIGHT)
def save_connection(system: str) -> ResponseReturnValue:
    """Keep the settings, and test them if she wants; or show the fields of another way to sign in.

    What is wrong is shown beside the fields, and who was quicker.
    """
    state = connections.state(system, by=current_user)
    form = connection_form(state, request.form)
    if "show" in request.form:
        return _show(state, form)
    take_theirs(form, state)
    if not form.validate_on_submit():
        return _show(state, form, status=422)
    try:
        connections.save(system, form.wanted, version=form.version.data, by=current_user)
    except Invalid as invalid:
        form.refuse(invalid)
        return _show(state, form, status=422)
    except Conflict as conflict:
        return _show(state, form, form.clashes(conflict), status=409)
    flash(_("The connection is saved."), "success")
    if request.form.get("then") == "test":
        _test(system)
    return see_other(url_for("settings.connection", system=system))


@bp.post("/connections/<system>/check")
@requires(RIGHT)
def check_connection(system: str) -> ResponseReturnValue:
    """Test the connection, and show what was found or what is wrong."""
    _test(system)
    if not wants_fragment():
        return see_other(url_for("settings.connection", system=system))
    return _show(connections.state(system, by=current_user))


@bp.get("/connections/<system>/removal")
@requires(RIGHT)
def confirm_removal(system: str) -> ResponseReturnValue:
    """Say what goes with the connection, and ask."""
    return _removal(connections.state(system, by=current_user))


@bp.post("/connections/<system>/removal")
@requires(RIGHT)
def remove_connection(system: str) -> ResponseReturnValue:
    """Forget the connection."""
    version = request.form.get("version", type=int) or 0
    try:
        connections.remove(system, version=version, by=current_user)
    except Conflict as conflict:
        state = connections.state(system, by=current_user)
        return _removal(state, changed=True, status=conflict.status)
    flash(_("The connection is removed."), "success")
    return see_other(url_for("settings.connections"))


def _test(system: str) -> None:
    """Test the connection. What is wrong stands on its page; a part of it says so by itself."""
    if connections.check(system, by=current_user) is None:
        flash(_("The connection works."), "success")
    elif not (request.endpoint == "settings.check_connection" and wants_fragment()):
        flash(_("The connection does not work yet. Look below for what is wrong."), "error")


def _show(
    state: State,
    form: ConnectionForm | None = None,
    conflicts: Sequence[Clash] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    part = "settings/_connection_form.html" if form else "settings/_connection_state.html"
    return page(
        "settings/connection.html",
        part,
        status,
        form=form or connection_form(state, {}),
        conflicts=conflicts,
        **_about(state),
    )


def _about(state: State) -> dict[str, Any]:
    row, code = state.row, state.system.code
    return {
        "state": state,
        "looks": STATES,
        "registry": REGISTRY,
        "by_a_person": row is not None and person_sign_in.is_asked(row),
        "names": form_name,
        "flows": connection_kinds.BY_A_PERSON,
        "callback": settings().address + url_for("settings.signed_in", system=code),
        "open_section": "connections",
    }


def _removal(state: State, *, changed: bool = False, status: int = 200) -> ResponseReturnValue:
    return page(
        "settings/connection_removal.html",
        "settings/_connection_removal.html",
        status,
        state=state,
        changed=changed,
        open_section="connections",
    )
