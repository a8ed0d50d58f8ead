"""Defects to plant: each takes away one rule of the engine, and the harness has to see it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from sqlalchemy import update

from crmapp import jobs, queue, services
from crmapp.config import settings
from crmapp.db import session
from crmapp.domain import undo as domain
from crmapp.domain.changes import Outcome, Write
from crmapp.domain.plan import PlanRow
from crmapp.domain.undo import Present, Taken
from crmapp.models import Run
from crmapp.queue import ring
from crmapp.services import engine, idempotency, records


def open_all_rooms() -> None:
    """Import whatever may use a rule, so that it is taken away there too."""
    for room in (services, jobs):
        for module in iter_modules(room.__path__, f"{room.__name__}."):
            import_module(module.name)


def no_fence() -> None:
    """A worker writes whether or not its claim still stands."""

    def checkpoint(held: engine.Claim, **values: Any) -> engine.Claim:
        lease = {"lease_until": engine.seconds_now() + settings().lease, "attempts": 0}
        session.execute(_run(held).values(**lease | values))
        return held.moved(values.get("cursor", held.cursor))

    _replace(engine, "checkpoint", checkpoint)
    _replace(engine, "_mine", _run)


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

    _replace(records, "write", write_and_commit)


def early_bell() -> None:
    """The bell rings inside the transaction of its cause."""

    def later(job: str, **arguments: Any) -> None:
        ring(job, **arguments)

    _replace(queue, "later", later)


def no_version() -> None:
    """What a person saw does not matter: her version overwrites whatever is there."""
    take = records._Batch.take

    def careless(batch: records._Batch, each: Write) -> Outcome:
        return take(batch, each._replace(version=None))

    records._Batch.take = careless  # type: ignore[method-assign]  # that is the defect


def careless_undo() -> None:
    """Undo takes everything back, whoever changed it since."""
    take_back = domain.take_back

    def careless(row_no: int, change: Taken, now: Present | None) -> PlanRow:
        if now is not None:
            change = change._replace(standing=list(change.fields))
            now = now._replace(edited=0, added=False)
        return take_back(row_no, change, now)._replace(version=None)

    _replace(domain, "take_back", careless)


def no_key() -> None:
    """A form that is sent twice does its work twice."""

    def once(_key: str | None, _sent: Mapping[str, Any], make: Callable[[], str]) -> str:
        return make()

    _replace(idempotency, "once", once)


def _replace(owner: ModuleType, name: str, function: object) -> None:
    """Put ``function`` in the place of ``owner.name``, wherever crmapp has imported it."""
    sound = getattr(owner, name)
    for module in [each for called, each in sys.modules.items() if called.startswith("crmapp.")]:
        if getattr(module, name, None) is sound:
            setattr(module, name, function)


DEFECTS: Mapping[str, Callable[[], None]] = {
    each.__name__: each
    for each in (no_fence, split_commit, early_bell, no_version, careless_undo, no_key)
}
