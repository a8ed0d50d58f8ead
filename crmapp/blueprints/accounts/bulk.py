"""Many accounts of the list edited at once: what and how asked for, the plan looked at, run."""

from __future__ import annotations

import secrets
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.accounts import bp
from crmapp.blueprints.accounts.addresses import chosen_accounts, tail
from crmapp.blueprints.accounts.bulk_actions import (
    ACTIONS,
    EXPORT,
    Action,
    edit_of,
    field_of,
    form_of,
    named,
    titles_of,
)
from crmapp.blueprints.accounts.columns import label
from crmapp.blueprints.accounts.export_forms import form_of as export_form
from crmapp.domain.bulk_edits import WHOLE, Verb
from crmapp.domain.permissions import Right
from crmapp.domain.runs import Status
from crmapp.errors import Invalid, NotFound
from crmapp.models import Run
from crmapp.services import bulk_edits, plans, runs
from crmapp.services.account_sets import Chosen
from crmapp.web import reader
from crmapp.web.access import current_user, require, requires
from crmapp.web.ended import keeps_typed
from crmapp.web.forms import Form
from crmapp.web.htmx import page, see_other, wants_fragment
from crmapp.web.record_forms import form_name
from crmapp.web.run_pages import carried_out, polling_pace, rows_shown
from crmapp.web.texts import translated


@bp.get("/bulk-edits/new")
@bp.post("/bulk-edits/new")
@requires(Right.ACCOUNT_VIEW)
def new_bulk_edit() -> ResponseReturnValue:
    """Ask for what the action needs, in the drawer or as a page; by POST as the ids may be many."""
    action = named(request.values.get("action", ""))
    require(action.right)
    try:
        chosen = chosen_accounts()
    except Invalid as invalid:
        return _nothing(action, invalid)
    if action is EXPORT:
        return export_form(chosen)
    spec = field_of(action)
    if spec is None and "field" in request.form and not wants_fragment():
        missing = Invalid({"field": bulk_edits.CHOOSE_FIELD})
        return _form(action, chosen, form_of(action, spec), missing, status=422)
    return _form(action, chosen, form_of(action, spec))


@bp.post("/bulk-edits")
@requires(Right.ACCOUNT_VIEW)
@keeps_typed
def create_bulk_edit() -> ResponseReturnValue:
    """Have it planned, or show what is wrong with the form; a plan for a few is there at once."""
    action = named(request.values.get("action", ""))
    if action is EXPORT:
        raise NotFound
    require(action.right)
    spec, count = field_of(action), _count()
    form = form_of(action, spec)
    try:
        chosen = chosen_accounts()
    except Invalid as invalid:
        return _nothing(action, invalid)
    if not form.validate_on_submit():
        return _form(action, chosen, form, status=422)
    try:
        run_id = _start(action, chosen, form, count)
    except Invalid as invalid:
        form.refuse(invalid)
        return _form(action, chosen, form, invalid, status=422)
    if len(chosen.after(0, bulk_edits.FEW + 1, by=current_user)) <= bulk_edits.FEW:
        runs.work(run_id)  # or whoever heard the bell first
    return see_other(url_for("accounts.bulk_edit", run_id=run_id))


def _start(action: Action, chosen: Chosen, form: Form, count: int) -> int:
    edit = edit_of(action, field_of(action), form)
    return bulk_edits.start(
        chosen,
        edit,
        count=count,
        titles=titles_of(edit),
        by=current_user,
        locale=reader.locale(),
        key=form.idempotency_key.data,
    )


@bp.get("/bulk-edits/last")
@requires(Right.ACCOUNT_VIEW)
def last_bulk_edit() -> ResponseReturnValue:
    """Lead to the reader's last edit of many accounts: she finds it though she may list no runs."""
    run = bulk_edits.newest(by=current_user)
    if run is None:
        flash(_("You have not edited many accounts at once yet."), "info")
        return see_other(url_for("accounts.index"))
    return see_other(url_for("accounts.bulk_edit", run_id=run.id))


@bp.get("/bulk-edits/<int:run_id>")
@requires(Right.ACCOUNT_VIEW)
def bulk_edit(run_id: int) -> ResponseReturnValue:
    """Show how far the plan is, or what it makes of each account."""
    run = bulk_edits.get(run_id, by=current_user)
    if run.status == Status.PLANNING:
        shown: dict[str, Any] = {"run": run, "pace": polling_pace()}
        return page("accounts/bulk_edit.html", "accounts/_bulk_planning.html", **shown)
    if run.status != Status.PLANNED:
        return see_other(url_for("runs.show", run_id=run_id))
    return _plan(run)


@bp.post("/bulk-edits/<int:run_id>/run")
@requires(Right.ACCOUNT_VIEW)
def run_bulk_edit(run_id: int) -> ResponseReturnValue:
    """Have the plan carried out."""
    return carried_out(run_id, bulk_edits, _plan)


def _count() -> int:
    """Read how many accounts she was told they are."""
    text = request.values.get("count", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _plan(run: Run, message: str = "", status: int = 200) -> ResponseReturnValue:
    chosen = Chosen.from_json(run.source["chosen"])
    return page(
        "accounts/bulk_edit.html",
        "accounts/_bulk_edit.html",
        status,
        run=run,
        message=message,
        changes=sum(run.counts.get(each, 0) for each in ("update", "delete", "restore")),
        back=url_for("accounts.index") + tail(list(chosen.arguments)),
        key=secrets.token_urlsafe(16),
        **rows_shown(run, "accounts.bulk_edit", plans.opening(run)),
    )


def _nothing(action: Action, invalid: Invalid) -> ResponseReturnValue:
    """Say that no account is chosen, or too many one by one."""
    return page(
        "accounts/bulk_nothing.html",
        "accounts/_bulk_nothing.html",
        422,
        action=action,
        message=translated(invalid.message),
        back=url_for("accounts.index") + tail(),
    )


def _form(
    action: Action, chosen: Chosen, form: Form, invalid: Invalid | None = None, status: int = 200
) -> ResponseReturnValue:
    spec = field_of(action)
    asked = spec is not None and form_name(spec) in form
    return page(
        "accounts/bulk.html",
        "accounts/_bulk.html",
        status,
        action=action,
        name=next(name for name, each in ACTIONS.items() if each is action),
        chosen=chosen,
        count=chosen.count(by=current_user),
        form=form,
        spec=spec,
        asked=asked,
        may_be_empty=asked
        and action.verb is Verb.SET
        and spec is not None
        and bulk_edits.may_be_emptied(spec, by=current_user),
        whole=action.verb in WHOLE,
        choices=[] if action.field or action.verb in WHOLE else _fields(),
        errors=invalid.fields if invalid else {},
        tail=tail(),
    )


def _fields() -> list[tuple[str, str]]:
    found = [(spec.name, label(spec.name, spec)) for spec in bulk_edits.editable()]
    return sorted(found, key=lambda pair: pair[1].casefold())
