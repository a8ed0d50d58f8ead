"""What is done to an activity from a list: completed, put off, given to somebody, taken back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from crmapp.db import session, unit_of_work
from crmapp.domain.days import Today
from crmapp.domain.fields import thaw
from crmapp.domain.permissions import Right
from crmapp.domain.planned import CLOSED, COMPLETED, KINDS, NOT_STARTED
from crmapp.errors import Invalid, NotFound, NotUndoable
from crmapp.i18n import N_
from crmapp.models import Activity, Change, User
from crmapp.services import activities, editing, fields, pick_lists, records
from crmapp.services.rights import need

UNTIL = {"tomorrow": N_("Tomorrow"), "next_week": N_("Next week")}


def complete(activity_id: int, *, by: User) -> int | None:
    """Say that a task or meeting is done; return its version, by which this is taken back.

    None if it is done already.

    Raises:
        NotFound, Forbidden
    """
    return _change(activity_id, lambda _activity: {"status": COMPLETED}, by)


def reopen(activity_id: int, *, by: User) -> int | None:
    """Say that it is not done after all: it is as far as it was before it was completed."""

    def before(activity: Activity) -> dict[str, Any]:
        if activity.status not in CLOSED:
            return {}
        change = session.get(Change, activity.lineage.get("status", 0))
        held = change.fields["status"][0] if change else None
        return {"status": NOT_STARTED if held in (None, *CLOSED) else held}

    return _change(activity_id, before, by)


def snooze(activity_id: int, until: str, today: Today, *, by: User) -> int | None:
    """Put it off until the same time of another day of hers; return its version, if it was not.

    Raises:
        NotFound, Forbidden
        Invalid: ``until`` is none of :data:`UNTIL`.
    """
    if until not in UNTIL:
        raise Invalid({"until": N_("Choose tomorrow or next week.")})

    def later(activity: Activity) -> dict[str, Any]:
        move = today.tomorrow if until == "tomorrow" else today.next_week
        return {"happens_at": move(activity.happens_at)}

    return _change(activity_id, later, by)


def assign(activity_id: int, owner: str, *, by: User) -> int | None:
    """Give it to somebody who is here; return its version, if it was not hers or his before.

    Raises:
        NotFound, Forbidden
        Invalid: there is no such person, or she has left.
    """
    need(Right.ACCOUNT_EDIT_ALL, by=by)
    people = {str(id_): id_ for id_, _name in pick_lists.people()}
    if owner not in people:
        raise Invalid({"owner": N_("Choose one of the people.")})
    return _change(activity_id, lambda _activity: {"owner_id": people[owner]}, by)


def take_back(activity_id: int, version: int, *, by: User) -> None:
    """Undo the change that made ``version`` of an activity, if it is the last one.

    Raises:
        NotFound, Forbidden
        NotUndoable: somebody changed it since.
    """
    with unit_of_work():
        activity = activities.need_editable(activity_id, by=by)
        change = session.scalar(
            select(Change).where(
                Change.object == "activity",
                Change.record_id == activity_id,
                Change.version == version,
                Change.action == "updated",
            )
        )
        if change is None or change.by_id != by.id:
            raise NotFound
        if activity.version != version:
            raise NotUndoable(N_("Somebody changed it since. It stays as it is."))
        specs = fields.every("activity")
        values = {name: thaw(specs[name], held[0]) for name, held in change.fields.items()}
        records.update(Activity, activity_id, values, version=version, by=by, source=editing.FORM)


def _change(activity_id: int, values_of: Any, by: User) -> int | None:
    """Write what ``values_of`` returns for a task or meeting; return the version that it makes."""
    with unit_of_work():
        activity = activities.need_editable(activity_id, by=by)
        if activity.kind not in KINDS:
            raise NotFound
        before, values = activity.version, values_of(activity)
        if values:
            source = editing.FORM
            records.update(Activity, activity_id, values, version=None, by=by, source=source)
        version = editing.seen(Activity, activity_id, by=by).version
        return version if version != before else None
