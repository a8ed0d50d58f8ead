"""Plan an upsert: read its source through its mapping and decide what would become of each row.

Rows are planned in parts, each committed with the cursor; the last step joins the parts into one
immutable file in which a source row that names an account a second time is rejected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import count
from typing import Any

from crmapp.connectors.keys import in_parts
from crmapp.db import session, unit_of_work
from crmapp.domain.changes import Reason
from crmapp.domain.fields import Field, required_of
from crmapp.domain.mapping import FieldMapping, apply, read, say
from crmapp.domain.matching import Care, Match
from crmapp.domain.plan import (
    Held,
    Planned,
    PlanRow,
    SourceRow,
    control_totals,
    decide,
    glance,
    taken,
    unreadable,
)
from crmapp.domain.record_keys import RECORD
from crmapp.domain.runs import Status
from crmapp.errors import FileLost
from crmapp.i18n import N_
from crmapp.models import Run, User
from crmapp.services import (
    attached_plan,
    decisions,
    feed_leads,
    field_owners,
    fixes,
    layouts,
    mapping_words,
    match_candidates,
    numbers_given,
    passing_on,
    planning,
    seen_accounts,
    staged_rows,
    upsert_fields,
)
from crmapp.services.apply import load
from crmapp.services.engine import Claim, end
from crmapp.services.fixes import Decide
from crmapp.services.sources import Wrong, open_source, stager

Cells = Mapping[int, Mapping[str, str | None]]
"""Row number → field → what stands in the place of its cell."""
Plan = Callable[[Sequence[SourceRow], Cells], list[PlanRow]]
_SLOWLY = 2000
"""So many rows look for their records at a time: it takes memory for each of them."""
_NOT_ALL = N_("The source did not give as many rows as it had counted. Start again from the grid.")


def advance(held: Claim) -> Claim | None:
    """Plan the next part of the source, or finish the plan."""
    run = load(held.run_id)
    if staged_rows.wanted(run):
        return staged_rows.advance(held, run)
    try:
        return _advance(held, run)
    except FileLost:
        if stager(run.source) is None:
            raise
        return staged_rows.anew(held, load(held.run_id))


def _advance(held: Claim, run: Run) -> Claim | None:
    source = open_source(run.source, by=session.get_one(User, run.by_id))
    found, until, wrong = source.rows(planning.last_key(run), planning.PART)
    if not found:
        _finish(held, run)
        return None
    rows = [*map(SourceRow, count(held.cursor + 1), *zip(*found, strict=True))]
    planned = plan_readable(rows, wrong, _planner(run), upsert_fields.object_of(run.source))
    control = add_up(run.control, planned)
    return planning.keep_part(held, run, planned, until, control=control)


def _planner(run: Run) -> Plan:
    """Return what decides about rows of the run's source, be they accounts or belong to them."""
    by = session.get_one(User, run.by_id)
    mapping, identity = FieldMapping.from_json(run.mapping), run.source.get("identity")
    object_ = upsert_fields.object_of(run.source)
    if object_ == "account":
        return lambda rows, cells: _left(
            feed_leads.followed(plan_rows(rows, mapping, identity, by, cells), identity)
        )
    return lambda rows, cells: [
        planned
        for some in in_parts(rows, _SLOWLY)
        for planned in attached_plan.plan_rows(object_, some, mapping, by, cells)
    ]


def _left(planned: list[PlanRow]) -> list[PlanRow]:
    """Take from rows what a source keeps, and say of numbers who else has them."""
    return numbers_given.marked(field_owners.left_alone(planned), (Planned.UPDATE,))


def plan_readable(
    rows: Sequence[SourceRow], wrong: Mapping[int, Wrong], plan: Plan, object_: str
) -> list[PlanRow]:
    """Decide about ``rows``, but reject those that are ``wrong``: position → why."""
    if not wrong:
        return plan(rows, {})
    right = [row for n, row in enumerate(rows) if n not in wrong]
    planned = iter(plan(right, {}))
    return [
        unreadable(row, *wrong[n])._replace(object=object_) if n in wrong else next(planned)
        for n, row in enumerate(rows)
    ]


