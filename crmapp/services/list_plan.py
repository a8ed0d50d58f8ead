"""Plan a resync of a managed list: read every side, decide value by value, offer the plan.

Each step is committed with where it stands, so that planning goes on from there whoever dies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select

from crmapp import artefacts
from crmapp.artefacts import Artefact
from crmapp.connectors.errors import ConnectorError, QuotaExceeded, Retryable
from crmapp.db import after_commit, session, unit_of_work, utcnow
from crmapp.domain.list_values import (
    HERE,
    Scope,
    Tally,
    decide_here,
    decide_there,
    needs_a_person,
    wanted_there,
)
from crmapp.domain.plan import WRITTEN, Planned, PlanRow
from crmapp.domain.runs import Status
from crmapp.errors import FileLost, NotConnected, SecretsLost
from crmapp.models import ManagedListState, PickList, PickListValue, Run
from crmapp.services import (
    failures,
    list_join,
    list_stage,
    list_states,
    notifications,
    pick_list_uses,
    planning,
    replacement_plan,
)
from crmapp.services.apply import load
from crmapp.services.engine import Claim, checkpoint, end, put_off

_LONGEST_WORDS = 500
_ANEW = 3
"""So often planning begins anew because files are lost; then something is wrong with the disk."""
_DECIDED = ("reviewed", "remap", "kept")
TROUBLE = (ConnectorError, NotConnected, SecretsLost)
"""What may be wrong with another system or the connection to it."""


def advance(held: Claim) -> Claim | None:
    """Do the next step of the planning."""
    run = load(held.run_id)
    if run.cancel_requested:
        with unit_of_work():
            end(held, Status.CANCELLED)
        return None
    step = _STEPS[run.mapping["phase"]]
    try:
        return step(held, run)
    except TROUBLE as error:
        trouble(load(held.run_id), held, error)
    except FileLost:
        return _anew(held, load(held.run_id))
    return None


def _anew(held: Claim, run: Run) -> Claim:
    """Read all sides once more: what was written down of them is not forced to the disk.

    What a person decided was about the reading that is lost; she is asked again if need be.

    Raises:
        FileLost: that did not help before.
    """
    times = run.mapping.get("anew", 0) + 1
    if times > _ANEW:
        raise FileLost
    source = {name: value for name, value in run.source.items() if name not in _DECIDED}
    begin = list_states.beginning(source["list"], source["mode"])
    values: dict[str, Any] = {"source": source, "mapping": {**begin, "anew": times}}
    with unit_of_work():
        return checkpoint(held.moved(run.cursor), cursor=0, artefacts=[], **values)


def trouble(run: Run, held: Claim, error: ConnectorError | NotConnected | SecretsLost) -> None:
    """Try again later if that may help; else end the run and say what is wrong."""
    held = held.moved(run.cursor)
    remote = getattr(error, "remote", "")[:_LONGEST_WORDS]
    problem = failures.kept(error.message, {"remote": remote})
    if isinstance(error, Retryable):
        put_off(held, error.after, **problem)
        return
    until = error.until if isinstance(error, QuotaExceeded) else None
    code = run.source["list"]
    with unit_of_work():
        end(held, Status.FAILED, **problem)
        if isinstance(error, QuotaExceeded) and list_states.locked(code).every is not None:
            again = until or utcnow() + timedelta(hours=1)
            list_states.keep(code, due_at=again, whole_at=again)


def _read_source(held: Claim, run: Run) -> Claim | None:
    held = list_stage.read_source(held, run)
    run = load(held.run_id)
    if run.source["mode"] == "changes" and run.mapping["phase"] == "here" and not held.cursor:
        _leave_nothing(held, run)
        return None
    return held


def _leave_nothing(held: Claim, run: Run) -> None:
    """Nothing has changed: note how far we have looked; a run that is about nothing is not kept."""
    code, cursor = run.source["list"], run.mapping.get("cursor")
    with unit_of_work():
        checkpoint(held)
        list_states.keep(code, cursor=cursor or {}, kept=list_states.still_kept(run))
        session.execute(delete(Run).where(Run.id == held.run_id, Run.fence == held.fence))
        after_commit(lambda: artefacts.clear(held.run_id))


def _rows_here(held: Claim, run: Run) -> Claim:
    """Decide about the next values here; before the first, about the list itself."""
    if run.source["mode"] == "push":
        return list_stage.keep(held, run, [], phase="holders", after=0)
    next_, scope = list_join.next_values(run, "same_here"), _scope(run)
    rows, place = list[PlanRow](), dict[str, Any](after=next_.until)
    if not next_.after:
        rows += _list_itself(run)
        place["back"] = sorted(list_join.agreed(run, scope.kept))
    for value in next_.differing:
        rows += decide_here(value, scope, held.cursor + len(rows) + 1)
    rows = _with_uses(scope.list_code, rows)
    beside = list_join.unchanged_here(run, next_, held.cursor + len(rows))
    if not next_.more:
        place |= {"phase": "holders", "after": 0}
    return list_stage.keep(held, run, rows, beside, **place)


def _scope(run: Run) -> Scope:
    pick_list = list_stage.of(run).pick_list
    last = select(func.max(PickListValue.position)).where(PickListValue.list_code == pick_list)
    kept = run.source.get("kept")
    if kept is None:
        kept = session.scalar(
            select(ManagedListState.kept).where(ManagedListState.code == run.source["list"])
        )
    place = session.scalar(last) or 0
    return Scope(pick_list, run.source["mode"], place, frozenset(kept or ()))


def _list_itself(run: Run) -> list[PlanRow]:
    """Return the row that makes the pick list, or brings it back, if it is not there."""
    code, titles = list_stage.of(run).pick_list, run.source["titles"]
    there = session.scalars(select(PickList).where(PickList.code == code)).one_or_none()
    if there is not None and there.deleted_at is None:
        return []
    base: dict[str, Any] = {"row_no": 1, "object": "pick_list", "key": code, "name": titles["en"]}
    if there is not None:
        base |= {"record_id": there.id, "version": there.version}
        return [PlanRow(action=Planned.RESTORE, **base)]
    labels = {f"label_{locale}": [None, title] for locale, title in titles.items()}
    return [PlanRow(action=Planned.CREATE, fields={"code": [None, code], **labels}, **base)]


def _with_uses(pick_list: str, rows: list[PlanRow]) -> list[PlanRow]:
    """Say with each value that would go how many records hold it."""
    going = [row.params["code"] for row in rows if row.params.get("tally") == Tally.DEACTIVATED]
    held = pick_list_uses.counts(pick_list, going) if going else {}
    return [
        row._replace(params={**row.params, "uses": held[row.params["code"]]})
        if row.params.get("code") in held and row.params["tally"] == Tally.DEACTIVATED
        else row
        for row in rows
    ]


def _holders(held: Claim, run: Run) -> Claim:
    """Plan that the next records which hold a value that goes get another, as was decided."""
    remap: dict[str, str] = run.source.get("remap", {})
    if remap:
        pick_list, place = list_stage.of(run).pick_list, run.mapping.get("holders")
        found, place = replacement_plan.holders(pick_list, remap, place)
        if found:
            rows = [row._replace(row_no=held.cursor + n) for n, row in enumerate(found, 1)]
            return list_stage.keep(held, run, rows, holders=place)
    phase = "rows_there" if run.source["there"] else "offer"
    return list_stage.keep(held, run, [], phase=phase, after=0)


def _rows_there(held: Claim, run: Run) -> Claim:
    """Decide about the next values in Salesforce, by what they will be here."""
    blindly = run.source["mode"] == "changes"
    next_ = list_join.next_values(run, "same_here" if blindly else "same_there")
    scope, rows = _scope(run), list[PlanRow]()
    for value in next_.differing:
        blind = decide_here(value, scope, 0)[0].params["tally"] if blindly else None
        if blind is Tally.UNCHANGED:
            continue  # it was read once more: readings overlap
        number = held.cursor + len(rows) + 1
        row = decide_there(wanted_there(value, scope), value.there, number, blind)
        rows += [row] if row else []
    beside = None if blindly else list_join.unchanged_there(run, next_, held.cursor + len(rows))
    place = {"after": next_.until} if next_.more else {"after": 0, "phase": "offer"}
    return list_stage.keep(held, run, rows, beside, **place)


def _offer(held: Claim, run: Run) -> None:
    """Make the plan of its parts, and run it unless a person has to look at it before."""
    plan = planning.join_parts(held, run)
    counts = planning.count_actions(plan)
    if run.source["mode"] == "changes" and not any(map(counts.get, WRITTEN)):
        _leave_nothing(held, run)
        return
    waits = not run.source.get("reviewed") and _needs_a_person(run, plan)
    status = Status.PLANNED if waits else Status.QUEUED
    with unit_of_work():
        planning.offer(held, status, plan, counts)
        if waits:
            notifications.run_waits(held.run_id)


def _needs_a_person(run: Run, plan: Artefact) -> bool:
    tally = "json_extract_string(params, '$.tally')"
    with artefacts.read([plan.name]) as file:
        ((deactivated, in_use),) = file.ask(
            "SELECT count(*), count(json_extract_string(params, '$.uses')) FROM plan"  # noqa: S608  (our own text)
            f" WHERE object = ? AND action = 'update' AND {tally} = ?",
            [HERE, Tally.DEACTIVATED],
        )
    active = select(func.count()).where(
        PickListValue.list_code == list_stage.of(run).pick_list,
        PickListValue.active,
        PickListValue.deleted_at.is_(None),
    )
    return needs_a_person(deactivated, in_use, session.scalar(active) or 0)


_STEPS: Mapping[str, Callable[[Claim, Run], Claim | None]] = {
    "source": _read_source,
    "here": list_stage.read_here,
    "there": list_stage.read_there,
    "join": list_join.join,
    "rows_here": _rows_here,
    "holders": _holders,
    "rows_there": _rows_there,
    "offer": _offer,
}
