"""Freeze what people decided into the plan that a run carries out: the first step of running.

The final plan is a file of its own, whose hash the run records. The step is one checkpoint under
the fence: killed before it, the step is done again and gives the same plan; killed after it, the
plan is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crmapp import artefacts
from crmapp.artefacts import Artefact, PlanFile
from crmapp.db import session, unit_of_work
from crmapp.domain.changes import Reason
from crmapp.domain.fields import required_of
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.mapping import apply as read_row
from crmapp.domain.matching import Match, Rule
from crmapp.domain.plan import Planned, PlanRow, SourceRow, decide
from crmapp.models import PlanDecision, Run, User
from crmapp.services import (
    apply,
    decisions,
    field_owners,
    fixes,
    layouts,
    mapping_words,
    match_answers,
    passing_on,
    planning,
    upsert_fields,
    upsert_plan,
)
from crmapp.services.decisions import Choice
from crmapp.services.engine import Claim, checkpoint, keep_alive

_FROZEN = "plan-2"
_JOINED = "SELECT * FROM plan"
"""The plan with its decided rows after the others: whole rows are not sorted for want of memory."""


def advance(held: Claim) -> Claim | None:
    """Freeze the decisions if that is still to be done, else do the next chunk of the run."""
    if held.cursor:
        return apply.advance(held)
    run = apply.load(held.run_id)
    decided = {} if "frozen" in run.artefacts[0] else decisions.of(run.id)
    layered = len(run.artefacts) > 1
    return _freeze(held, run, decided) if decided or layered else apply.advance(held)


def _freeze(held: Claim, run: Run, decided: Mapping[int, PlanDecision]) -> Claim:
    before, names = run.artefacts[0], [part["name"] for part in run.artefacts]
    with artefacts.read(names) as plan:
        asked = _asked(plan, decided)
        rows = _decided_rows(plan, run, asked, decided)
    answers = match_answers.from_decisions(run, asked, decided)
    part = artefacts.write(run.id, "decided", rows)
    with keep_alive(held):
        final = artefacts.rewrite(run.id, _FROZEN, [*names, part.name], _JOINED)
        final = passing_on.within(
            run.id, final, _FROZEN, FieldMapping.from_json(run.mapping).fields
        )
    final = Artefact(final.name, final.sha256, before["rows"])
    counts = planning.count_actions(final)
    with unit_of_work():
        match_answers.keep(answers)
        return checkpoint(
            held,
            artefacts=[final.as_json() | {"frozen": before}],
            plan_hash=final.sha256,
            counts=counts,
            control=fixes.moved(run.control, asked, rows),
        )


def _asked(plan: PlanFile, decided: Mapping[int, PlanDecision]) -> list[PlanRow]:
    """Return the uncertain rows that a person decided about."""
    found = plan.rows(
        "action = 'ambiguous' AND list_contains(?, row_no)", [list(decided)], len(decided)
    )
    return [PlanRow.from_json(row) for row in found]


def _decided_rows(
    plan: PlanFile, run: Run, asked: Sequence[PlanRow], decided: Mapping[int, PlanDecision]
) -> Sequence[PlanRow]:
    """Decide the rows again, this time knowing what a person said."""
    by = session.get_one(User, run.by_id)
    object_ = upsert_fields.object_of(run.source)
    mapping, specs = FieldMapping.from_json(run.mapping), upsert_fields.every(object_)
    cells = fixes.by_row(fixes.of(run.id).values())
    typed = [each for row in asked for each in cells.get(row.row_no, {}).items()]
    lookups = mapping_words.lookups(mapping, specs, [row.source for row in asked], typed, by=by)
    matches = [_match(decided[row.row_no]) for row in asked]
    accounts = upsert_plan.read_accounts(matches, mapping.written, specs, by)
    rows, required = [], required_of(specs)
    rules = layouts.rules(layouts.of(by.role))
    for row, match in zip(asked, matches, strict=True):
        if decided[row.row_no].choice == Choice.SKIP:
            rows.append(row._replace(action=Planned.KEPT, reason=Reason.LEFT_OUT, params={}))
            continue
        source = SourceRow(row.row_no, row.key, row.source)
        mapped = read_row(mapping, specs, row.source, lookups, cells.get(row.row_no, {}))
        rows.append(
            decide(source, mapped, match, accounts, specs, mapping.match, required, rules=rules)
        )
    return decisions.once_each(plan, field_owners.left_alone(passing_on.settled(rows)))


def _match(decision: PlanDecision) -> Match:
    if decision.choice == Choice.UPDATE and decision.record_id is not None:
        return Match(Rule.PERSON, (decision.record_id,))
    return Match(Rule.NONE)
