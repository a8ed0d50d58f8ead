"""Which other accounts an account can name: its parent, who is billed, who is supplied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from crmapp.db import session
from crmapp.i18n import N_, Text
from crmapp.models import Account
from crmapp.services import passing_on


def unfit(account_id: int | None, values: Mapping[str, Any]) -> dict[str, Text | str]:
    """Return field → why an account, or a new one, cannot name the account that it says there."""
    problems: dict[str, Text | str] = {}
    for name in passing_on.FIELDS:
        to = values.get(name)
        if to and to != account_id and (wrong := passing_on.problem(name, account_id, to)):
            problems[name] = wrong
    if account_id and (parent_id := values.get("parent_id")) and account_id in above(parent_id):
        problems["parent_id"] = N_("This account is below the one you are editing.")
    return problems


def above(account_id: int) -> list[int]:
    """Return the account and those above it, up to where a circle would close."""
    line: list[int] = []
    step: int | None = account_id
    while step is not None and step not in line:
        line.append(step)
        step = session.scalar(select(Account.parent_id).where(Account.id == step))
    return line
