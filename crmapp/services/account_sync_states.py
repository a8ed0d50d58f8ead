"""How far each account is on its way to other systems: what waits, what was offered, accepted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, select, true, update
from sqlalchemy.schema import Table

from crmapp.db import session, utcnow
from crmapp.db.bulk import insert_into, is_one_of, merge_rows
from crmapp.domain.runs import ACTIVE, Status
from crmapp.models import Account, AccountSync, Run, RunException, SyncClock
from crmapp.services import sync_options

KIND = "account_sync"
OBJECT = "account"
SYNCED, REFUSED, HELD = "synced", "rejected", "held"
ALSO = "also"
"""Under this name, what was refused says what the other system said in the same run."""
_OPEN = [status.value for status in (*ACTIVE, Status.PLANNED)]
RULES = "rules"
"""Beside the systems, the clock's cursors say by which rows of the map accounts were compared."""
WORKED = "worked"
"""Under this name they say the keys of all rows of which both fields were there once."""
RESTING = "resting"
"""And under this one the keys of those that lacked a field when the rows were looked at last."""
REST = timedelta(minutes=15)
"""For so long nothing begins by itself after a run that failed or was cancelled."""
_LONGEST_REST = 24 * 60
"""In minutes, until an account that was refused is tried again."""
_TABLE = cast("Table", AccountSync.__table__)
_SEEN = _TABLE.c.offered["pending"].as_integer().label("seen")
_REFUSING = ("state", "problem", "run_id", "attempts", "pending", "seen")
_NEW: Mapping[str, Any] = {
    "state": "", "cause": "", "problem": {}, "attempts": 0,
    "accepted": {}, "hashes": {}, "offered": {},
}  # fmt: skip


def changed_here(changes: Iterable[Mapping[str, Any]], at: datetime) -> None:
    """Inside a unit of work: note the accounts of ``changes``, but for those that a sync made.

    A sync that rests is told as well: what changes meanwhile is carried over when it goes on.
    """
    if sync_options.was_set():
        ours = [each for each in changes if each["source"].get("kind") != KIND]
        _mark(((each["record_id"], each["id"]) for each in ours), at)


def changed_there(accounts: Iterable[int]) -> None:
    """Inside a unit of work: note that records of these accounts were changed elsewhere."""
    known = of(accounts := sorted(accounts), "pending", lock=True)
    waits = {each for each, row in known.items() if row.pending is not None}
    _mark(((each, 0) for each in accounts if each not in waits), utcnow())


def _mark(changes: Iterable[tuple[int, int]], at: datetime) -> None:
    # In the order in which a run locks them, so that nobody deadlocks.
    rows = [
        {"account_id": account, "pending": change, "pending_at": at, **_NEW}
        for account, change in sorted(dict(changes).items())
    ]
    merge_rows(_TABLE, rows, ["account_id"], ["pending", "pending_at"])


def of(accounts: Sequence[int], *names: str, lock: bool = False) -> dict[int, Any]:
    """Return how it stands with each of ``accounts``, as far as something is known of it.

    All of it is much; ``names`` are the columns that are needed, ``seen`` is what waited when the
    offer was made.

    ``lock`` it inside a unit of work only: the accounts first, as the door does, because a row that
    is new here asks for its account. Else a person's edit and a run would wait for each other.
    """
    if lock:
        own = Account.__table__.c.id
        first = select(own).where(is_one_of(own, accounts)).order_by(own)
        session.execute(first.with_for_update(read=True, key_share=True)).all()
    wanted = [_SEEN if each == "seen" else _TABLE.c[each] for each in ("account_id", *names)]
    query = select(*wanted) if names else select(_TABLE)
    query = query.where(is_one_of(_TABLE.c.account_id, accounts)).order_by(_TABLE.c.account_id)
    rows = session.execute(query.with_for_update() if lock else query)
    return {row.account_id: row for row in rows}


def put_down(rows: Sequence[Mapping[str, Any]]) -> None:
    """Inside a unit of work: keep values of accounts; each row has the same names of columns."""
    if rows:
        names = [name for name in rows[0] if name != "account_id"]
        merge_rows(_TABLE, [{**_NEW, **row} for row in rows], ["account_id"], names)


def still(now: int | None, seen: int | None) -> int | None:
    """Return what goes on waiting of an account: what came after ``seen`` was read."""
    return now if now != seen else None


def settled(
    account_id: int, pending: int | None, offered: Mapping[str, Any], run_id: int
) -> dict[str, Any]:
    """Return the values of an account when what was offered is accepted by all sides.

    An account that is ``alone`` has no record anywhere else, and none is to be made.
    ``pending`` is what waits by now: what came after the offer was made goes on waiting.
    """
    problems = offered["problems"]
    return {
        "account_id": account_id,
        "accepted": offered["kept"],
        "hashes": offered["hashes"],
        "offered": {},
        "offered_run": None,
        "state": HELD if problems else "" if offered.get("alone") else SYNCED,
        "cause": HELD if problems else "",
        "problem": {"rows": problems} if problems else {},
        "attempts": 0,
        "retry_at": None,
        "run_id": run_id,
        "synced_at": utcnow(),
        "pending": still(pending, offered["pending"]),
    }


