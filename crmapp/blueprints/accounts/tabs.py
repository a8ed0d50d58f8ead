"""The record page around each of its tabs."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from crmapp.blueprints.accounts.addresses import asked, tail
from crmapp.config import settings
from crmapp.models import Account
from crmapp.services import (
    account_details,
    account_glance,
    account_list,
    account_sync_health,
    activities,
    pick_lists,
)
from crmapp.web import recent
from crmapp.web.access import person
from crmapp.web.htmx import page
from crmapp.web.run_pages import polling_pace


def tab(name: str, account: Account, status: int = 200, **context: Any) -> ResponseReturnValue:
    """Answer with the record page, opened at one of its tabs."""
    recent.note_account(account.id)
    before, after = account_list.neighbours(asked(), account, by=person())
    return page(
        f"accounts/{name}.html",
        status=status,
        account=account,
        before=before,
        after=after,
        tail=tail(),
        current=name,
        salesforce=account_details.shown(),
        **header(account),
        **context,
    )


def header(account: Account) -> dict[str, Any]:
    """Return what ``accounts/_header.html`` needs."""
    glance = account_glance.of(account, by=person())
    return {
        "editable": glance.editable,
        "glance": glance,
        "owner": pick_lists.names_of_all()[0].get(account.owner_id or 0, ""),
        "kinds": activities.KINDS,
        "takes_mail": bool(settings().mail_drop_domain),
        "sync": account_sync_health.standing(account.id),
        "pace": polling_pace(),
    }
