"""Changes of the log by their ids, each with the run and the person that it came from."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import joinedload

from crmapp.db import session
from crmapp.models import Change


def told(ids: Collection[int]) -> dict[int, Change]:
    """Return id → change, of those that the log has."""
    if not ids:
        return {}
    found = session.scalars(_by_ids(), {"ids": sorted(set(ids))})
    return {each.id: each for each in found}


@cache
def _by_ids() -> Select[Change]:
    told_ = (joinedload(Change.run), joinedload(Change.by))
    return select(Change).where(Change.id.in_(bindparam("ids", expanding=True))).options(*told_)
