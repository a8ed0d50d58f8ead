"""The record page around each of its tabs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask.typing import ResponseReturnValue

from crmapp.blueprints.accounts.addresses import asked, tail
from crmapp.config import settings
from crmapp.domain.arrangement import Arrangement
from crmapp.domain.layouts import OWN, Tab
from crmapp.models import Account
from crmapp.services import (
    account_details,
    account_glance,
    account_list,
    account_sync_health,
    activities,
    layouts,
    pick_lists,
)
from crmapp.web import recent
from crmapp.web.access import person
from crmapp.web.htmx import page
from crmapp.web.kept import address
from crmapp.web.run_pages import polling_pace
from crmapp.web.texts import translated

Item = tuple[str, str, str, Any]
"""A tab: its key, what it is called, its address, and how much is on it."""


class Opened:
    """An account as its page shows it to the reader: what several parts of the page ask for."""

    def __init__(self, account: Account) -> None:
        self.account, self.reader, self.tail = account, person(), tail()
        self.layout = layouts.of(self.reader.role)
        self.left_out = layouts.left_out_of(account, by=self.reader)
        self.glance = account_glance.of(account, by=self.reader)


def tab(
    name: str, opened: Opened, status: int = 200, *, own_key: str | None = None, **context: Any
) -> ResponseReturnValue:
    """Answer with the record page, opened at one of its tabs; ``own_key`` is of one made here."""
    recent.note_account(opened.account.id)
    before, after = account_list.neighbours(asked(), opened.account, by=opened.reader)
    return page(
        f"accounts/{name}.html",
        status=status,
        account=opened.account,
        before=before,
        after=after,
        tail=opened.tail,
        current=name if own_key is None else OWN + own_key,
        own_key=own_key,
        shelf=opened.layout.shelf,
        own_tabs=layouts.tabs(opened.layout, opened.left_out),
        salesforce=account_details.shown(),
        **header(opened),
        **context,
    )


def header(opened: Opened) -> dict[str, Any]:
    """Return what ``accounts/_header.html`` needs."""
    account, glance = opened.account, opened.glance
    return {
        "editable": glance.editable,
        "glance": glance,
        "met": layouts.met(opened.layout) - opened.left_out,
        "owner": pick_lists.names_of_all()[0].get(account.owner_id or 0, ""),
        "kinds": activities.KINDS,
        "takes_mail": bool(settings().mail_drop_domain),
        "sync": account_sync_health.standing(account.id),
        "pace": polling_pace(),
    }


def on_shelf(
    built_in: Sequence[Item],
    shelf: Arrangement,
    own_tabs: Sequence[Tab],
    record: object,
    tail: str,
    current: str,
) -> list[Item]:
    """Return the tabs in the order of ``shelf``: without those it hides, but for the open one."""
    details, *others = built_in
    own = [
        (
            OWN + tab.key,
            translated(tab.label),
            address("accounts.own_tab", account_id=record, key=tab.key) + tail,
            None,
        )
        for tab in own_tabs
    ]
    items = {item[0]: item for item in (details, *own, *others)}
    order = shelf.sort([*items])
    return [items[key] for key in order if key not in shelf.hidden or key == current]
