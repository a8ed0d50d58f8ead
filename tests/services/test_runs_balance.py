"""Whatever the rows, the mapping, the fixes and the edits meanwhile: every row is accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crmapp import artefacts
from crmapp.db import session, unit_of_work
from crmapp.domain.fields import freeze
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.records import ACCOUNT_FIELDS
from crmapp.domain.steps import Step, StepKind
from crmapp.models import Account, ExternalIdentity, Run, RunException
from crmapp.services import accounts, fixes, fixing, runs, upserts
from crmapp.services.fixes import Fix
from crmapp.services.fixing import Answer
from tests.factories import Make
from tests.support.upserts import carry_out, edit, plan_again, start

RANDOM = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
"""One database for all examples: what earlier ones wrote is there for the next to meet."""
RIGHT = {
    "name": "Mended", "number": "C9", "phone": "555 999", "credit_limit": "7.50", "terms": "net_60",
}  # fmt: skip

rows = st.fixed_dictionaries(
    {
        "code": st.sampled_from(["C1", "C2", "C3", "C4", "C5", ""]),
        "name": st.sampled_from(["Acme", "Bolts", "Łódź Toys", "Cogs", ""]),
        "phone": st.sampled_from(["555 123", "555 124", "", "x"]),
        "limit": st.sampled_from(["100", "N/A", "1.234,50", "N/A", "1234.50", ""]),
        "terms": st.sampled_from(["", "net_30", "soon", "later"]),
    }
)
sources = st.lists(rows, min_size=1, max_size=8).map(
    lambda found: {f"K{number}": row for number, row in enumerate(found)}
)
mappings = st.builds(
    FieldMapping,
    st.sets(st.sampled_from(["phone", "terms"])).map(
        lambda names: {
            "name": "name",
            "number": "code",
            "credit_limit": "limit",
            **{name: name for name in names},
        }
    ),
    clear_empty=st.booleans(),
    fixed=st.sampled_from([{}, {"notes": "From the ERP"}]),
    steps=st.sampled_from([{}, {"credit_limit": (Step(StepKind.COMMA),)}]),
    values=st.sampled_from([{}, {"terms": {"soon": "net_15", "later": ""}}]),
)
choices = st.lists(st.sampled_from([Fix.VALUE, *Fix, None]), min_size=8, max_size=8)
edits = st.lists(
    st.tuples(st.integers(0, 20), st.sampled_from(["phone", "notes", "number", "delete"])),
    max_size=4,
)


def planned_rows(run: Run) -> list[dict[str, Any]]:
    with artefacts.read([part["name"] for part in run.artefacts]) as file:
        return file.rows("true", [], 1000)


def fix_some(make: Make, run: Run, chosen: list[Fix | None]) -> Run:
    """Deal with the first bad cell of each rejected row as ``chosen``."""
    answers = []
    for row, choice in zip(planned_rows(run), chosen, strict=False):
        if row["reason"] != "bad_value" or choice is None:
            continue
        field, number = row["params"]["field"], row["row_no"]
        if choice is Fix.DROP_CELL and field in ("name", "number"):  # which no row is without
            choice = Fix.DROP_ROW
        answers.append(Answer(f"{number}", choice, field, RIGHT[field], row_no=number))
    fixing.fix(run.id, answers, plan_hash=run.plan_hash or "", by=make.mona)
    session.rollback()
    return runs.get(run.id, by=make.mona)


def state() -> dict[int, dict[str, Any]]:
    """Return all living accounts, cell by cell, as the change log would keep them."""
    session.rollback()
    table = Account.__table__.c
    query = select(table.id, *(table[name] for name in ACCOUNT_FIELDS)).where(
        table.deleted_at.is_(None)
    )
    return {
        row.id: {name: freeze(getattr(row, name)) for name in ACCOUNT_FIELDS}
        for row in session.execute(query)
    }


def balances(run: Run, count: int) -> None:
    receipt = runs.receipt_of(run)
    out = receipt.outcomes
    total = sum(out[name] for name in ("created", "updated", "unchanged", "rejected", "skipped"))
    assert (total, receipt.rows, out["failed"]) == (count, count, 0)
    assert receipt.balances
    assert run.status in ("done", "done_with_errors")


@RANDOM
@given(sources, mappings, choices)
def test_rows_in_are_rows_out_and_amounts_add_up(
    make: Make, source: dict, mapping: FieldMapping, chosen: list[Fix | None]
) -> None:
    run = plan_again(make, start(make, source), mapping)
    before = run.plan_hash, run.counts, run.control
    fixed = fix_some(make, run, chosen)
    counted = sum(fixed.counts.values())
    numbers = [row["numbers"] for row in planned_rows(fixed)]

    done = carry_out(make, fixed)

    assert (counted, sum(before[1].values())) == (len(source), len(source))
    balances(done, len(source))
    amounts = sum((Decimal(each.get("credit_limit", 0)) for each in numbers), Decimal(0))
    planned = done.control.get("credit_limit", {}).get("planned", "0")
    assert Decimal(planned) == amounts


@RANDOM
@given(sources, mappings, choices)
def test_fixes_that_are_all_taken_back_leave_the_plan_as_it_was(
    make: Make, source: dict, mapping: FieldMapping, chosen: list[Fix | None]
) -> None:
    run = plan_again(make, start(make, source), mapping)
    before = run.plan_hash, run.counts, run.control, planned_rows(run)
    fixed = fix_some(make, run, chosen)

    cells = list(fixes.of(fixed.id).values())
    fixing.take_back(fixed.id, cells, plan_hash=fixed.plan_hash or "", by=make.mona)

    session.rollback()
    again = runs.get(fixed.id, by=make.mona)
    assert (again.plan_hash, again.counts, again.control, planned_rows(again)) == before


@RANDOM
@given(sources, mappings, edits, st.data())
def test_the_result_is_the_plan_less_the_listed_skips_cell_by_cell(
    make: Make, source: dict, mapping: FieldMapping, changes: list, data: st.DataObject
) -> None:
    run_id = start(make, source)
    run = plan_again(make, run_id, mapping)
    meddle(make, changes)
    lose_the_source(run_id, data.draw(st.lists(rows, min_size=len(source), max_size=len(source))))
    before = state()

    done = carry_out(make, runs.get(run_id, by=make.mona))

    balances(done, len(source))
    skipped = set(session.scalars(select(RunException.row_no).where(RunException.run_id == run_id)))
    expected = {**before}
    for row in planned_rows(done):
        if row["action"] in ("create", "update") and row["row_no"] not in skipped:
            id_ = row["record_id"] or created(row["key"])
            after = {name: pair[1] for name, pair in row["fields"].items()}
            expected[id_] = {**before.get(id_, blank(state()[id_])), **after}
    assert state() == expected
    assert run.counts == done.counts


def meddle(make: Make, changes: list[tuple[int, str]]) -> None:
    """Change, renumber or delete accounts, as people do between plan and run."""
    for number, what in changes:
        ids = sorted(state())
        account = session.get_one(Account, ids[number % len(ids)]) if ids else make.account("Acme")
        if what == "delete":
            accounts.delete(account.id, by=make.alice)
        elif what == "number":
            edit(make, account, number=f"N{account.id}")
        else:
            edit(make, account, **{what: f"555 {number:03}"})


def lose_the_source(run_id: int, others: list[dict]) -> None:
    """Let the source hold other rows than those that were planned."""
    with unit_of_work():
        run = session.get_one(Run, run_id)
        found = dict(zip(run.source["rows"], others, strict=True))
        run.source = {**run.source, "rows": found}


def created(key: str) -> int:
    """Return the living account that the ledger has for a row's key."""
    query = (
        select(ExternalIdentity.account_id)
        .join(Account, Account.id == ExternalIdentity.account_id)
        .where(ExternalIdentity.system == "test", ExternalIdentity.external_id == key)
        .where(Account.deleted_at.is_(None))
    )
    return session.scalars(query).one()


def blank(account: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a new account holds where nothing was said."""
    return dict.fromkeys(account) | {"tags": [], "active": True}


@RANDOM
@given(sources, mappings, st.data())
def test_a_source_that_loses_rows_never_ends_green(
    make: Make, source: dict, mapping: FieldMapping, data: st.DataObject
) -> None:
    lost = data.draw(st.lists(st.sampled_from(sorted(source)), min_size=1, unique=True))
    before = state()

    run = plan_again(make, start(make, source, lost=lost), mapping)

    assert run.status == "failed"
    assert "as many rows" in (run.error or "")
    assert not runs.receipt_of(run).balances
    assert state() == before
    assert upserts.can_plan(run) is False
