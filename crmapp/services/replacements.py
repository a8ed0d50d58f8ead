"""Replace a value of a pick list in all records that hold it, then delete it, as a run."""

from __future__ import annotations

from sqlalchemy import select

from crmapp.db import session, unit_of_work
from crmapp.domain.runs import Status
from crmapp.errors import Invalid, NotFound
from crmapp.i18n import LOCALES, N_
from crmapp.models import PickListValue, Run, User
from crmapp.services import (
    list_states,
    pick_list_keeping,
    pick_list_uses,
    pick_list_values,
    planning,
)
from crmapp.services.engine import enqueue
from crmapp.services.idempotency import once
from crmapp.services.replacement_plan import KIND
from crmapp.services.rights import need

NOTHING = "-"
"""What is chosen to leave the fields empty; no code begins like this."""


def start(
    list_code: str, value_id: int, *, to: str, by: User, locale: str, key: str | None = None
) -> int:
    """Have it planned how the value gives way to the value ``to``, and return the run's id.

    Raises:
        Forbidden, NotFound: as for :func:`crmapp.services.pick_list_values.get`.
        Invalid: ``to`` cannot take its place.
    """
    with unit_of_work():
        value = pick_list_values.get(list_code, value_id, by=by)
        list_states.refuse_owned(list_code)
        heir = _heir(value, to)
        sent = {"list": list_code, "value": value_id, "to": to}
        made = once(key, sent, lambda: _draft(value, heir, by, locale))
    return int(made.removeprefix("run:"))


def _heir(value: PickListValue, to: str) -> PickListValue | None:
    """Return the value that takes the place, or ``None`` to leave the fields empty."""
    if to == NOTHING:
        if any(use.field.required for use in pick_list_uses.of(value.list_code)):
            raise Invalid({"to": N_("A field that uses this list is required; choose a value.")})
        return None
    found = session.scalar(
        select(PickListValue).where(
            PickListValue.list_code == value.list_code,
            PickListValue.code == to,
            PickListValue.id != value.id,
            PickListValue.active,
            PickListValue.deleted_at.is_(None),
        )
    )
    if found is None:
        raise Invalid({"to": N_("Choose the value that takes its place.")})
    return found


def _draft(value: PickListValue, heir: PickListValue | None, by: User, locale: str) -> str:
    list_ = pick_list_keeping.get(value.list_code, by=by)
    held = pick_list_uses.holdings_of(value.list_code, value.code)
    titles = {
        each: f"{list_.label(each)}: {value.label(each)} → {heir.label(each) if heir else '–'}"
        for each in LOCALES
    }
    run = Run(
        kind=KIND,
        title=titles[locale],
        status=Status.PLANNING.value,
        source={
            "kind": "pick_list",
            "list": value.list_code,
            "value": value.id,
            "from": value.code,
            "to": heir.code if heir else None,
            "origin": {"kind": "pick_list", "list": value.list_code},
            "titles": titles,
        },
        total=sum(each.count for each in held) + 1,
        lock_key=f"pick_list:{value.list_code}",
        by_id=by.id,
    )
    return f"run:{enqueue(run)}"


def get(run_id: int, *, by: User) -> Run:
    """Return a replacement that ``by`` may see and carry on.

    Raises:
        Forbidden, NotFound
    """
    run = session.scalar(select(Run).where(Run.id == run_id, Run.kind == KIND, Run.visible_to(by)))
    if run is None:
        raise NotFound
    need(pick_list_keeping.RIGHT, by=by)
    return run


def run_later(run_id: int, *, plan_hash: str, key: str | None, by: User) -> None:
    """Have the plan that ``by`` has looked at carried out in the background.

    Raises:
        Conflict: it is not the plan that there is.
        AlreadyRunning: it has been started.
    """
    get(run_id, by=by)
    with unit_of_work():
        sent = {"run": run_id, "plan": plan_hash}
        once(key, sent, lambda: planning.queue(run_id, plan_hash))
