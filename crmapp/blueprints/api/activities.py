"""Activities: listed by account, read, added, changed."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from crmapp.blueprints.api import records
from crmapp.blueprints.api.door import Operation, operation
from crmapp.domain.fields import Field
from crmapp.domain.permissions import Right
from crmapp.domain.scopes import Scope
from crmapp.i18n import N_
from crmapp.models import Activity
from crmapp.services import activities, fields, published
from crmapp.web.access import person, requires

_FILTERS = {"cursor": records.CURSOR}


def specs() -> dict[str, Field]:
    """Return the fields that an activity has here."""
    return dict(fields.of("activity"))


@operation(
    Operation("GET", "/accounts/<int:account_id>/activities", Scope.ACTIVITIES_READ,
              N_("List the activities of an account"), answers="Activities", arguments=_FILTERS)
)  # fmt: skip
@requires(Right.ACCOUNT_VIEW)
def list_activities(account_id: int) -> ResponseReturnValue:
    """List the activities of an account, the latest first, a page at a time."""
    after = records.place(records.arguments(*_FILTERS).get("cursor"))
    rows, more = activities.page(account_id, after=after, by=person())
    return records.many([_shown(each) for each in rows], str(rows[-1].id) if more else None)


@operation(
    Operation("GET", "/activities/<int:activity_id>", Scope.ACTIVITIES_READ, N_("Read an activity"),
              answers="Activity", versioned=True)
)  # fmt: skip
@requires(Right.ACCOUNT_VIEW)
def read_activity(activity_id: int) -> ResponseReturnValue:
    """Send an activity."""
    return records.one(_shown(activities.get(activity_id, by=person())))


@operation(
    Operation("POST", "/accounts/<int:account_id>/activities", Scope.ACTIVITIES_WRITE,
              N_("Add an activity"), sends="NewActivity", answers="Activity", status=201)
)  # fmt: skip
@requires(Right.ACTIVITY_EDIT)
def add_activity(account_id: int) -> ResponseReturnValue:
    """Add an activity to an account; sent again with the same key, it is the same one."""
    known = specs()
    values = records.typed(records.body(), known)
    with records.refused_by_member(known):
        activity_id = activities.add(account_id, values, by=person(), key=records.key("activity"))
    shown = _shown(activities.get(activity_id, by=person()))
    return records.one(shown, 201, url_for("api.read_activity", activity_id=activity_id))


@operation(
    Operation("PATCH", "/activities/<int:activity_id>", Scope.ACTIVITIES_WRITE,
              N_("Change an activity"), sends="ActivityChanges", answers="Activity", versioned=True)
)  # fmt: skip
@requires(Right.ACTIVITY_EDIT)
def change_activity(activity_id: int) -> ResponseReturnValue:
    """Change the members that were sent, of the version that If-Match names."""
    version, known = activities.get(activity_id, by=person()).version, specs()
    records.need_version(version)
    values = records.typed(records.body(), known)
    with records.refused_by_member(known):
        activities.update(activity_id, values, version, by=person(), exact=True)
    return records.one(_shown(activities.get(activity_id, by=person())))


def _shown(activity: Activity) -> dict[str, Any]:
    own = {"account_id": activity.account_id, "kind": activity.kind}
    return {**published.written(activity, specs()), **own}
