"""What Salesforce holds of accounts, as each person arranges it for herself."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.accounts import bp
from crmapp.domain.permissions import Right
from crmapp.errors import Invalid, NotFound
from crmapp.services import account_details, accounts, own_details
from crmapp.services.own_details import Line
from crmapp.web.access import person, requires
from crmapp.web.htmx import page, see_other, wants_fragment
from crmapp.web.ladder import LONGEST_ADDRESS, MOVERS, moved, mover, placed
from crmapp.web.templating import dom_id
from crmapp.web.texts import translated


@bp.get("/<int:account_id>/salesforce/arrangement")
@requires(Right.ACCOUNT_VIEW)
def arrangement(account_id: int) -> ResponseReturnValue:
    """Show how she sees the details; with ``?field`` as she would like to, and did not save yet."""
    _seen(account_id)
    if "field" not in request.args:
        return _form(account_id, own_details.lines(by=person()))
    order, shown = request.args.getlist("field"), request.args.getlist("shown")
    return _form(account_id, own_details.lines_of(order, shown), saved=False)


@bp.post("/<int:account_id>/salesforce/arrangement")
@requires(Right.ACCOUNT_VIEW)
def arrange(account_id: int) -> ResponseReturnValue:
    """Keep her arrangement; a button may move a detail before that, or give all of it up."""
    _seen(account_id)
    order, shown = request.form.getlist("field"), request.form.getlist("shown")
    if not request.form.keys().isdisjoint(MOVERS):
        return _not_saved(account_id, moved(order, request.form), shown)
    try:
        if "reset" in request.form:
            own_details.reset(by=person())
        else:
            own_details.keep(order, shown, by=person())
    except Invalid as invalid:
        messages = [translated(text) for text in invalid.fields.values()]
        lines = own_details.lines_of(order, shown)
        return _form(account_id, lines, messages=messages, status=invalid.status, saved=False)
    if "reset" in request.form:
        flash(_("You see the details as the administrator has arranged them."), "success")
    else:
        flash(_("The details are arranged for you."), "success")
    return see_other(url_for("accounts.salesforce", account_id=account_id))


def _not_saved(account_id: int, order: Sequence[str], shown: Sequence[str]) -> ResponseReturnValue:
    """Show what is not saved yet: at an address of its own, so that Back leads to it."""
    address = url_for(
        "accounts.arrangement",
        account_id=account_id,
        field=order,
        shown=shown,
        moved=mover(request.form),
        _anchor=dom_id("own", mover(request.form)),
    )
    if wants_fragment() or len(address) > LONGEST_ADDRESS:
        return _form(account_id, own_details.lines_of(order, shown), saved=False)
    return see_other(address)


def _form(
    account_id: int,
    lines: Sequence[Line],
    *,
    messages: Sequence[str] = (),
    status: int = 200,
    saved: bool = True,
) -> ResponseReturnValue:
    return page(
        "accounts/arrangement.html",
        "accounts/_arrangement.html",
        status,
        account_id=account_id,
        lines=lines,
        place=placed([line.name for line in lines]),
        messages=messages,
        saved=saved,
        own=person().own_details is not None,
    )


def _seen(account_id: int) -> None:
    """Make sure that there is something to arrange, and that she sees the account."""
    if not account_details.shown():
        raise NotFound
    accounts.get(account_id, by=person())