def plan_rows(
    rows: Sequence[SourceRow],
    mapping: FieldMapping,
    identity: Sequence[str] | None,
    by: User,
    cells: Mapping[int, Mapping[str, str | None]] = {},
    companies: Mapping[int, str] = {},
    care: Care | None = None,
) -> list[PlanRow]:
    """Decide about ``rows``: map them, find their accounts, compare.

    ``cells`` are row number → field → what stands in the place of its cell; ``companies`` row
    number → the ERP company that the row is of; ``care`` is for plans that nobody looks at.
    """
    specs = upsert_fields.every("account")
    typed = [each for row in rows for each in cells.get(row.row_no, {}).items()]
    meanings = mapping_words.lookups(mapping, specs, [row.cells for row in rows], typed, by=by)
    names = list(dict.fromkeys([*mapping.written, *(name for name, _value in typed)]))
    names = [name for name in names if name != RECORD]
    linked = seen_accounts.linked([row.key for row in rows], identity, names, specs, by)
    found = read(mapping, specs, [row.cells for row in rows], meanings)
    slowly = cells or RECORD in mapping.fields
    known = [None] * len(rows) if slowly else glance(rows, found, linked, mapping, specs, meanings)
    each_row = zip(rows, found, known, strict=True)
    left = [(row, each) for row, each, plan in each_row if plan is None]
    required, rules = required_of(specs), layouts.rules(layouts.of(by.role))
    slow: list[PlanRow] = []
    skipped: set[str] = set()
    for some in in_parts(left, _SLOWLY):
        mapped = [
            passing_on.of_its_own(
                apply(mapping, specs, row.cells, meanings, cells[row.row_no])
                if row.row_no in cells
                else say(mapping, specs, row.cells, each, meanings)
            )
            for row, each in some
        ]
        others = [row for row, _each in some]
        matches, answers = match_candidates.match(
            others, mapped, mapping, identity, linked, companies, care
        )
        accounts = read_accounts(matches, names, specs, by, linked)
        slow += [
            decide(
                row, each, match, accounts, specs, mapping.match, required, mapping.wanted, rules
            )
            for row, each, match in zip(others, mapped, matches, strict=True)
        ]
        skipped |= {key for key, answer in answers.items() if answer.skip}
    decided = iter(slow)
    planned = [taken(row or next(decided), mapping.wanted) for row in known]
    planned = passing_on.settled(planned)
    return [_skip(row) if row.key in skipped else row for row in planned] if skipped else planned


def _skip(row: PlanRow) -> PlanRow:
    """Leave out a row of which somebody said so before; one that found its account counts."""
    if row.action not in (Planned.AMBIGUOUS, Planned.CREATE):
        return row
    return row._replace(action=Planned.KEPT, reason=Reason.LEFT_OUT_BEFORE, params={}, link=False)


def read_accounts(
    matches: Sequence[Match],
    names: Sequence[str],
    specs: Mapping[str, Field],
    by: User,
    linked: Mapping[str, Held] = {},
) -> dict[int, Mapping[str, Any]]:
    """Return the matched accounts that ``by`` may see: their version and the fields ``names``.

    Those that are ``linked`` have been read.
    """
    held = {each.id: each for each in linked.values()}
    sure = [match.ids[0] for match in matches if match.sure]
    more = seen_accounts.read(sorted({*sure} - held.keys()), names, specs, by)
    held |= {each.id: each for each in more}
    return {
        id_: {**dict(zip(names, held[id_].values, strict=True)), "version": held[id_].version}
        for id_ in sure
        if id_ in held and held[id_].seen
    }


def decider(run: Run) -> Decide:
    """Return what decides rows of the run's plan anew, with fixes in the place of cells."""
    plan = _planner(run)

    def decide(rows: Sequence[SourceRow], cells: Cells) -> list[PlanRow]:
        found = [plan(part, cells) for part in in_parts(rows, planning.PART)]
        return [row for part in found for row in part]

    return decide


