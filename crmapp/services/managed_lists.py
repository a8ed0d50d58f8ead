"""The lists that Intacct owns: which there are, synchronize one now, or on a schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import aliased, joinedload

from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.list_values import FRENCH
from crmapp.domain.managed_lists import MANAGED_LISTS, ManagedList
from crmapp.domain.permissions import Right
from crmapp.domain.runs import ENDED, Status
from crmapp.domain.schedule import has_come
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.i18n import N_
from crmapp.models import ManagedListState, PickListValue, Run, User
from crmapp.services import audit, list_states, pick_list_uses, remotes
from crmapp.services.engine import enqueue
from crmapp.services.list_stage import SALESFORCE
from crmapp.services.list_states import INTACCT, KIND
from crmapp.services.pick_list_uses import Use
from crmapp.services.rights import need

RIGHT = Right.INTEGRATION_MANAGE
EVERY = (15, 60, 240, 1440)
"""Minutes between two readings of what changed, as people may choose them."""
NOT_CONNECTED = N_("Connect Sage Intacct first: the lists are read from there.")
_NIGHT = time(2, 30)
_AT_ONCE = 20


@dataclass(frozen=True)
class Listed:
    """A managed list as its page tells of it: how far it is, and where it is used here.

    ``running`` is the run that has not ended, ``waits`` whether that one waits for a person;
    ``held`` is how many records hold one of its values.
    """

    managed: ManagedList
    synced_at: datetime | None
    every: int | None
    due_at: datetime | None
    running: int | None
    waits: bool
    values: int
    uses: Sequence[Use]
    held: int


def listed(*, by: User) -> list[Listed]:
    """Return the managed lists, in the order of the catalogue.

    Raises:
        Forbidden: she lacks the right.
    """
    need(RIGHT, by=by)
    states = {each.code: each for each in session.scalars(select(ManagedListState))}
    uses = pick_list_uses.everywhere()
    query = (
        select(PickListValue.list_code, func.count())
        .where(PickListValue.active, PickListValue.deleted_at.is_(None))
        .group_by(PickListValue.list_code)
    )
    counts = {row[0]: row[1] for row in session.execute(query)}
    return [_listed(each, states.get(each.code), counts, uses) for each in MANAGED_LISTS.values()]


def _listed(
    managed: ManagedList,
    state: ManagedListState | None,
    counts: dict[str, int],
    uses: dict[str, list[Use]],
) -> Listed:
    running = list_states.open_run(managed.code)
    mine = uses.get(managed.pick_list, [])
    status = session.scalar(select(Run.status).where(Run.id == running)) if running else None
    return Listed(
        managed,
        state.synced_at if state else None,
        state.every if state else None,
        state.due_at if state else None,
        running,
        status == Status.PLANNED,
        counts.get(managed.pick_list, 0),
        mine,
        pick_list_uses.held(mine),
    )


def missing() -> list[str]:
    """Return the systems that are not connected and that a resync speaks with."""
    return [system for system in (INTACCT, SALESFORCE) if system not in remotes.connected()]


def get(code: str) -> ManagedList:
    """Return a managed list.

    Raises:
        NotFound: there is none with this code.
    """
    if code not in MANAGED_LISTS:
        raise NotFound
    return MANAGED_LISTS[code]


def history(code: str, *, by: User, limit: int = 20) -> list[Run]:
    """Return the list's runs, newest first.

    Raises:
        Forbidden, NotFound
    """
    need(RIGHT, by=by)
    query = (
        select(Run)
        .where(Run.kind == KIND, Run.lock_key == list_states.lock_key(get(code)))
        .options(joinedload(Run.by))
    )
    return list(session.scalars(query.order_by(Run.id.desc()).limit(limit)))


def synchronize(code: str, *, by: User) -> int:
    """Have a list read whole and written here and in Salesforce; return the run's id.

    Raises:
        Forbidden, NotFound
        Conflict: Intacct is not connected.
        AlreadyRunning: a run of the list, or the undo of one, has not ended; carries its id.
    """
    need(RIGHT, by=by)
    managed = get(code)
    if INTACCT not in remotes.connected():
        raise Conflict({}, message=NOT_CONNECTED)
    with unit_of_work():
        list_states.locked(code)
        list_states.refuse_second(code)
        return _queue(managed, "all", by)


def _queue(managed: ManagedList, mode: str, by: User | None) -> int:
    """Inside a unit of work that holds the list's row: add the run."""
    run = Run(
        kind=KIND,
        title=managed.label,
        status=Status.PLANNING.value,
        source={
            "kind": KIND,
            "list": managed.code,
            "mode": mode,
            "there": SALESFORCE in remotes.connected(),
            "origin": {"kind": KIND, "list": managed.pick_list},
            "titles": {"en": managed.label, "fr": FRENCH[managed.code]},
        },
        mapping=list_states.beginning(managed.code, mode),
        lock_key=list_states.lock_key(managed),
        by_id=by.id if by else None,
    )
    return enqueue(run)


