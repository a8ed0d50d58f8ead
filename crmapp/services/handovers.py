"""Hand a person's accounts and open activities over to somebody else, or to nobody, as a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from crmapp.db import session, unit_of_work
from crmapp.domain.permissions import Right
from crmapp.domain.runs import Status
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.i18n import LOCALES, N_
from crmapp.models import Run, User
from crmapp.services import fields, handover_plan, pick_lists, planning
from crmapp.services.engine import enqueue
from crmapp.services.handover_plan import KIND
from crmapp.services.idempotency import once
from crmapp.services.rights import need

RIGHT = Right.USER_MANAGE
NOBODY = "-"
"""What is chosen to let nobody take over."""
FEW = 50
"""For so many records a plan is made while the person waits for the page."""
LEFT = N_("Who was to take over does not work here any more. Choose somebody else.")


def count(user_id: int, *, by: User) -> tuple[int, int]:
    """Return how many accounts a person owns, and how many open activities.

    Raises:
        Forbidden: ``by`` lacks the right.
    """
    need(RIGHT, by=by)
    return handover_plan.count(user_id, by=by)


def heirs(user_id: int) -> list[tuple[int, str]]:
    """Return (id, name) of those who can take over from a person, by name."""
    return [each for each in pick_lists.people() if each[0] != user_id]


def check(user_id: int, to: str) -> int | None:
    """Return who is meant by ``to``, None for nobody.

    Raises:
        Invalid: she cannot take over, or somebody has to.
    """
    if to == NOBODY:
        if any(fields.every(each)["owner_id"].required for each in ("account", "activity")):
            raise Invalid({"heir": N_("The owner is a required field: choose somebody.")})
        return None
    found = {str(id_): id_ for id_, _name in heirs(user_id)}
    if to not in found:
        raise Invalid({"heir": N_("Choose who takes over.")})
    return found[to]


def start(user_id: int, *, to: str, by: User, key: str | None = None) -> int:
    """Have it planned who takes over what, and return the run's id.

    Raises:
        Forbidden: she lacks the right.
        NotFound: there is nobody with this id.
        Invalid: as for :func:`check`.
    """
    need(RIGHT, by=by)
    heir = check(user_id, to)
    person = session.get(User, user_id)
    if person is None:
        raise NotFound
    name = session.get_one(User, heir).name if heir else "–"
    title = f"{person.name} → {name}"
    source = {
        "kind": KIND,
        "from": user_id,
        "to": heir,
        "origin": {"kind": KIND},
        "titles": dict.fromkeys(LOCALES, title),
    }
    total = sum(count(user_id, by=by))
    with unit_of_work():
        made = once(key, {**source, "by": by.id}, lambda: _draft(source, title, total, by))
    return int(made.removeprefix("run:"))


def _draft(source: Mapping[str, Any], title: str, total: int, by: User) -> str:
    run = Run(
        kind=KIND,
        title=title,
        status=Status.PLANNING.value,
        source=dict(source),
        total=total,
        lock_key=f"{KIND}:{source['from']}",
        by_id=by.id,
    )
    return f"run:{enqueue(run)}"


def get(run_id: int, *, by: User) -> Run:
    """Return a handover that ``by`` may see and carry on.

    Raises:
        Forbidden, NotFound
    """
    need(RIGHT, by=by)
    run = session.scalar(select(Run).where(Run.id == run_id, Run.kind == KIND, Run.visible_to(by)))
    if run is None:
        raise NotFound
    return run


def run_later(run_id: int, *, plan_hash: str, key: str | None, by: User) -> None:
    """Have the plan that ``by`` has looked at carried out in the background.

    Raises:
        Forbidden, NotFound: as for :func:`get`.
        Conflict: it is not the plan that there is, or who was to take over has left.
        AlreadyRunning: it has been started.
    """
    source = get(run_id, by=by).source
    if source["to"] is not None and source["to"] not in dict(heirs(source["from"])):
        raise Conflict({}, message=LEFT)
    with unit_of_work():
        sent = {"run": run_id, "plan": plan_hash}
        once(key, sent, lambda: planning.queue(run_id, plan_hash))
