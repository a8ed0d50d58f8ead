"""How far each account is on its way to other systems: what waits, what was offered, accepted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import select, update
from sqlalchemy.schema import Table

from crmapp.db import session, utcnow
from crmapp.db.bulk import insert_into, is_one_of, merge_rows
from crmapp.domain.runs import ACTIVE, Status
from crmapp.models import AccountSync, Run, RunException, SyncClock
from crmapp.services import sync_options

KIND = "account_sync"
OBJECT = "account"
SYNCED, REFUSED, HELD = "synced", "rejected", "held"
_OPEN = [status.value for status in (*ACTIVE, Status.PLANNED)]
_LONGEST_REST = 24 * 60
_TABLE = cast("Table", AccountSync.__table__)
_NEW: Mapping[str, Any] = {
    "state": "", "cause": "", "problem": {}, "attempts": 0,
    "accepted": {}, "hashes": {}, "offered": {},
}  # fmt: skip


def changed_here(changes: Iterable[tuple[int, int]], at: datetime) -> None:
    """Inside a unit of work: note that accounts were changed; ``changes`` are (account, change)."""
    if sync_options.options().enabled:
        _mark(changes, at)


def changed_there(accounts: Iterable[int]) -> None:
    """Inside a unit of work: note that records of these accounts were changed elsewhere."""
    waiting = select(_TABLE.c.account_id).where(
        is_one_of(_TABLE.c.account_id, accounts := sorted(accounts)), _TABLE.c.pending.is_not(None)
    )
    known = set(session.scalars(waiting))
    _mark(((each, 0) for each in accounts if each not in known), utcnow())


def _mark(changes: Iterable[tuple[int, int]], at: datetime) -> None:
    latest = dict(changes)
    rows = [
        {"account_id": account, "pending": change, "pending_at": at, **_NEW}
        for account, change in latest.items()
    ]
    merge_rows(_TABLE, rows, ["account_id"], ["pending", "pending_at"])


def of(accounts: Sequence[int], *, lock: bool = False) -> dict[int, AccountSync]:
    """Return how it stands with each of ``accounts``, as far as something is known of it."""
    query = (
        select(AccountSync)
        .where(is_one_of(AccountSync.account_id, accounts))
        .order_by(AccountSync.account_id)
        .execution_options(populate_existing=True)
    )
    found = session.scalars(query.with_for_update() if lock else query)
    return {each.account_id: each for each in found}


def put_down(rows: Sequence[Mapping[str, Any]]) -> None:
    """Inside a unit of work: keep values of accounts; each row has the same names of columns."""
    if rows:
        names = [name for name in rows[0] if name != "account_id"]
        merge_rows(_TABLE, [{**_NEW, **row} for row in rows], ["account_id"], names)


def settle(account: AccountSync, offered: Mapping[str, Any], run_id: int, at: datetime) -> None:
    """Inside a unit of work that holds the row: what was offered was accepted by all sides."""
    problems = offered["problems"]
    account.accepted, account.hashes = offered["kept"], offered["hashes"]
    account.offered, account.offered_run = {}, None
    account.state, account.cause = (HELD, "held") if problems else (SYNCED, "")
    account.problem = {"rows": problems} if problems else {}
    account.attempts, account.retry_at = 0, None
    account.run_id, account.synced_at = run_id, at
    if account.pending == offered["pending"]:
        account.pending, account.pending_at = None, None


def settle_next(run_id: int, after: int, most: int) -> int | None:
    """Inside a unit of work: settle the next accounts of a run of which nothing was left out.

    Return the last one, None if there are no more.
    """
    left_out = select(RunException.record_id).where(
        RunException.run_id == run_id, RunException.record_id.is_not(None)
    )
    query = (
        select(AccountSync)
        .where(AccountSync.offered_run == run_id, AccountSync.account_id > after)
        .where(AccountSync.account_id.not_in(left_out))
        .order_by(AccountSync.account_id)
        .limit(most)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found, at = session.scalars(query).all(), utcnow()
    for each in found:
        settle(each, each.offered, run_id, at)
    session.flush()
    return found[-1].account_id if found else None


def refuse(problems: Mapping[int, Mapping[str, Any]], run_id: int) -> None:
    """Inside a unit of work: note which accounts a system refused, and when each is tried again.

    ``problems`` are account → system, code, said, text, params and fields.
    """
    now = utcnow()
    for account_id, row in of(sorted(problems), lock=True).items():
        problem = problems[account_id]
        row.state, row.problem = REFUSED, dict(problem)
        row.cause = f"{problem['system']}:{problem['code']}"
        row.run_id, row.attempts = run_id, row.attempts + 1
        row.retry_at = now + timedelta(minutes=min(5 * 2**row.attempts, _LONGEST_REST))
        if row.pending is not None and row.pending == row.offered.get("pending"):
            row.pending, row.pending_at = None, None  # it waits for its time now
    session.flush()


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
    row.cursors = {**row.cursors, system: dict(cursor or {})}
