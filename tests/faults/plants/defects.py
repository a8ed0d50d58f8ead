"""Defects to plant: each takes away one rule of the engine, and the harness has to see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from types import ModuleType
from typing import Any

from sqlalchemy import update

from crmapp.config import settings
from crmapp.db import session
from crmapp.domain.changes import Outcome, Write
from crmapp.domain.plan import PlanRow
from crmapp.domain.undo import Present, Taken
from crmapp.models import Run
from crmapp.queue import ring
from crmapp.services import (
    apply,
    editing,
    engine,
    notifications,
    records,
    undo,
    undo_plan,
    upsert_plan,
    upserts,
)


def no_fence() -> None:
    """A worker writes whether or not its claim still stands."""

    def checkpoint(held: engine.Claim, **values: Any) -> engine.Claim:
        lease = {"lease_until": engine.now() + settings().lease, "attempts": 0}
        session.execute(_run(held).values(**lease | values))
        return held.moved(values.get("cursor", held.cursor))

    _replace("checkpoint", checkpoint, engine, apply, upsert_plan, undo_plan)
    _replace("_mine", _run, engine)


def _run(held: engine.Claim) -> Any:
    return update(Run).where(Run.id == held.run_id).execution_options(synchronize_session=False)


def split_commit() -> None:
    """Rows are committed before the cursor that counts them."""
    write = records.write

    @wraps(write)
    def write_and_commit(*args: Any, **kwargs: Any) -> Any:
        outcomes = write(*args, **kwargs)
        session.commit()
        return outcomes

    _replace("write", write_and_commit, records)


def early_bell() -> None:
    """The bell rings inside the transaction of its cause."""

    def later(job: str, **arguments: Any) -> None:
        ring(job, **arguments)

    _replace("later", later, engine, notifications, undo, upserts)


def no_version() -> None:
    """What a person saw does not matter: her version overwrites whatever is there."""
    take = records._Batch.take

    def careless(batch: records._Batch, each: Write) -> Outcome:
        return take(batch, replace(each, version=None))

    _replace("take", careless, records._Batch)


def careless_undo() -> None:
    """Undo takes everything back, whoever changed it since."""
    take_back = undo_plan.take_back

    def careless(row_no: int, change: Taken, now: Present | None) -> PlanRow:
        if now is not None:
            now = replace(now, lineage=dict.fromkeys(change.fields, change.id), added=False)
        return replace(take_back(row_no, change, now), version=None)

    _replace("take_back", careless, undo_plan)


def no_key() -> None:
    """A form that is sent twice does its work twice."""

    def once(_key: str | None, _sent: Mapping[str, Any], make: Callable[[], str]) -> str:
        return make()

    _replace("once", once, editing, undo, upserts)


def _replace(name: str, function: object, *owners: ModuleType | type) -> None:
    for owner in owners:
        assert hasattr(owner, name), f"{owner} has no {name} to take away"
        setattr(owner, name, function)


DEFECTS: Mapping[str, Callable[[], None]] = {
    each.__name__: each
    for each in (no_fence, split_commit, early_bell, no_version, careless_undo, no_key)
}
