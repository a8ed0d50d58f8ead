"""Plan who takes over: a person's accounts, then what she still has to do, part by part.

Accounts whose owner a source keeps stay as they are; their rows say so.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func, select

from crmapp.db import session, unit_of_work
from crmapp.domain.plan import Planned, PlanRow
from crmapp.domain.runs import Status
from crmapp.models import Account, Activity, Run, User
from crmapp.services import field_owners, planning
from crmapp.services.apply import load
from crmapp.services.engine import Claim

KIND = "handover"
_ORDER = ("account", "activity")
_MODELS: dict[str, Any] = {"account": Account, "activity": Activity}
_NAMES = {"account": Account.name, "activity": Activity.subject}


def count(user_id: int, *, by: User) -> tuple[int, int]:
    """Return how many accounts a person owns, and how many open activities."""
    accounts, activities = (
        session.scalar(select(func.count()).where(*_held(each, user_id, by))) or 0
        for each in _ORDER
    )
    return accounts, activities


def advance(held: Claim) -> Claim | None:
    """Plan the next part of what the person has, or finish the plan."""
    run = load(held.run_id)
    object_, after = planning.last_key(run) or (_ORDER[0], 0)
    for each in _ORDER[_ORDER.index(object_) :]:
        rows = _rows(run, each, after if each == object_ else 0, held.cursor)
        if rows:
            return planning.keep_part(held, run, rows, (each, rows[-1].record_id))
    plan = planning.join_parts(held, run)
    counts = planning.count_actions(plan)
    with unit_of_work():
        planning.offer(held, Status.PLANNED, plan, counts)
    return None


def _rows(run: Run, object_: str, after: int, cursor: int) -> list[PlanRow]:
    model, by = _MODELS[object_], session.get_one(User, run.by_id)
    user_id, heir = run.source["from"], run.source["to"]
    found = session.execute(
        select(model.id, model.version, _NAMES[object_])
        .where(model.id > after, *_held(object_, user_id, by))
        .order_by(model.id)
        .limit(planning.PART)
    )
    rows = [
        PlanRow(
            row_no=cursor + n,
            action=Planned.UPDATE,
            object=object_,
            record_id=id_,
            version=version,
            name=name,
            fields={"owner_id": [user_id, heir]},
        )
        for n, (id_, version, name) in enumerate(found, 1)
    ]
    return field_owners.left_alone(rows)


def _held(object_: str, user_id: int, by: User) -> tuple[ColumnElement[bool], ...]:
    """Which records a person hands over, as conditions: of activities those that are open."""
    model = _MODELS[object_]
    hers = (model.owner_id == user_id, model.visible_to(by))
    return hers if object_ == "account" else (*hers, Activity.is_open())
