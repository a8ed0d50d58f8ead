"""Complete, put off, hand over and take back the activities of a day."""

from __future__ import annotations

from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date
from flask_babel import gettext as _

from crmapp.blueprints.day import bp
from crmapp.blueprints.day.lists import again, asked, today
from crmapp.db import LARGEST_ID
from crmapp.domain.permissions import Right
from crmapp.domain.planned import KINDS as PLANNED
from crmapp.errors import Invalid, NotFound
from crmapp.services import activities, doing, pick_lists
from crmapp.web.access import person, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.paging import page_number
from crmapp.web.texts import translated


@bp.post("/activities/<int:activity_id>/completion")
@requires(Right.ACTIVITY_EDIT)
def complete(activity_id: int) -> ResponseReturnValue:
    """Say that it is done."""
    version = doing.complete(activity_id, by=person())
    _say(activity_id, version, _("“%(subject)s” is done.", subject=_subject(activity_id)))
    return again(asked())


@bp.post("/activities/<int:activity_id>/reopening")
@requires(Right.ACTIVITY_EDIT)
def reopen(activity_id: int) -> ResponseReturnValue:
    """Say that it is not done after all."""
    doing.reopen(activity_id, by=person())
    flash(_("“%(subject)s” is open again.", subject=_subject(activity_id)), "success")
    return again(asked())


@bp.post("/activities/<int:activity_id>/<until>")
@requires(Right.ACTIVITY_EDIT)
def snooze(activity_id: int, until: str) -> ResponseReturnValue:
    """Put it off until another day."""
    now = today()
    version = doing.snooze(activity_id, until, now, by=person())
    activity = activities.get(activity_id, by=person())
    said = _(
        "“%(subject)s” is put off: %(until)s.",
        subject=activity.subject,
        until=format_date(now.day_of(activity.happens_at), "full"),
    )
    _say(activity_id, version, said)
    return again(asked())


@bp.post("/activities/<int:activity_id>/undo")
@requires(Right.ACTIVITY_EDIT)
def undo(activity_id: int) -> ResponseReturnValue:
    """Take back what was done to it last."""
    doing.take_back(activity_id, page_number(request.form.get("version"), LARGEST_ID), by=person())
    flash(_("“%(subject)s” is as it was.", subject=_subject(activity_id)), "success")
    return again(asked())


@bp.get("/activities/<int:activity_id>/owner")
@requires(Right.ACCOUNT_EDIT_ALL)
def owner(activity_id: int) -> ResponseReturnValue:
    """Ask to whom it is given."""
    return _owner_page(activity_id)


@bp.post("/activities/<int:activity_id>/owner")
@requires(Right.ACCOUNT_EDIT_ALL)
def assign(activity_id: int) -> ResponseReturnValue:
    """Give it to somebody, or show what is wrong."""
    try:
        version = doing.assign(activity_id, request.form.get("owner", ""), by=person())
    except Invalid as invalid:
        return _owner_page(activity_id, translated(invalid.fields["owner"]), status=422)
    _say(activity_id, version, _("“%(subject)s” is handed over.", subject=_subject(activity_id)))
    return see_other(url_for("day.index", **asked().arguments))


def _owner_page(activity_id: int, problem: str = "", status: int = 200) -> ResponseReturnValue:
    activity = activities.get(activity_id, by=person())
    if activity.kind not in PLANNED:
        raise NotFound
    return page(
        "day/owner.html",
        "day/_owner.html",
        status,
        activity=activity,
        people=pick_lists.people(),
        problem=problem,
        state=asked(),
    )


def _subject(activity_id: int) -> str:
    return activities.get(activity_id, by=person()).subject


def _say(activity_id: int, version: int | None, text: str) -> None:
    """Tell what was done, with a button that takes it back if anything changed."""
    if version is None:
        flash(text, "success")
        return
    action = url_for("day.undo", activity_id=activity_id, **asked().arguments)
    said: dict[str, Any] = {"text": text, "button": _("Undo"), "action": action}
    said |= {"fields": {"version": version}, "icon": "undo-2", "key": "z"}
    flash(said, "success")  # type: ignore[arg-type]  # the toast takes a mapping as well
