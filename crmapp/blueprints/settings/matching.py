"""The rules by which rows of a source find accounts: their order, and which of them count."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.domain.matching import LADDER, Rule
from crmapp.errors import Invalid
from crmapp.services import match_rules
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.texts import translated


@bp.get("/matching")
@requires(match_rules.RIGHT)
def matching() -> ResponseReturnValue:
    """Show the ladder of rules."""
    return _show()


@bp.post("/matching")
@requires(match_rules.RIGHT)
def save_matching() -> ResponseReturnValue:
    """Keep which rules count, and their order; a button may move one of them up or down."""
    order, active = request.form.getlist("rule"), set(request.form.getlist("active"))
    for name, step in (("up", -1), ("down", 1)):
        order = _moved(order, request.form.get(name, ""), step)
    try:
        match_rules.save(order, active, by=current_user)
    except Invalid as invalid:
        return _show([translated(text) for text in invalid.fields.values()], invalid.status)
    flash(_("The rules are saved. The next preview follows them."), "success")
    return see_other(url_for("settings.matching"))


def _moved(order: Collection[str], code: str, step: int) -> list[str]:
    """Return ``order`` with ``code`` one place further up or down."""
    found = list(order)
    if code in found:
        place = found.index(code)
        found.remove(code)
        found.insert(max(0, place + step), code)
    return found


def _show(messages: Sequence[str] = (), status: int = 200) -> ResponseReturnValue:
    rules = [(each.code, LADDER[Rule(each.code)], each.active) for each in match_rules.every()]
    return page("settings/matching.html", None, status, rules=rules, messages=messages)
