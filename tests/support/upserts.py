"""Upserts from made-up rows, planned and carried out here and now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmapp.db import unit_of_work
from crmapp.domain.mapping import FieldMapping
from crmapp.models import Account, Run, User
from crmapp.services import records, runs, undo, upserts
from tests.factories import Make
from tests.support import rows as made_up

MAPPING = FieldMapping({"name": "name", "number": "code", "phone": "phone"})
ROWS = {
    "C1": {"code": "C1", "name": "Acme", "phone": "+33 1 23"},
    "C2": {"code": "C2", "name": "Łódź Toys", "phone": "555 123"},
    "C3": {"code": "C3", "name": "", "phone": "x"},
}


def rows_of(*names: str, **more: Any) -> dict[str, dict[str, Any]]:
    """Make one source row per name, with the keys C1, C2, …"""
    return {
        f"C{number}": {"code": f"C{number}", "name": name, "phone": "555 123", **more}
        for number, name in enumerate(names, 1)
    }


def start(
    make: Make, rows: Mapping[str, Mapping[str, Any]] = ROWS, by: User | None = None, **more: Any
) -> int:
    made_up.register()
    return upserts.start(
        made_up.source(rows, **more), title="Customers", by=by or make.mona, key=None
    )


def plan(
    make: Make,
    rows: Mapping[str, Mapping[str, Any]] = ROWS,
    mapping: FieldMapping = MAPPING,
    by: User | None = None,
) -> Run:
    """Start an upsert of ``rows`` and plan it."""
    return plan_again(make, start(make, rows, by), mapping)


def plan_again(make: Make, run_id: int, mapping: FieldMapping = MAPPING) -> Run:
    upserts.plan_later(run_id, mapping, confirmed=None, by=make.mona)
    runs.work(run_id)
    return runs.get(run_id, by=make.mona)


def plan_now(run_id: int) -> None:
    """Do the work that a saved mapping has asked for."""
    runs.work(run_id)


def queue(make: Make, planned: Run) -> int:
    run_id = planned.id
    upserts.run_later(run_id, plan_hash=planned.plan_hash or "", key=None, by=make.mona)
    return run_id


def carry_out(make: Make, planned: Run) -> Run:
    run_id = queue(make, planned)
    runs.work(run_id)
    return runs.get(run_id, by=make.mona)


def take_back(make: Make, done: Run) -> Run:
    undoing = undo.undo_later(done.id, by=make.mona, key=None)
    runs.work(undoing)
    runs.work(undoing)
    return runs.get(undoing, by=make.mona)


def edit(make: Make, account: Account, **values: Any) -> None:
    """Change an account as a person would."""
    alice, account_id = make.alice, account.id
    with unit_of_work():
        records.update(Account, account_id, values, version=None, by=alice, source={"kind": "form"})