def schedule(code: str, every: int | None, *, by: User) -> None:
    """Have what changed read every so many minutes, and the whole list each night; or neither.

    Raises:
        Forbidden, NotFound
        Invalid: it is none of :data:`EVERY`.
        Conflict: Intacct is not connected.
    """
    need(RIGHT, by=by)
    get(code)
    if every is not None and INTACCT not in remotes.connected():
        raise Conflict({}, message=NOT_CONNECTED)
    if every is not None and every not in EVERY:
        raise Invalid({"every": N_("Choose one from the list.")})
    now = utcnow()
    with unit_of_work():
        list_states.locked(code)
        list_states.keep(
            code,
            every=every,
            due_at=None if every is None else now + timedelta(minutes=every),
            whole_at=None if every is None else _night(now),
        )
        audit.note("schedule_set", by=by, about="list", about_id=code, every=every)


def _night(now: datetime) -> datetime:
    """Return the next moment at which lists are compared as a whole."""
    tonight = datetime.combine(now.date(), _NIGHT, now.tzinfo)
    return tonight if tonight > now else tonight + timedelta(days=1)


def start_due() -> list[int]:
    """Start what is scheduled, and tell Salesforce what an undo took back here.

    A list that has an open run is left until that ends.
    """
    codes = [*_due(), *_undone()]
    session.rollback()
    if not codes or INTACCT not in remotes.connected():
        return []
    session.rollback()
    return [run for code in dict.fromkeys(codes[:_AT_ONCE]) if (run := _start(code)) is not None]


def _due() -> list[str]:
    now = utcnow()
    scheduled = select(ManagedListState).where(ManagedListState.every.is_not(None))
    return [
        each.code
        for each in session.scalars(scheduled)
        if has_come(each.due_at, now) or has_come(each.whole_at, now)
    ]


def _undone() -> list[str]:
    """Return the lists of which a run was undone since Salesforce was written last."""
    undone = select(ManagedListState.code, ManagedListState.undo_id).where(
        ManagedListState.synced_at.is_not(None)
    )
    return [code for code, known in session.execute(undone) if _last_undo(code) > known]


def _broke_off(code: str) -> bool:
    """Whether the last run of the list did not do all it should: only the whole list tells what."""
    query = select(Run.status).where(
        Run.kind == KIND, Run.lock_key == list_states.lock_key(MANAGED_LISTS[code])
    )
    last = session.scalar(query.order_by(Run.id.desc()).limit(1))
    return last in (Status.FAILED, Status.CANCELLED)


def _last_undo(code: str) -> int:
    run, undo = aliased(Run), aliased(Run)
    query = (
        select(func.max(undo.id))
        .join(run, undo.undoes_id == run.id)
        .where(
            run.kind == KIND,
            run.lock_key == list_states.lock_key(MANAGED_LISTS[code]),
            undo.status.in_([status.value for status in ENDED]),
        )
    )
    return session.scalar(query) or 0


def _start(code: str) -> int | None:
    with unit_of_work():
        state, now = list_states.locked(code), utcnow()
        if (list_states.open_run(code) or list_states.open_undo(code)) is not None:
            return None
        undone = _last_undo(code)
        if undone > state.undo_id and SALESFORCE in remotes.connected():
            state.undo_id = undone
            return _queue(MANAGED_LISTS[code], "push", None)
        if state.every is None:
            return None
        whole = has_come(state.whole_at, now)
        if not whole and not has_come(state.due_at, now):
            return None
        whole = whole or not state.cursor or _broke_off(code)
        state.due_at = now + timedelta(minutes=state.every)
        if whole:
            state.whole_at = _night(now)
        return _queue(MANAGED_LISTS[code], "all" if whole else "changes", None)
