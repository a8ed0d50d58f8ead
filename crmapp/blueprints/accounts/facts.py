"""What the details of an account show of its fields: values, where each came from, who may edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import get_locale

from crmapp.domain.fields import Field
from crmapp.models import Account
from crmapp.services import accounts, history, pick_lists
from crmapp.web.access import current_user


def shown(account: Account, fields: Iterable[Field]) -> dict[str, Any]:
    """Return what ``accounts/_fact.html`` needs to show ``fields`` of ``account``."""
    specs = {spec.name: spec for spec in fields}
    filled = {name for name, spec in specs.items() if account.value(spec) not in (None, "", [])}
    lineage = {name: account.lineage[name] for name in filled if name in account.lineage}
    return {
        "account": account,
        "filled": filled,
        "origins": history.origins(lineage),
        "labels": pick_lists.labels(str(get_locale())),
        "parent": accounts.parent_of(account, by=current_user) if "parent_id" in specs else None,
        "links": accounts.linked(account, by=current_user),
    }
