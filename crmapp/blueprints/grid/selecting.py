"""What people do to a selection: tick rows, select the page or all, carry it on as a focus."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Response, flash, request

from crmapp.analytics.query import Question
from crmapp.blueprints.grid import bp
from crmapp.blueprints.grid.address import address, asked
from crmapp.blueprints.grid.answers import shown
from crmapp.domain.permissions import Right
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text
from crmapp.services import focuses, ticks
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import put_address, see_other, wants_fragment
from crmapp.web.texts import translated


@bp.post("/<dataset>/<dimension>/selection")
@requires(Right.GRID_VIEW)
def select(dataset: str, dimension: str) -> Response:
    """Change the selection of the grid that the address asks for, and show that grid."""
    question = asked(dataset, dimension)
    act = ACTS.get(request.form.get("act", "tick"))
    if act is None:
        raise Invalid({"act": _UNKNOWN}, Text(_UNKNOWN))
    try:
        changed = act(question)
    except Invalid as error:
        if "count" not in error.fields:
            raise
        flash(translated(error.message), "error")
        return shown(question, status=error.status)
    if not wants_fragment() or changed.dimension != dimension:
        return see_other(address(changed))
    return put_address(shown(changed), address(changed))


_UNKNOWN = N_("This selection cannot be read. Reload the page and try again.")


def _tick(question: Question) -> Question:
    number = ticks.tick(question, request.form.getlist("key"), by=current_user)
    return question.change(page=question.page, selection=number)


def _page(question: Question) -> Question:
    number = ticks.whole_page(question, by=current_user)
    return question.change(page=question.page, selection=number)


def _all(question: Question) -> Question:
    count = request.form.get("count", "")
    if not count.isascii() or not count.isdigit():
        raise Invalid({"count": _UNKNOWN}, Text(_UNKNOWN))
    number = ticks.everything(question, int(count[:12]), by=current_user)
    return question.change(page=question.page, selection=number)


def _focus(question: Question) -> Question:
    return focuses.into(question, request.form.get("into", ""), by=current_user)


ACTS: Mapping[str, Callable[[Question], Question]] = {
    "tick": _tick,
    "page": _page,
    "all": _all,
    "focus": _focus,
}
