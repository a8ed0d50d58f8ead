"""What people put in the place of bad cells, and how a plan takes it up.

A fix is a decision about one cell of one row: another value, or no value; or about the whole row.
The rows that it changes are decided anew and lie over the plan as a small file of their own, so
that everybody who reads the plan reads them; ``Run`` freezes both into one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select

from crmapp import artefacts
from crmapp.artefacts import PlanFile
from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.changes import Reason
from crmapp.domain.mapping import FieldMapping, came
from crmapp.domain.plan import Planned, PlanRow, SourceRow, control_totals
from crmapp.models import PlanDecision, Run
from crmapp.services import decisions

ROW = "*"
"""Instead of a field: the decision is about the whole row."""
MOST = 10_000
"""How many rows of one plan may be fixed by hand."""
LAYER = "fixed"
"""The stem of the file that lies over a plan."""


class Fix(StrEnum):
    """What is done about a bad cell, or its row."""

    VALUE = "value"
    DROP_CELL = "drop_cell"
    DROP_ROW = "drop_row"


@dataclass(frozen=True)
class Cell:
    """What was decided about one cell: a value as it was typed, or ``None`` to drop the cell.

    ``found`` is the cell as it came; the decision lasts while it is the same.
    """

    row_no: int
    field: str
    choice: str
    value: str | None
    found: str
    key: str


Decide = Callable[[Sequence[SourceRow], Mapping[int, Mapping[str, str | None]]], list[PlanRow]]
"""Decide rows anew, with row number → field → what stands in the place of its cell."""


def of(run_id: int) -> dict[tuple[int, str], Cell]:
    """Return (row number, field) → what was decided about that cell."""
    table = PlanDecision.__table__.c
    query = select(
        table.row_no, table.field, table.choice, table.value, table.found, table.key
    ).where(table.run_id == run_id, table.field != "")
    return {(row.row_no, row.field): Cell(*row) for row in session.execute(query)}


@dataclass(frozen=True)
class Layer:
    """A plan with its fixes: what the run's row says of it."""

    artefacts: list[dict[str, Any]]
    plan_hash: str
    counts: dict[str, int]
    control: dict[str, Any]

    def beside(self) -> dict[str, Any]:
        """What a plan's end writes into the run's row beside its counts."""
        return {
            "artefacts": self.artefacts,
            "plan_hash": self.plan_hash,
            "control": self.control,
        }


def lay_over(
    run_id: int,
    base: Mapping[str, Any],
    control: Mapping[str, Any],
    cells: Sequence[Cell],
    decide: Decide,
) -> Layer:
    """Decide the rows of ``cells`` anew and lay them over the plan ``base`` (an artefact).

    ``control`` are the control totals of ``base`` alone; ``base`` keeps them for the next time.
    """
    base = {**base, "control": dict(control)}
    names = [str(base["name"])]
    before: list[PlanRow] = []
    if cells:
        with artefacts.read(names) as plan:
            before = _rows(plan, sorted({cell.row_no for cell in cells}))
            rows = decisions.once_each(plan, _decided(before, cells, decide))
        layer = artefacts.write(run_id, LAYER, rows)
        names.append(layer.name)
        control = moved(control, before, rows)
    with artefacts.read(names) as plan:
        counts = dict(plan.ask("SELECT action, count(*) FROM plan GROUP BY action ORDER BY action"))
    if not cells:
        return Layer([base], str(base["sha256"]), counts, dict(control))
    both = f"{base['sha256'][:32]}{layer.sha256[:32]}"
    return Layer([base, layer.as_json()], both, counts, dict(control))


def _rows(plan: PlanFile, row_nos: Sequence[int]) -> list[PlanRow]:
    found = plan.rows("list_contains(?, row_no)", [list(row_nos)], len(row_nos))
    return [PlanRow.from_json(row) for row in found]


def _decided(rows: Sequence[PlanRow], cells: Sequence[Cell], decide: Decide) -> list[PlanRow]:
    dropped = {cell.row_no for cell in cells if cell.field == ROW}
    kept = [row for row in rows if row.row_no not in dropped]
    anew = decide([SourceRow(row.row_no, row.key, row.source) for row in kept], by_row(cells))
    left_out = [
        row._replace(action=Planned.KEPT, reason=Reason.LEFT_OUT, params={}, link=False)
        for row in rows
        if row.row_no in dropped
    ]
    return sorted([*anew, *left_out], key=lambda row: row.row_no)


def moved(
    control: Mapping[str, Any], before: Sequence[PlanRow], after: Sequence[PlanRow]
) -> dict[str, Any]:
    """Return the control totals with what rows that were decided anew add to them or take away."""
    old, new = control_totals(before), control_totals(after)
    return {
        name: {"planned": str(_planned(control, name) + new.get(name, 0) - old.get(name, 0))}
        for name in dict.fromkeys([*control, *new])
    }


def _planned(control: Mapping[str, Any], name: str) -> Decimal:
    return Decimal(control.get(name, {}).get("planned", "0"))


def by_row(cells: Iterable[Cell]) -> dict[int, dict[str, str | None]]:
    """Return row number → field → what stands in the place of its cell."""
    found: dict[int, dict[str, str | None]] = {}
    for cell in cells:
        if cell.field != ROW:
            found.setdefault(cell.row_no, {})[cell.field] = cell.value
    return found


def still_true(run: Run, base: str) -> list[Cell]:
    """Return the decisions that hold for a plan that was made anew, ``base``.

    One holds if its row has the same key, and still the same bad cell; about a whole row, if that
    is still rejected.
    """
    cells = of(run.id)
    if not cells:
        return []
    mapping = FieldMapping.from_json(run.mapping)
    with artefacts.read([base]) as plan:
        found = _rows(plan, sorted({row_no for row_no, _field in cells}))
    rows = {row.row_no: row for row in found if row.action is Planned.REJECTED}
    return [
        cell
        for cell in cells.values()
        if (row := rows.get(cell.row_no)) is not None
        and row.key == cell.key
        and (cell.field == ROW or _same(row, cell, mapping))
    ]


def _same(row: PlanRow, cell: Cell, mapping: FieldMapping) -> bool:
    return cell.field in bad_fields(row) and came(mapping, cell.field, row.source) == cell.found


def bad_fields(row: PlanRow) -> list[str]:
    """Return the fields whose cells a row was rejected for."""
    if row.reason is not Reason.BAD_VALUE:
        return []
    return [bad["field"] for bad in (row.params, *row.params.get("others", ()))]


def keep_only(run_id: int, cells: Sequence[Cell]) -> None:
    """Inside a unit of work: forget the fixes of a run that are not among ``cells``."""
    lasting = {(cell.row_no, cell.field) for cell in cells}
    forget(run_id, [key for key in of(run_id) if key not in lasting])


def forget(run_id: int, keys: Sequence[tuple[int, str]]) -> None:
    """Inside a unit of work: take back the fixes of these cells."""
    table = PlanDecision.__table__.c
    for field in {field for _row_no, field in keys}:
        numbers = [row_no for row_no, each in keys if each == field]
        session.execute(
            delete(PlanDecision).where(
                table.run_id == run_id, table.field == field, is_one_of(table.row_no, numbers)
            )
        )
