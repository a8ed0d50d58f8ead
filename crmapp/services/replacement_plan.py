"""Plan a replacement: who holds the value gets another, and at last the value goes."""

from __future__ import annotations

from sqlalchemy import or_, select

from crmapp.db import session, unit_of_work
from crmapp.domain.plan import Planned, PlanRow
from crmapp.domain.runs import Status
from crmapp.models import PickListValue, Run
from crmapp.models.contact import full_name
from crmapp.services import pick_list_uses, planning
from crmapp.services.apply import load
from crmapp.services.engine import Claim
from crmapp.services.pick_list_uses import HOLDERS

VALUE = "pick_list_value"
_ORDER = (*HOLDERS, VALUE)
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
    found = _value(run, after) if object_ == VALUE else _holders(run, object_, after)
    return [row._replace(row_no=cursor + n) for n, row in enumerate(found, 1)]


def _holders(run: Run, object_: str, after: int) -> list[PlanRow]:
    """Return the next records that hold the value, with the fields in which they do."""
    before, to = run.source["from"], run.source["to"]
    uses = [use for use in pick_list_uses.of(run.source["list"]) if use.object == object_]
    if not uses:
        return []
    table = pick_list_uses.table_of(object_).c
    names = [table[name] for name in _NAMES[object_]]
    query = (
        select(table.id, table.version, *names, *(use.place for use in uses))
        .where(table.id > after, or_(*(use.holds(before) for use in uses)))
        .order_by(table.id)
        .limit(planning.PART)
    )
    first = 2 + len(names)
    return [
        PlanRow(
            row_no=0,
            action=Planned.UPDATE,
            object=object_,
            record_id=row[0],
            version=row[1],
            name=full_name(*row[2:first]),
            fields={
                use.field.name: [held, _replaced(held, before, to)]
                for use, kept in zip(uses, row[first:], strict=True)
                if before in _codes(held := use.held(kept))
            },
        )
        for row in session.execute(query)
    ]


def _codes(held: str | list[str] | None) -> list[str]:
    return [held] if isinstance(held, str) else held or []


def _replaced(held: str | list[str], before: str, to: str | None) -> str | list[str] | None:
    """Return what is held with ``to`` in the place of ``before``; ``None`` is nothing."""
    if isinstance(held, str):
        return to
    return sorted({*(code for code in held if code != before), *([to] if to else [])})


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
