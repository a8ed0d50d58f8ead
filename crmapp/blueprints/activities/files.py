"""The files of an activity, in the drawer or as a page."""

from __future__ import annotations

from flask import url_for
from flask.typing import ResponseReturnValue

from crmapp.blueprints.activities import bp
from crmapp.domain.permissions import Right
from crmapp.services import accounts, activities, attachments
from crmapp.web.access import current_user, person, requires
from crmapp.web.attaching import FilesForm, allow_files, files_form, has_files, tell
from crmapp.web.htmx import page, see_other


@bp.url_value_preprocessor
def _allow_files(endpoint: str | None, _values: object) -> None:
    if endpoint == "activities.add_files":
        allow_files()


@bp.get("/activities/<int:activity_id>/files")
@requires(Right.ACCOUNT_VIEW)
def files(activity_id: int) -> ResponseReturnValue:
    """Show the files of the activity."""
    return _files(activity_id, files_form())


@bp.post("/activities/<int:activity_id>/files")
@requires(Right.ACCOUNT_EDIT)
def add_files(activity_id: int) -> ResponseReturnValue:
    """Attach the files that were sent; say which were refused, and why."""
    activity = activities.get(activity_id, by=current_user)
    accounts.need_editable(activity.account_id, by=current_user)
    account_id, form = activity.account_id, files_form()
    if not has_files(form):
        return _files(activity_id, form, 422)
    if not tell(form, attachments.add_to_activity(activity_id, form.sent, by=current_user)):
        return _files(activity_id, form, 422)
    return see_other(url_for("accounts.timeline", account_id=account_id))


def _files(activity_id: int, form: FilesForm, status: int = 200) -> ResponseReturnValue:
    activity = activities.get(activity_id, by=person())
    return page(
        "activities/files.html",
        "activities/_files.html",
        status,
        activity=activity,
        account=activity.account,
        editable=accounts.editable(activity.account, by=person()),
        form=form,
        action=url_for("activities.add_files", activity_id=activity_id),
        listed=attachments.of_activity(activity),
    )