def all_changed(rules: str, worked: Iterable[str], resting: Iterable[str]) -> None:
    """Inside a unit of work: have all accounts looked at that are known, because ``rules`` are new.

    What was accepted by other rows says nothing: without it, who edits an account next would be
    taken for one of several who differ, and not for the one who changed it. ``worked`` are the keys
    of those of which both fields are there, ``resting`` of those that worked once and lack one.
    """
    row = clock(lock=True)
    _wait(true())
    known = sorted({*row.cursors.get(WORKED, ()), *worked})
    row.cursors = {**row.cursors, RULES: rules, WORKED: known, RESTING: [*resting]}


def begun(run_id: int) -> None:
    """Inside a unit of work: from the first write on, all that a run offers waits until settled."""
    _wait(AccountSync.offered_run == run_id)


def _wait(which: ColumnElement[bool]) -> None:
    session.execute(
        update(AccountSync)
        .where(which, AccountSync.pending.is_(None))
        .values(pending=0, pending_at=utcnow())
        .execution_options(synchronize_session=False)
    )


def settle_next(run_id: int, most: int) -> bool:
    """Inside a unit of work: settle the next accounts of a run of which nothing was left out.

    Return whether there may be more.
    """
    left_out = select(RunException.record_id).where(
        RunException.run_id == run_id, RunException.record_id.is_not(None)
    )
    query = (
        select(_TABLE.c.account_id, _TABLE.c.pending, _TABLE.c.offered)
        .where(_TABLE.c.offered_run == run_id, _TABLE.c.account_id.not_in(left_out))
        .order_by(_TABLE.c.account_id)
        .limit(most)
        .with_for_update()
    )
    found = session.execute(query).all()
    put_down([settled(*row, run_id) for row in found])
    return len(found) == most


def refuse(problems: Mapping[int, Mapping[str, Any]], run_id: int) -> None:
    """Inside a unit of work: note which accounts a system refused, and when each is tried again.

    ``problems`` are account → system, code, said, text, params and fields.
    """
    now = utcnow()
    rows = of(sorted(problems), *_REFUSING, lock=True)
    # That the other system refused it in this run, too, is no attempt of its own.
    both = {
        account: row.problem
        for account, row in rows.items()
        if row.state == REFUSED and row.run_id == run_id
    }
    before = {account: row.attempts - (account in both) for account, row in rows.items()}
    put_down(
        [
            {
                "account_id": account_id,
                "state": REFUSED,
                "cause": f"{problems[account_id]['system']}:{problems[account_id]['code']}",
                "problem": _with(problems[account_id], both.get(account_id)),
                "run_id": run_id,
                "attempts": before[account_id] + 1,
                "retry_at": now + _pause(before[account_id]),
                # What was offered waits for its time now; what came after it does not.
                "pending": still(row.pending, row.seen),
            }
            for account_id, row in rows.items()
        ]
    )


def _with(problem: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a problem with the one that the other system had before, in the same run."""
    if before is None or before["system"] == problem["system"]:
        return dict(problem)
    return {**problem, ALSO: [{name: each for name, each in before.items() if name != ALSO}]}


def _pause(attempts: int) -> timedelta:
    return timedelta(minutes=min(5 * 2**attempts, _LONGEST_REST))


def open_run() -> int | None:
    """Return the run of the accounts that has not ended; it may wait for a person."""
    query = select(Run.id).where(Run.kind == KIND, Run.status.in_(_OPEN))
    return session.scalar(query.order_by(Run.id).limit(1))


def clock(*, lock: bool = False) -> SyncClock:
    """Return how far the systems were read; ``lock`` it inside a unit of work only."""
    if not lock:
        return session.get(SyncClock, OBJECT) or SyncClock(object=OBJECT, cursors={})
    made = insert_into(SyncClock).values(object=OBJECT, cursors={})
    session.execute(made.on_conflict_do_nothing(index_elements=["object"]))
    return session.get_one(SyncClock, OBJECT, with_for_update=True, populate_existing=True)


def keep_clock(**values: Any) -> None:
    """Inside a unit of work: note how far the systems were read."""
    clock(lock=True)
    session.execute(
        update(SyncClock)
        .where(SyncClock.object == OBJECT)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def keep_cursor(system: str, cursor: Mapping[str, Any] | None) -> None:
    """Inside a unit of work: note where the reading of a system goes on."""
    row = clock(lock=True)
    row.cursors = {**row.cursors, str(system): dict(cursor or {})}


def forget_cursor(system: str) -> None:
    """Inside a unit of work: have a system read from the beginning, because it is another one."""
    row = session.get(SyncClock, OBJECT, with_for_update=True)
    if row is not None:
        row.cursors = {name: each for name, each in row.cursors.items() if name != system}
