"""The record page around each of its tabs."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from crmapp.blueprints.accounts.addresses import asked, tail
from crmapp.models import Account
from crmapp.services import account_details, account_list, account_sync_health, accounts, activities
from crmapp.web import recent
from crmapp.web.access import person
from crmapp.web.htmx import page
from crmapp.web.run_pages import polling_pace


def tab(name: str, account: Account, status: int = 200, **context: Any) -> ResponseReturnValue:
    """Answer with the record page, opened at one of its tabs."""
    recent.note_account(account.id)
    standing = accounts.standing(account, by=person())
    before, after = account_list.neighbours(asked(), account, by=person())
    return page(
        f"accounts/{name}.html",
        status=status,
        account=account,
        before=before,
        after=after,
        tail=tail(),
        current=name,
        editable=standing.editable,
        counts=standing,
        kinds=activities.KINDS,
        salesforce=account_details.shown(),
        sync=account_sync_health.standing(account.id),
        pace=polling_pace(),
        **context,
    )