def add_up(control: Mapping[str, Any], planned: Sequence[PlanRow]) -> dict[str, Any]:
    """Add the mapped amounts of rows to the control totals of a plan."""
    totals = control_totals(planned)
    return {
        name: {"planned": str(Decimal(control.get(name, {}).get("planned", "0")) + total)}
        for name, total in {**dict.fromkeys(control, Decimal(0)), **totals}.items()
    }


def _finish(held: Claim, run: Run) -> None:
    """Join the parts, reject second rows of one account, count, and offer the plan."""
    plan = planning.join_parts(held, run, _WITHOUT_DUPLICATES, _second_rows(held.cursor))
    plan = passing_on.within(
        run.id, plan, planning.STEM, FieldMapping.from_json(run.mapping).fields
    )
    plan = numbers_given.reject_kept(run, plan)
    if plan.rows != run.total:
        with unit_of_work():
            end(held, Status.FAILED, error=_NOT_ALL)
        return
    cells = fixes.still_true(run, plan.name)
    layer = fixes.lay_over(run.id, plan.as_json(), run.control, cells, decider(run))
    parts = [part["name"] for part in layer.artefacts]
    outlived = decisions.outlived(run.id, run.mapping.get("decided_on") or [], parts)
    with unit_of_work():
        decisions.forget(held.run_id, outlived)
        fixes.keep_only(held.run_id, cells)
        planning.offer(held, Status.PLANNED, plan, layer.counts, **layer.beside())


_GROUPED = 250_000
"""About so many rows are grouped at a time: a table of more would take memory for each of them."""
_ACTIVE = ", ".join(f"'{a}'" for a in (Planned.CREATE, Planned.UPDATE, Planned.UNCHANGED))
_NAMED = f"""
    CREATE TEMPORARY VIEW named AS
    SELECT row_no, match, record_id,
        row_no + IF(json_extract_string(params, '$.rule') IS NULL, 0, 1000000000000) AS rank
    FROM plan WHERE action IN ({_ACTIVE})
"""  # noqa: S608  (our own constants)
"""A row that names its account comes before one that the ladder led there."""
_FIRSTS = {"match": "row_no", "record_id": "rank"}
"""What at most one row may be about → the lowest of it is that row's."""
_NONE = "CREATE TEMPORARY TABLE shared_{what} AS SELECT {what}, row_no AS first FROM plan LIMIT 0"
_SHARED = """
    INSERT INTO shared_{what}
    SELECT {what}, min({first}) FROM named WHERE hash({what}) % {slices} = {slice}
    GROUP BY {what} HAVING count(*) > 1
"""
_AGAIN = """
    CREATE TEMPORARY TABLE again_{what} AS
    SELECT row_no FROM named JOIN shared_{what} USING ({what}) WHERE {first} > first
"""
_WITHOUT_DUPLICATES = f"""
    SELECT * EXCLUDE (again, meant) REPLACE (
        CASE WHEN again OR meant THEN '{Planned.REJECTED}' ELSE action END AS action,
        CASE WHEN again THEN '{Reason.DUPLICATE_KEY}' WHEN meant THEN '{Reason.SAME_ACCOUNT}'
            ELSE reason END AS reason,
        CASE WHEN again THEN json_object('key', split_part(match, chr(31), -1))::VARCHAR
            WHEN meant THEN '{{}}'
            ELSE params END AS params,
        link AND NOT again AND NOT meant AS link
    )
    FROM (
        SELECT *, row_no IN (SELECT row_no FROM again_match) AS again,
            row_no IN (SELECT row_no FROM again_record_id) AS meant
        FROM plan
    )
"""  # noqa: S608  (our own constants)


def _second_rows(count: int) -> Iterator[str]:
    """Say, for a plan of ``count`` rows, which ones are about what another one is about.

    Only narrow columns are grouped, a slice of all words at a time; whole rows stream through in
    the order of the parts.
    """
    slices = -(-count // _GROUPED)
    yield _NAMED
    for what, first in _FIRSTS.items():
        yield _NONE.format(what=what)
        for each in range(slices):
            yield _SHARED.format(what=what, first=first, slices=slices, slice=each)
        yield _AGAIN.format(what=what, first=first)
