"""What the forms of an account say of others that may be the same, and what was said of those."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request

from crmapp.domain.duplicate_keys import Key, changed
from crmapp.errors import MayExist
from crmapp.models import Account
from crmapp.services import duplicate_hints
from crmapp.services.duplicate_checks import Overruling
from crmapp.services.duplicate_hints import Match
from crmapp.web.access import current_user
from crmapp.web.forms import Form

Hints = Mapping[str, list[Match]]


def beside(typed: Mapping[str, Any], account: Account | None = None) -> Hints:
    """Return field → the accounts that may be the same as what is typed there."""
    after = duplicate_hints.typed(typed, account)
    keys = changed(duplicate_hints.of(account), after) if account else frozenset(Key)
    but = account.id if account else None
    found = duplicate_hints.find(after, by=current_user, keys=keys, but=but)
    return duplicate_hints.by_field(found)


def told(
    form: Form, status: int, may_exist: MayExist | None, account: Account | None = None
) -> dict[str, Any]:
    """Return what a form says of accounts that may be the same: something once it was refused."""
    if may_exist:
        hints: Hints = duplicate_hints.by_field(may_exist.matches)
    elif status in (409, 422):
        hints = beside(form.values, account)
    else:
        hints = duplicate_hints.by_field(())  # the places where they will stand
    return {
        "hints": hints,
        "may_exist": may_exist,
        "reason": overruled().reason,
    }


def overruled() -> Overruling:
    """Return what the reader said of the accounts that she was shown."""
    return Overruling(request.form.get("overruled", ""), request.form.get("reason", ""))


def status_of(may_exist: MayExist) -> int:
    """Return how the form is answered: with a question, or saying what is wrong with the reason."""
    return 422 if may_exist.wrong else may_exist.status
