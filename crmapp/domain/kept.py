"""What a plan says of fields that a source keeps: which a row leaves alone, which it changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crmapp.domain.changes import Reason
from crmapp.domain.plan import Planned, PlanRow


def without(row: PlanRow, kept: Mapping[str, str]) -> PlanRow:
    """Leave out of a row what would change fields that a source keeps: ``kept`` is field → source.

    One of which nothing is left is skipped. If the row said already what people changed since, it
    says both.
    """
    theirs = [name for name in row.fields if name in kept]
    if row.action is not Planned.UPDATE or not theirs:
        return row
    fields = {name: both for name, both in row.fields.items() if name not in kept}
    said: dict[str, Any] = {"source": _sources(theirs, kept)}
    since = row.reason is Reason.EDITED_SINCE
    said |= {"theirs": theirs} if since else {"fields": theirs}
    return row._replace(
        action=Planned.UPDATE if fields or row.links else Planned.KEPT,
        reason=Reason.EDITED_OR_KEPT if since else Reason.KEPT_BY_SOURCE,
        params={**row.params, **said},
        fields=fields,
        link=row.link and bool(fields),
        numbers={name: number for name, number in row.numbers.items() if name not in theirs},
    )


def in_spite_of(row: PlanRow, kept: Mapping[str, str]) -> PlanRow:
    """Say with a row which fields it changes that a source keeps: ``kept`` is field → source."""
    theirs = [name for name in row.fields if name in kept]
    if not theirs:
        return row
    said = {"source": _sources(theirs, kept), "fields": theirs}
    return row._replace(reason=Reason.IN_SPITE_OF_SOURCE, params={**row.params, **said})


def _sources(fields: Iterable[str], kept: Mapping[str, str]) -> str:
    return ", ".join(dict.fromkeys(kept[name] for name in fields))
