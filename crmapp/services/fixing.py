"""Fix bad cells of a plan, or drop them or their rows; take that back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, select

from crmapp import artefacts
from crmapp.artefacts import PlanFile
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.fields import BadValue, Field, check, newly_chosen, parse
from crmapp.domain.mapping import FieldMapping, came
from crmapp.domain.plan import PlanRow
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text
from crmapp.models import PlanDecision, Run, User
from crmapp.services import decisions, fixes, mapping_words, upsert_fields, upsert_plan, upserts
from crmapp.services.fixes import MOST, ROW, Cell, Fix, Layer

_NOT_OFFERED = N_("This cell is not to be fixed any more. Look at the preview again.")
_NEEDED = N_("This field cannot be left out. Enter a value, or drop the row.")
_FIRST_BAD = (
    "reason = 'bad_value' AND json_extract_string(params, '$.field') = ?"
    " AND json_extract_string(params, '$.found') = ?"
)
_TOO_MANY = N_(
    "More than %(most)s rows cannot be fixed by hand. Map the value or add a step on the mapping"
    " page, or correct the source."
)


@dataclass(frozen=True)
class Answer:
    """What a person says about a bad cell; ``name`` is the input that an error is shown at.

    It is about the cell ``field`` (or the whole row) of the row ``row_no``, or without a number
    about all rejected rows in which ``field`` is bad and holds ``found``.
    """

    name: str
    choice: Fix
    field: str
    value: str = ""
    row_no: int | None = None
    found: str = ""


def fix(run_id: int, answers: Sequence[Answer], *, plan_hash: str, by: User) -> int:
    """Keep answers about bad cells of the plan that ``by`` looked at; return how many rows changed.

    Raises:
        Conflict: the plan was made anew, was fixed by somebody else, or has been started.
        Invalid: a value that is still bad, or a cell that is not to be fixed; by input.
    """
    run = upserts.get(run_id, by=by)
    decisions.check_open(run, plan_hash)
    _check_answers(run, answers, by)
    with artefacts.read([part["name"] for part in run.artefacts]) as plan:
        given = {answer: _meant(plan, answer) for answer in answers}
    mapping = FieldMapping.from_json(run.mapping)
    wrong = {a.name: _NOT_OFFERED for a, rows in given.items() if not rows}
    if wrong:
        raise Invalid(wrong)
    cells = {
        (row.row_no, cell.field): cell
        for answer, rows in given.items()
        for row in rows
        for cell in [_cell(answer, row, mapping)]
    }
    _keep(run, fixes.of(run_id) | cells, list(cells), plan_hash, by)
    return len({row_no for row_no, _field in cells})


def take_back(run_id: int, keys: Sequence[Cell], *, plan_hash: str, by: User) -> int:
    """Take back the decisions like ``keys`` (field, choice, value, found); return how many rows.

    Raises:
        Conflict: the plan was made anew, was fixed by somebody else, or has been started.
    """
    run = upserts.get(run_id, by=by)
    decisions.check_open(run, plan_hash)
    known = fixes.of(run_id)
    wanted = {_kind(cell) for cell in keys}
    left = {key: cell for key, cell in known.items() if _kind(cell) not in wanted}
    if len(left) < len(known):
        _keep(run, left, [], plan_hash, by)
    return len(known) - len(left)


def _kind(cell: Cell) -> tuple[str, str, str | None, str]:
    return cell.field, cell.choice, cell.value, cell.found


def _check_answers(run: Run, answers: Sequence[Answer], by: User) -> None:
    mapping, specs = FieldMapping.from_json(run.mapping), upsert_fields.of(run.source)
    typed = [(answer.field, answer.value) for answer in answers]
    lookups = mapping_words.lookups(mapping, specs, [{}], typed, by=by)
    wrong: dict[str, Text | str] = {}
    for answer in answers:
        spec = specs.get(answer.field)
        if answer.choice is Fix.DROP_ROW:
            continue
        if spec is None or not spec.mappable:
            wrong[answer.name] = _NOT_OFFERED
        elif answer.choice is Fix.DROP_CELL:
            if needed(spec, mapping):
                wrong[answer.name] = _NEEDED
        else:
            try:
                value = check(spec, parse(spec, answer.value, lookups))
                newly_chosen(spec, value, None, lookups)
                if value is None:
                    raise BadValue(Text(N_("Enter a value, or drop the cell.")))
            except BadValue as bad:
                wrong[answer.name] = bad.text
    if wrong:
        raise Invalid(wrong)


def needed(spec: Field, mapping: FieldMapping) -> bool:
    """Whether a row is nothing without this field."""
    return spec.required or spec.name == mapping.match


def _meant(plan: PlanFile, answer: Answer) -> list[PlanRow]:
    """Return the rejected rows that an answer is about, as the plan has them."""
    values: list[str]
    if answer.row_no is not None:
        where, values, most = "row_no = CAST(? AS BIGINT)", [str(answer.row_no)], 1
    else:
        where, values, most = _FIRST_BAD, [answer.field, answer.found], MOST + 1
    found = plan.rows(f"action = 'rejected' AND {where}", values, most)
    rows = [PlanRow.from_json(row) for row in found]
    if answer.choice is Fix.DROP_ROW:
        return rows
    return [row for row in rows if answer.field in fixes.bad_fields(row)]


def _cell(answer: Answer, row: PlanRow, mapping: FieldMapping) -> Cell:
    if answer.choice is Fix.DROP_ROW:
        return Cell(row.row_no, ROW, answer.choice, None, "", row.key)
    value = answer.value.strip() if answer.choice is Fix.VALUE else None
    found = came(mapping, answer.field, row.source)
    return Cell(row.row_no, answer.field, answer.choice, value, found, row.key)


def _keep(
    run: Run,
    cells: Mapping[tuple[int, str], Cell],
    new: Sequence[tuple[int, str]],
    plan_hash: str,
    by: User,
) -> None:
    """Lay the fixes over the plan and keep them, unless the plan has changed meanwhile."""
    if len({row_no for row_no, _field in cells}) > MOST:
        raise Invalid({"": Text(_TOO_MANY, {"most": MOST})})
    run_id, person = run.id, by.id
    layer = lay_over(run, list(cells.values()))
    uncertain = decisions.undecidable(run_id, [part["name"] for part in layer.artefacts])
    with unit_of_work():
        run = session.get_one(Run, run_id, with_for_update=True)
        decisions.check_open(run, plan_hash)
        gone = [key for key in fixes.of(run_id) if key not in cells]
        fixes.forget(run_id, [*gone, *new])
        _insert(run_id, [cells[key] for key in new], person)
        decisions.forget(run_id, uncertain)
        run.artefacts, run.plan_hash = layer.artefacts, layer.plan_hash
        run.counts, run.control = layer.counts, layer.control


def lay_over(run: Run, cells: Sequence[Cell]) -> Layer:
    """Lay ``cells`` over the plan of a run as it was without fixes."""
    base = run.artefacts[0]
    control = base.get("control", run.control)
    return fixes.lay_over(run.id, base, control, cells, upsert_plan.decider(run))


def _insert(run_id: int, cells: Sequence[Cell], person: int) -> None:
    noted = {"run_id": run_id, "by_id": person, "at": utcnow()}
    if cells:
        session.execute(insert(PlanDecision), [{**vars(cell), **noted} for cell in cells])


@dataclass(frozen=True)
class Kept:
    """Decisions that are alike, and how many rows they are about."""

    field: str
    choice: str
    value: str | None
    found: str
    count: int


def kept(run_id: int, limit: int = 200) -> list[Kept]:
    """Return the fixes of a run, those that are alike as one, most frequent first."""
    table = PlanDecision.__table__.c
    alike = (table.field, table.choice, table.value, table.found)
    query = (
        select(*alike, func.count())
        .where(table.run_id == run_id, table.field != "")
        .group_by(*alike)
        .order_by(func.count().desc(), table.field, table.found)
        .limit(limit)
    )
    return [Kept(*row) for row in session.execute(query)]
