"""What a person looks at before many values of a list go, or values that records hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from crmapp import artefacts
from crmapp.db import session, unit_of_work
from crmapp.db.bulk import is_one_of
from crmapp.domain.list_values import HERE, Tally
from crmapp.domain.runs import Status
from crmapp.errors import AlreadyRunning, Conflict, Invalid, NotFound
from crmapp.i18n import N_
from crmapp.models import ManagedListState, PickListValue, Run, User
from crmapp.queue import later
from crmapp.services import list_stage, list_states, managed_lists, planning
from crmapp.services.list_states import KIND
from crmapp.services.managed_lists import RIGHT
from crmapp.services.rights import need

DEACTIVATE, KEEP = "-deactivate", "-keep"
"""What may be chosen for a value beside another one's code; no code begins like these."""
_SHOWN = 200
_GOING = (
    "FROM plan WHERE object = ? AND action = 'update'"
    " AND json_extract_string(params, '$.tally') = ?"
)
_CODE = "json_extract_string(params, '$.code')"
_USES = "CAST(coalesce(json_extract_string(params, '$.uses'), '0') AS BIGINT)"


@dataclass(frozen=True)
class Going:
    """A value that would be deactivated, and how many records hold it."""

    code: str
    label: str
    uses: int


@dataclass(frozen=True)
class Review:
    """Values that would go, those that most records hold first; ``count`` says of how many.

    ``in_use`` of them are held by records; ``active`` values are offered now. ``heirs`` are what
    may take their place: code and label.
    """

    run: Run
    going: list[Going]
    count: int
    in_use: int
    active: int
    heirs: list[tuple[str, str]]


def get(run_id: int, *, by: User) -> Run:
    """Return a resync.

    Raises:
        Forbidden, NotFound
    """
    need(RIGHT, by=by)
    run = session.scalar(select(Run).where(Run.id == run_id, Run.kind == KIND))
    if run is None:
        raise NotFound
    return run


def show(run: Run) -> Review:
    """Return what would go by the plan of a resync that waits."""
    asked = [HERE, Tally.DEACTIVATED]
    with artefacts.read([part["name"] for part in run.artefacts]) as plan:
        ((count, in_use),) = plan.ask(
            f"SELECT count(*), coalesce(sum(CAST({_USES} > 0 AS INTEGER)), 0) {_GOING}", asked
        )
        rows = plan.ask(
            f"SELECT {_CODE}, name, {_USES} {_GOING} ORDER BY 3 DESC, 1 LIMIT {_SHOWN}", asked
        )
        codes = {row[0] for row in plan.ask(f"SELECT {_CODE} {_GOING}", asked)}
    values = _active(run)
    heirs = [(code, label) for code, label in values if code not in codes]
    return Review(run, [Going(*row) for row in rows], count, in_use, len(values), heirs[:_SHOWN])


def _active(run: Run) -> list[tuple[str, str]]:
    query = (
        select(PickListValue.code, PickListValue.label_en)
        .where(
            PickListValue.list_code == list_stage.of(run).pick_list,
            PickListValue.active,
            PickListValue.deleted_at.is_(None),
        )
        .order_by(PickListValue.position, PickListValue.id)
    )
    return [(row.code, row.label_en) for row in session.execute(query)]


def decide(
    run_id: int, choices: Mapping[str, str], *, otherwise: str, plan_hash: str, by: User
) -> None:
    """Go on with a resync that waits: each value goes, stays, or gives way to another.

    ``choices`` is code → what was chosen for it, ``otherwise`` what holds for all other values.

    Raises:
        Forbidden, NotFound
        AlreadyRunning: it goes on already.
        Conflict: the plan is another one than she saw.
        Invalid: what was chosen is not offered.
    """
    run = get(run_id, by=by)
    if run.status != Status.PLANNED:
        raise AlreadyRunning(run_id)
    chosen = {**dict.fromkeys(_going(run), otherwise), **choices}
    if otherwise not in (DEACTIVATE, KEEP) or not choices.keys() <= set(_going(run)):
        raise Invalid({"": N_("Choose one from the list.")})
    heirs = {code for code, _label in _active(run)} - chosen.keys()
    remap = {code: to for code, to in chosen.items() if to not in (DEACTIVATE, KEEP)}
    if not set(remap.values()) <= heirs:
        raise Invalid({"": N_("Choose the value that takes its place.")})
    _plan_anew(run_id, remap, [code for code, to in chosen.items() if to == KEEP], plan_hash)


def kept(code: str, *, by: User) -> list[PickListValue]:
    """Return the values of a list that are offered against Intacct, as a person decided.

    Raises:
        Forbidden, NotFound
    """
    need(RIGHT, by=by)
    managed = managed_lists.get(code)
    codes = session.scalar(select(ManagedListState.kept).where(ManagedListState.code == code))
    query = (
        select(PickListValue)
        .where(
            PickListValue.list_code == managed.pick_list,
            is_one_of(PickListValue.code, codes or []),
            PickListValue.deleted_at.is_(None),
        )
        .order_by(PickListValue.position, PickListValue.id)
    )
    return list(session.scalars(query.limit(_SHOWN)))


def keep_no_longer(code: str, value: str, *, by: User) -> None:
    """Take back that a value is kept: the next synchronization of the list decides about it.

    Raises:
        Forbidden
        NotFound: there is no such list, or it keeps no such value.
        AlreadyRunning: a run of the list has not ended; it was planned with what is kept.
    """
    need(RIGHT, by=by)
    managed_lists.get(code)
    with unit_of_work():
        state = list_states.locked(code)
        list_states.refuse_second(code)
        if value not in state.kept:
            raise NotFound
        state.kept = [each for each in state.kept if each != value]


def _going(run: Run) -> list[str]:
    with artefacts.read([part["name"] for part in run.artefacts]) as plan:
        return [row[0] for row in plan.ask(f"SELECT {_CODE} {_GOING}", [HERE, Tally.DEACTIVATED])]


def _plan_anew(run_id: int, remap: Mapping[str, str], kept: list[str], plan_hash: str) -> None:
    """Decide again about what has been read, with the choices, and run that plan."""
    with unit_of_work():
        run = session.get_one(Run, run_id, with_for_update=True)
        if run.status != Status.PLANNED:
            raise AlreadyRunning(run_id)
        if run.plan_hash != plan_hash:
            raise Conflict({}, message=planning.ANEW)
        before = session.scalar(
            select(ManagedListState.kept).where(ManagedListState.code == run.source["list"])
        )
        if not remap and not kept:
            run.source = {**run.source, "reviewed": True}
            planning.queue(run_id, plan_hash)
            return
        choices = {"reviewed": True, "remap": dict(remap), "kept": [*(before or ()), *kept]}
        run.source = {**run.source, **choices}
        run.mapping = {**run.mapping, "phase": "rows_here", "after": 0, "holders": None}
        run.status, run.cursor, run.artefacts, run.lease_until = Status.PLANNING.value, 0, [], None
        later("runs.work", run_id=run_id)
