"""What was decided about uncertain rows and is kept: see it, withdraw it."""

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.upserts import bp
from crmapp.i18n import N_
from crmapp.services import match_answers
from crmapp.web import reader
from crmapp.web.access import current_user
from crmapp.web.htmx import page, see_other
from crmapp.web.paging import Pager
from crmapp.web.templating import url_with

CHOICES = {"create": N_("A new account"), "skip": N_("Skipped")}


@bp.get("/answers")
def answers() -> ResponseReturnValue:
    """List the answers, newest first."""
    text = request.args.get("before", "")
    before = int(text) if text.isdecimal() and len(text) < 10 else None
    found = match_answers.listed(by=current_user, locale=reader.locale(), before=before)
    shown = found[: match_answers.PAGE]
    first = url_with(before=None) if before is not None else None
    more = url_with(before=shown[-1].answer.id) if len(found) > len(shown) else None
    pager = Pager(first=first, previous=first, next=more)
    return page("upserts/answers.html", found=shown, pager=pager, choices=CHOICES)


@bp.post("/answers/<int:answer_id>/withdrawal")
def withdraw_answer(answer_id: int) -> ResponseReturnValue:
    """Forget an answer, so that the next plan asks again."""
    match_answers.withdraw(answer_id, by=current_user)
    flash(_("The decision is withdrawn; it is asked for again."), "success")
    return see_other(url_for("upserts.answers"))
