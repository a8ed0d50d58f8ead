"""How far each managed list is, who owns a pick list, and which run of a list is open."""

from __future__ import annotations

from sqlalchemy import exists, select, update
from sqlalchemy.orm import aliased

from crmapp.db import session
from crmapp.db.bulk import insert_into
from crmapp.domain.managed_lists import MANAGED_LISTS, ManagedList
from crmapp.domain.runs import ACTIVE, Status
from crmapp.errors import AlreadyRunning, OwnedElsewhere
from crmapp.i18n import N_
from crmapp.models import ManagedListState, Run
from crmapp.services import remotes

KIND = "managed_list"
INTACCT = "intacct"
OWNED = N_("Sage Intacct owns this list. Change its values there; they follow by themselves.")
SYNCHRONIZING = N_("This list is being synchronized already.")
UNDOING = N_("A run of this list is being undone. Try again when that has ended.")
_OPEN = [status.value for status in (*ACTIVE, Status.PLANNED)]


def owner_of(pick_list: str) -> ManagedList | None:
    """Return the managed list that owns a pick list here; None if it is kept by hand.

    It is once Intacct is not connected any more: nothing would ever change it then.
    """
    codes = [each.code for each in MANAGED_LISTS.values() if each.pick_list == pick_list]
    synced = ManagedListState.synced_at.is_not(None)
    owned = select(exists().where(ManagedListState.code.in_(codes), synced))
    if not codes or not session.scalar(owned) or INTACCT not in remotes.connected():
        return None
    return MANAGED_LISTS[codes[0]]


def refuse_owned(pick_list: str) -> None:
    """Refuse to change a pick list by hand that Intacct owns.

    Raises:
        OwnedElsewhere: it does.
    """
    if owner_of(pick_list) is not None:
        raise OwnedElsewhere(OWNED)


def lock_key(managed: ManagedList) -> str:
    """Return what keeps runs that write this list apart: as for replacements of its values."""
    return f"pick_list:{managed.pick_list}"


def open_run(code: str) -> int | None:
    """Return the run of the list that has not ended; it may wait for a person."""
    managed = MANAGED_LISTS[code]
    query = select(Run.id).where(
        Run.kind == KIND, Run.lock_key == lock_key(managed), Run.status.in_(_OPEN)
    )
    return session.scalar(query.order_by(Run.id).limit(1))


def open_undo(code: str) -> int | None:
    """Return the undo of a run of the list that has not ended."""
    run, undo = aliased(Run), aliased(Run)
    query = (
        select(undo.id)
        .join(run, undo.undoes_id == run.id)
        .where(
            run.kind == KIND,
            run.lock_key == lock_key(MANAGED_LISTS[code]),
            undo.status.in_(_OPEN),
        )
    )
    return session.scalar(query.order_by(undo.id).limit(1))


def refuse_second(code: str) -> None:
    """Inside a unit of work that holds the list's row: refuse to write the list twice at a time.

    What is planned while something else writes would be planned on what is no more.

    Raises:
        AlreadyRunning: a run of the list, or the undo of one, has not ended; carries its id.
    """
    for busy, why in ((open_run(code), SYNCHRONIZING), (open_undo(code), UNDOING)):
        if busy is not None:
            raise AlreadyRunning(busy, why)


def locked(code: str) -> ManagedListState:
    """Inside a unit of work: return the list's row, made if there is none, held until the end."""
    made = insert_into(ManagedListState).values(code=code, cursor={}, kept=[], undo_id=0)
    session.execute(made.on_conflict_do_nothing(index_elements=["code"]))
    return session.get_one(ManagedListState, code, with_for_update=True, populate_existing=True)


def told_status(code: str) -> bool:
    """Say whether Intacct told the status of a list's values when it was read last, or before."""
    last = select(Run.mapping).join(ManagedListState, ManagedListState.run_id == Run.id)
    mapping = session.scalar(last.where(ManagedListState.code == code)) or {}
    return bool(mapping.get("told", mapping.get("status")))


def beginning(code: str, mode: str) -> dict[str, object]:
    """Return where the planning of a run begins; changes are read from where the list stands."""
    cursor = select(ManagedListState.cursor).where(ManagedListState.code == code)
    return {
        "phase": "here" if mode == "push" else "source",
        "cursor": session.scalar(cursor) if mode == "changes" else None,
        "after": 0,
    }


def still_kept(run: Run) -> list[str]:
    """Inside a unit of work: return what is kept against Intacct once a reading is carried out.

    A value that Intacct has active again is not; if it goes once more, that is asked anew.
    """
    kept = run.source.get("kept", locked(run.source["list"]).kept)
    return [code for code in dict.fromkeys(kept) if code not in run.mapping.get("back", ())]


def keep(code: str, **values: object) -> None:
    """Inside a unit of work: note how far the list is."""
    locked(code)
    session.execute(
        update(ManagedListState)
        .where(ManagedListState.code == code)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
