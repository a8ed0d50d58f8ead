"""How many requests of another system's quota are used: by all who use it, and by us alone.

Salesforce says with each answer how much of the organisation's day is used; Intacct says nothing,
and bills what is written as well: there, what the connector counted is all that is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crmapp.connectors.errors import QuotaExceeded
from crmapp.connectors.port import Usage
from crmapp.i18n import N_, Text

_COUNT_ONLY_US = frozenset({"intacct"})


@dataclass(frozen=True)
class Use:
    """``used`` of ``limit`` by everybody, as far as known; ``ours`` of ``budget`` by us."""

    per: str
    ours: int
    budget: int | None
    used: int | None
    limit: int | None
    at: datetime | None


def per(system: str) -> str:
    """Return the time that the quota of ``system`` is for."""
    return "month" if system in _COUNT_ONLY_US else "day"


def ends(system: str, now: datetime) -> datetime:
    """Return when the day or month of ``now`` ends, in UTC."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if per(system) == "day":
        return midnight + timedelta(days=1)
    return (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)


def ours(system: str, usage: Mapping[str, Any], now: datetime) -> int:
    """Return how many requests we have counted in the present day or month."""
    return int(usage.get("ours", 0)) if usage.get("until") == _until(system, now) else 0


def costs(system: str, requests: int, before: Usage | None, said: Usage | None) -> int:
    """Return what ``requests`` requests cost, given what the connector said before and after."""
    if system not in _COUNT_ONLY_US or said is None:
        return requests
    return said.used - (before.used if before else 0)


def counted(
    system: str, usage: Mapping[str, Any], more: int, said: Usage | None, now: datetime
) -> dict[str, Any]:
    """Return ``usage`` with ``more`` requests of ours, and with what the answers said."""
    new = dict(usage) | {
        "ours": ours(system, usage, now) + more,
        "until": _until(system, now),
        "per": per(system),
    }
    if said is not None:
        used = new["ours"] if system in _COUNT_ONLY_US else said.used
        new |= {"used": used, "limit": said.limit, "at": said.at.isoformat()}
    return new


def of(system: str, usage: Mapping[str, Any], budget: int | None, now: datetime) -> Use:
    """Return the use as it is now; what was said of an earlier day or month says nothing."""
    fresh = usage.get("until") == _until(system, now)
    at = usage.get("at")
    return Use(
        per=per(system),
        ours=ours(system, usage, now),
        budget=budget,
        used=usage.get("used") if fresh else None,
        limit=usage.get("limit"),
        at=datetime.fromisoformat(at) if at else None,
    )


def refuse(system: str, budget: int, now: datetime) -> None:
    """Say that our own budget is used up.

    Raises:
        QuotaExceeded
    """
    text = N_("crmapp has used the %(count)s requests that it may. Raise the budget, or wait.")
    raise QuotaExceeded(Text(text, {"count": budget}), until=ends(system, now))


def _until(system: str, now: datetime) -> str:
    return ends(system, now).isoformat()
