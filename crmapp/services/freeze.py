"""Freeze what people decided into the plan that a run carries out: the first step of running.

The final plan is a file of its own, whose hash the run records. The step is one checkpoint under
the fence: killed before it, the step is done again and gives the same plan; killed after it, the
plan is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

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
from crmapp.services import apply, decisions, fields, mapping_words, planning, upsert_plan
from crmapp.services.decisions import ACTIVE, Choice
from crmapp.services.engine import Claim, checkpoint, keep_alive

_JOINED = """
    SELECT * FROM plan
    QUALIFY row_number() OVER (PARTITION BY row_no ORDER BY (action = 'ambiguous')::INT) = 1
    ORDER BY row_no
"""


def advance(held: Claim) -> Claim | None:
    """Freeze the decisions if that is still to be done, else do the next chunk of the run."""
    if held.cursor:
        return apply.advance(held)
    run = apply.load(held.run_id)
    decided = {} if "frozen" in run.artefacts[0] else decisions.of(run.id)
    return _freeze(held, run, decided) if decided else apply.advance(held)


def _freeze(held: Claim, run: Run, decided: Mapping[int, PlanDecision]) -> Claim:
    before = run.artefacts[0]
    with artefacts.read([before["name"]]) as plan:
        rows = _decided_rows(plan, run, decided)
    part = artefacts.write(run.id, "decided", (row.as_json() for row in rows))
    with keep_alive(held):
        final = artefacts.rewrite(run.id, "plan-2", [before["name"], part.name], _JOINED)
    final = Artefact(final.name, final.sha256, before["rows"])
    counts = planning.count_actions(final)
    with unit_of_work():
        return checkpoint(
            held,
            artefacts=[final.as_json() | {"frozen": before}],
            plan_hash=final.sha256,
            counts=counts,
        )


def _decided_rows(
    plan: PlanFile, run: Run, decided: Mapping[int, PlanDecision]
) -> Sequence[PlanRow]:
    """Decide the rows again, this time knowing what a person said."""
    found = plan.rows(
        "action = 'ambiguous' AND list_contains(?, row_no)", [list(decided)], len(decided)
    )
    asked = [PlanRow.from_json(row) for row in found]
    by = session.get_one(User, run.by_id)
    mapping, specs = FieldMapping.from_json(run.mapping), fields.every("account")
    lookups = mapping_words.lookups(mapping, specs, [row.source for row in asked], by=by)
    matches = [_match(decided[row.row_no]) for row in asked]
    accounts = upsert_plan.read_accounts(matches, mapping, specs, by)
    rows, required = [], required_of(specs)
    for row, match in zip(asked, matches, strict=True):
        if decided[row.row_no].choice == Choice.SKIP:
            rows.append(replace(row, action=Planned.KEPT, reason=Reason.LEFT_OUT, params={}))
            continue
        source = SourceRow(row.row_no, row.key, row.source)
        mapped = read_row(mapping, specs, row.source, lookups)
        rows.append(decide(source, mapped, match, accounts, specs, mapping.match, required))
    return _once_each(plan, rows)


def _match(decision: PlanDecision) -> Match:
    if decision.choice == Choice.UPDATE and decision.record_id is not None:
        return Match(Rule.PERSON, (decision.record_id,))
    return Match(Rule.NONE)


def _once_each(plan: PlanFile, rows: Sequence[PlanRow]) -> list[PlanRow]:
    """Reject a decided row that names an account which another row of the plan has already."""
    accounts = decisions.meant(plan, [row.record_id for row in rows if row.record_id])
    words = dict(
        plan.ask(
            "SELECT match, min(row_no) FROM plan"  # noqa: S608  (our own constant)
            f" WHERE action IN ({ACTIVE}) AND list_contains(?, match) GROUP BY match",
            [[row.match for row in rows if row.match]],
        )
    )
    return [_once(row, accounts, words) for row in rows]


def _once(row: PlanRow, accounts: dict[int, int], words: dict[str, int]) -> PlanRow:
    if row.action not in (Planned.CREATE, Planned.UPDATE, Planned.UNCHANGED):
        return row
    first = accounts.get(row.record_id or 0) or words.get(row.match or "")
    if first is not None:
        return replace(
            row,
            action=Planned.REJECTED,
            reason=Reason.ALREADY_MEANT,
            params={"row": first},
            link=False,
        )
    if row.record_id is not None:
        accounts[row.record_id] = row.row_no
    if row.match is not None:
        words[row.match] = row.row_no
    return row
