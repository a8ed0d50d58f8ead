"""Plan a replacement: who holds the value gets another, and at last the value goes.

Fields that a source keeps change as well, else the value could not go; their rows say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select

from crmapp.db import session, unit_of_work
from crmapp.domain.plan import Planned, PlanRow
from crmapp.domain.runs import Status
from crmapp.models import PickListValue, Run
from crmapp.models.contact import full_name
from crmapp.services import field_owners, pick_list_uses, planning
from crmapp.services.apply import load
from crmapp.services.engine import Claim
from crmapp.services.pick_list_uses import HOLDERS

KIND = "replacement"
VALUE = "pick_list_value"
_ORDER = (*HOLDERS, VALUE)
Heirs = Mapping[str, str | None]
"""Value → the one that takes its place; None leaves the field empty."""
_NAMES = {"account": ("name",), "contact": ("first_name", "last_name"), "activity": ("subject",)}


def advance(held: Claim) -> Claim | None:
    """Plan the next part of the records that hold the value, or finish the plan."""
    run = load(held.run_id)
    object_, after = planning.last_key(run) or (_ORDER[0], 0)
    for each in _ORDER[_ORDER.index(object_) :]:
        rows = _rows(run, each, after if each == object_ else 0, held.cursor)
        if rows:
            return planning.keep_part(held, run, rows, (each, rows[-1].record_id or 0))
    _finish(held, run)
    return None


def _rows(run: Run, object_: str, after: int, cursor: int) -> list[PlanRow]:
    if object_ == VALUE:
        found = _value(run, after)
    else:
        found = _holders(run.source["list"], {run.source["from"]: run.source["to"]}, object_, after)
    return [row._replace(row_no=cursor + n) for n, row in enumerate(found, 1)]


def holders(
    list_code: str, heirs: Heirs, place: Sequence[Any] | None
) -> tuple[list[PlanRow], list[Any] | None]:
    """Return the next records that hold a value which is to give way to its heir.

    ``place`` is where the last call ended, None at the beginning; it comes back with the rows. At
    the end there are none.
    """
    object_, after = place or (_ORDER[0], 0)
    for each in _ORDER[_ORDER.index(object_) : -1]:
        rows = _holders(list_code, heirs, each, after if each == object_ else 0)
        if rows:
            return rows, [each, rows[-1].record_id]
    return [], None


def _holders(list_code: str, heirs: Heirs, object_: str, after: int) -> list[PlanRow]:
    """Return the next records that hold one of the values, with the fields in which they do."""
    uses = [use for use in pick_list_uses.of(list_code) if use.object == object_]
    if not uses:
        return []
    table = pick_list_uses.table_of(object_).c
    names = [table[name] for name in _NAMES[object_]]
    some = or_(*(use.holds(code) for use in uses for code in heirs))
    query = (
        select(table.id, table.version, *names, *(use.place for use in uses))
        .where(table.id > after, some)
        .order_by(table.id)
        .limit(planning.PART)
    )
    first = 2 + len(names)
    rows = [
        PlanRow(
            row_no=0,
            action=Planned.UPDATE,
            object=object_,
            record_id=row[0],
            version=row[1],
            name=full_name(*row[2:first]),
            fields={
                use.field.name: [held, _replaced(held, heirs)]
                for use, kept in zip(uses, row[first:], strict=True)
                if not heirs.keys().isdisjoint(_codes(held := use.held(kept)))
            },
        )
        for row in session.execute(query)
    ]
    return field_owners.named(rows)


def _codes(held: str | list[str] | None) -> list[str]:
    return [held] if isinstance(held, str) else held or []


def _replaced(held: str | list[str], heirs: Heirs) -> str | list[str] | None:
    """Return what is held with the heirs in the place of their values; ``None`` is nothing."""
    if isinstance(held, str):
        return heirs.get(held, held)
    return sorted({after for code in held if (after := heirs.get(code, code)) is not None})


def _value(run: Run, after: int) -> list[PlanRow]:
    """Return the value itself, which goes last, unless it has gone already."""
    value = session.get(PickListValue, run.source["value"])
    if after or value is None or value.deleted_at is not None:
        return []
    return [
        PlanRow(
            row_no=0,
            action=Planned.DELETE,
            object=VALUE,
            record_id=value.id,
            version=value.version,
            name=value.label_en,
        )
    ]


def _finish(held: Claim, run: Run) -> None:
    """Join the parts, count, and offer the plan."""
    plan = planning.join_parts(held, run)
    counts = planning.count_actions(plan)
    with unit_of_work():
        planning.offer(held, Status.PLANNED, plan, counts)
