"""The match inbox: customers of sources of whom a person says which account they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from crmapp.blueprints.settings import bp
from crmapp.db import utcnow
from crmapp.errors import AlreadyRunning, Conflict, Invalid
from crmapp.i18n import Text
from crmapp.services import feeds, match_inbox
from crmapp.services.match_inbox import RIGHT, AnsweredMeanwhile, Box, Reply, Say
from crmapp.web import reader
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.paging import numbered
from crmapp.web.run_pages import asked_page
from crmapp.web.texts import translated
from crmapp.web.whole_numbers import whole_number

PUT_OFF = timedelta(days=7)
_PREFIX = "question-"


@bp.get("/matches")
@requires(RIGHT)
def matches() -> ResponseReturnValue:
    """Show a page of the inbox."""
    return _show()


@bp.post("/matches")
@requires(RIGHT)
def answer_matches() -> ResponseReturnValue:
    """Keep what was answered, of several customers at once."""
    replies = _replies(request.form)
    if not replies:
        flash(_("Nothing to keep: choose an answer of at least one customer."), "info")
        return see_other(_here())
    try:
        mappings = match_inbox.answer(replies, by=current_user)
    except Invalid as invalid:
        return _show(errors=invalid.fields, status=invalid.status)
    except AnsweredMeanwhile as late:
        return _show([*late.said, late.message], status=late.status)
    put_off = sum(each.say == Say.LATER for each in replies.values())
    _say_kept(len(replies), put_off, mappings)
    return see_other(_here())


@bp.post("/matches/runs")
@requires(RIGHT)
def run_matches() -> ResponseReturnValue:
    """Run a CRM mapping now, so that what was answered is carried out."""
    mapping_id = request.form.get("mapping", type=int) or 0
    try:
        feeds.start(mapping_id, by=current_user)
    except AlreadyRunning:
        flash(_("It runs already. What that run does not take is taken by the next one."), "info")
    except Conflict as conflict:
        flash(translated(conflict.message), "error")
    else:
        flash(_("The CRM mapping runs now and carries out what was answered."), "success")
    return see_other(_here())


def _say_kept(count: int, put_off: int, mappings: Sequence[int]) -> None:
    """Say that the answers are kept; one button is enough where they are of one CRM mapping."""
    if not mappings:
        flash(ngettext("%(num)s answer is kept.", "%(num)s answers are kept.", count), "success")
        return
    text = ngettext(
        "%(num)s answer is kept; the next run takes it up.",
        "%(num)s answers are kept; the next run takes them up.",
        count - put_off,
    )
    if put_off:
        text += " " + ngettext("%(num)s is put off.", "%(num)s are put off.", put_off)
    said: dict[str, Any] = {"text": text}
    if len(mappings) == 1:
        said |= {"button": _("Run now"), "action": url_for("settings.run_matches", **_filters())}
        said["fields"] = {"mapping": mappings[0]}
    flash(said, "success")  # type: ignore[arg-type]  # the toast takes a mapping as well


def _replies(form: Mapping[str, str]) -> dict[int, Reply]:
    """Read the answers that were given; a customer without one stays where it is."""
    found = {}
    for name, value in form.items():
        text = name.removeprefix(_PREFIX)
        if not value or not name.startswith(_PREFIX) or not text.isdecimal() or len(text) > 10:
            continue
        say, _colon, account = value.partition(":")
        found[int(text)] = Reply(
            say,
            whole_number(form.get(f"version-{text}")) or 0,
            whole_number(account) or 0,
            reader.midnight(form.get(f"until-{text}", "")) if say == Say.LATER else None,
            form.get(f"name-{text}", "")[:200],
        )
    return found


def _filters() -> dict[str, Any]:
    given: dict[str, Any] = {
        n: whole_number(request.args.get(n)) or None for n in ("mapping", "source")
    }
    later = "later" if request.args.get("show") == "later" else None
    return {**given, "show": later}


def _here() -> str:
    """The address of the page of the inbox that she is on."""
    at = asked_page()
    return _page(at if at > 1 else None)


def _page(number: int | None) -> str:
    """The address of a page of the inbox as it is narrowed now."""
    return url_for("settings.matches", **_filters(), page=number)


def _show(
    messages: Sequence[Text] = (),
    errors: Mapping[str, Text] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    narrow = _filters()
    box = Box(narrow["mapping"], narrow["source"], narrow["show"] == "later")
    shown = match_inbox.listed(box, asked_page(), by=current_user, locale=reader.locale())
    today = utcnow().astimezone(reader.timezone()).date()
    return page(
        "settings/matches.html",
        "settings/_matches.html",
        status,
        shown=shown,
        box=box,
        narrow=narrow,
        pager=numbered(shown.first, len(shown.questions), shown.count, match_inbox.PAGE, _page),
        messages=messages,
        errors=errors or {},
        typed=request.form,
        put_off=(today + PUT_OFF).isoformat(),
        tomorrow=(today + timedelta(days=1)).isoformat(),
        open_section="matches",
    )
