"""The timeline of an account, and the addresses at which parts of it stood alone before."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from crmapp.blueprints.accounts import bp
from crmapp.blueprints.accounts.tabs import Opened, tab
from crmapp.domain.permissions import Right
from crmapp.services import accounts, attachments, mail_drop, pick_lists
from crmapp.services import timeline as timelines
from crmapp.web.access import person, requires
from crmapp.web.paging import page_number
from crmapp.web.texts import language, translated


@bp.get("/<int:account_id>/timeline")
@requires(Right.ACCOUNT_VIEW)
def timeline(account_id: int) -> ResponseReturnValue:
    """Show what happened with the account and what was changed, newest first."""
    return _timeline(account_id, request.args.get("show", ""), request.args.get("change"))


@bp.get("/<int:account_id>/activities", endpoint="activities")
@requires(Right.ACCOUNT_VIEW)
def activities_(account_id: int) -> ResponseReturnValue:
    """Show the activities of the account: where links of before the timeline lead."""
    return _timeline(account_id, request.args.get("kind") or "activities", None)


@bp.get("/<int:account_id>/history", endpoint="history")
@requires(Right.ACCOUNT_VIEW)
def history_(account_id: int) -> ResponseReturnValue:
    """Show each change of the account: where a value's origin leads."""
    return _timeline(account_id, "changes", request.args.get("before"))


def _timeline(account_id: int, show: str, change: str | None) -> ResponseReturnValue:
    account = accounts.get(account_id, by=person(), deleted=True)
    asked = timelines.Asked(
        show,
        request.args.get("person", ""),
        "" if show in timelines.LOG else request.args.get("before", ""),
        page_number(change, 2**31 - 1) if change else None,
    )
    found = timelines.of(account, asked, by=person(), locale=language())
    return tab(
        "timeline",
        Opened(account),
        timeline=found,
        asked=asked,
        shows=[(show, translated(text)) for show, text in timelines.SHOWS.items()],
        people=pick_lists.all_people_and_teams()[0],
        labels=pick_lists.labels(language()),
        files=attachments.of_activities(found.activities),
        mail_address=None if account.deleted_at else mail_drop.address_of(account),
    )
