"""How the sync of accounts is doing: what waits, what is wrong and why, and of one account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from crmapp.db import session, utcnow
from crmapp.domain.field_rules import Side
from crmapp.domain.runs import WRONG, Status
from crmapp.i18n import N_, Text
from crmapp.models import Account, AccountSync, Run, SyncClock, User
from crmapp.services import (
    account_sync_pairs,
    account_sync_read,
    account_sync_states,
    engine,
    failures,
    field_maps,
    sync_options,
)
from crmapp.services.account_sync import RIGHT, missing
from crmapp.services.account_sync_problems import (
    Problem,
    Refusal,
    labels,
    problems,
    refusals,
    repair,
    repairs,
    with_keepers,
)
from crmapp.services.account_sync_states import (
    HELD,
    KIND,
    OBJECT,
    REFUSED,
    RESTING,
    SYNCED,
)
from crmapp.services.rights import need

_AWAY = N_("Not connected: %(systems)s. It is carried over once everything is.")
_PLAN = N_("A prepared run waits until somebody has looked at it; the account follows then.")
_STRANDED = N_("Another version of crmapp left a run behind, which an administrator has to cancel.")
_RESTS = N_("After a failure or a used-up quota, the synchronization rests for a while.")
_MOST = 50
_ALONE, _CHANGED, _NEVER = "alone", "changed", "never"


@dataclass(frozen=True)
class Cause:
    """Accounts that are not as they should be for one reason.

    ``refusals`` and ``problem`` are what is said of the first of ``examples``.
    """

    cause: str
    system: str
    code: str
    count: int
    refusals: tuple[Refusal, ...]
    problem: Text | None
    repair: Text
    examples: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Health:
    """``lag_since`` is when the oldest change was made that still waits.

    ``synced`` are accounts that are the same everywhere, so that none of them waits; ``alone`` are
    those that no other system has, and that are not to be created there; ``resting`` the names of
    rows of the field map that worked, until a field was gone; ``outdated`` says that all accounts
    are to be compared anew, by rows that have changed.
    """

    enabled: bool
    missing: tuple[str, ...]
    total: int
    synced: int
    waiting: int
    never: int
    refused: int
    held: int
    alone: int
    lag_since: datetime | None
    good_at: datetime | None
    due_at: datetime | None
    rest_until: datetime | None
    running: Run | None
    last: Run | None
    problem: Text | None
    causes: tuple[Cause, ...]
    resting: tuple[str, ...] = ()
    outdated: bool = False
    stranded: bool = False
    """Whether the run that has not ended was left by another version: nobody goes on with it."""

    @property
    def good(self) -> bool:
        """Whether all is well: not while anything is missing, refused, in conflict or failed."""
        wrong = self.refused or self.held or self.waiting or self.never or self.outdated
        return self.enabled and not (self.missing or wrong or self.problem or self.resting)


def health(*, by: User) -> Health:
    """Return how the sync is doing.

    Raises:
        Forbidden: ``by`` may not manage integrations.
    """
    need(RIGHT, by=by)
    counts = _counts()
    waiting, since = session.execute(
        select(func.count(), func.min(AccountSync.pending_at)).where(
            AccountSync.pending.is_not(None)
        )
    ).one()
    clock, rules = account_sync_states.clock(), account_sync_read.mark()
    running, last = _runs()
    return Health(
        enabled=sync_options.options().enabled,
        missing=tuple(missing()),
        total=counts.total(),
        synced=counts[SYNCED],
        waiting=waiting,
        never=counts[_NEVER],
        refused=counts[REFUSED],
        held=counts[HELD],
        alone=counts[_ALONE],
        lag_since=since,
        good_at=clock.good_at,
        due_at=clock.due_at,
        rest_until=clock.rest_until,
        running=running,
        last=last,
        problem=failures.reason(last) if last is not None and last.status in WRONG else None,
        causes=tuple(_causes()),
        resting=_resting(),
        stranded=running is not None and engine.stranded(running),
        outdated=clock.cursors.get(account_sync_states.RULES, rules) != rules,
    )


def _resting() -> tuple[str, ...]:
    """Return the names of the rows that worked, until a field was gone."""
    if not field_maps.is_described():
        return ()
    found = account_sync_read.gone(account_sync_read.rules(), field_maps.shapes())
    names = labels() if found else {}
    return tuple(names[each.key] for each in found)


def _counts() -> Counter[str]:
    """Return how many of the accounts that take part are in each state.

    One that was the same everywhere, and waits since it was changed, is in a state of its own.
    """
    reached, waits = AccountSync.synced_at.is_not(None), AccountSync.pending.is_not(None)
    query = (
        select(AccountSync.state, reached, waits, func.count())
        .select_from(Account)
        .outerjoin(AccountSync, AccountSync.account_id == Account.id)
        .where(account_sync_pairs.takes_part())
        .group_by(AccountSync.state, reached, waits)
    )
    counts: Counter[str] = Counter()
    for state, was_reached, is_waiting, count in session.execute(query):
        named = state or (_ALONE if was_reached else _NEVER)
        counts[_CHANGED if named == SYNCED and is_waiting else named] += count
    return counts


def _runs() -> tuple[Run | None, Run | None]:
    """Return the run that has not ended, and the last one that has."""
    runs = select(Run).where(Run.kind == KIND).options(joinedload(Run.by)).order_by(Run.id.desc())
    open_ = account_sync_states.open_run()
    ended = runs.where(Run.finished_at.is_not(None)).limit(1)
    return (session.get(Run, open_) if open_ else None), session.scalars(ended).one_or_none()


def history(*, by: User, limit: int = 20) -> list[Run]:
    """Return the runs, newest first.

    Raises:
        Forbidden: ``by`` may not manage integrations.
    """
    need(RIGHT, by=by)
    query = select(Run).where(Run.kind == KIND).options(joinedload(Run.by))
    return list(session.scalars(query.order_by(Run.id.desc()).limit(limit)))


def _causes() -> list[Cause]:
    wrong = AccountSync.state.in_((REFUSED, HELD))
    counts = (
        select(AccountSync.cause, func.count(), func.min(AccountSync.account_id))
        .where(wrong)
        .group_by(AccountSync.cause)
        .order_by(func.count().desc(), AccountSync.cause)
        .limit(_MOST)
    )
    return [_cause(*row) for row in session.execute(counts).all()]


def _cause(cause: str, count: int, first: int) -> Cause:
    system, _, code = cause.partition(":")
    found = session.scalar(select(AccountSync.problem).where(AccountSync.account_id == first)) or {}
    named = (
        select(Account.id, Account.name)
        .join(AccountSync, AccountSync.account_id == Account.id)
        .where(AccountSync.cause == cause)
        .order_by(Account.id)
        .limit(5)
    )
    examples = tuple((row.id, row.name) for row in session.execute(named))
    texts = [each.text for each in problems(found, {})]
    said = (refusals(found), texts[0] if texts else None, repair(code or cause))
    return Cause(cause, system, code, count, *said, examples)


@dataclass(frozen=True)
class Wrong:
    """An account that is not as it should be, why, and what can be done about it."""

    account_id: int
    name: str
    number: str
    refusals: tuple[Refusal, ...]
    problems: tuple[Problem, ...]
    repairs: tuple[Text, ...]
    retry_at: datetime | None


def wrong(cause: str, *, by: User, after: int = 0, limit: int = _MOST) -> list[Wrong]:
    """Return accounts after the one with id ``after`` that have this cause, in order of their ids.

    Raises:
        Forbidden: ``by`` may not manage integrations.
    """
    need(RIGHT, by=by)
    query = (
        select(
            *(Account.id, Account.name, Account.number),
            *(AccountSync.state, AccountSync.problem, AccountSync.retry_at),
        )
        .join(AccountSync, AccountSync.account_id == Account.id)
        .where(
            AccountSync.state.in_((REFUSED, HELD)),
            AccountSync.cause == cause,
            Account.deleted_at.is_(None),
            Account.id > after,
        )
        .order_by(Account.id)
        .limit(limit)
    )
    rows, names = session.execute(query).all(), labels()
    return [
        Wrong(
            *(row.id, row.name, row.number or "", refusals(row.problem)),
            *(problems(row.problem, names), repairs(row.problem, row.state), row.retry_at),
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Standing:
    """How it stands with one account; ``refusals`` and ``problems`` keep it from being the same.

    ``repairs`` are what can be done about them; ``resting`` the names of rows by which nothing is
    carried over, because a field is gone.
    """

    state: str
    waits: bool
    synced_at: datetime | None = None
    retry_at: datetime | None = None
    refusals: tuple[Refusal, ...] = ()
    problems: tuple[Problem, ...] = ()
    repairs: tuple[Text, ...] = ()
    resting: tuple[str, ...] = ()
    obstacle: Text | None = None
    """Why it goes on waiting, if it does not end by itself soon."""


def standing(account_id: int) -> Standing | None:
    """Return how it stands with an account that its reader may see; None if it is not enabled."""
    if not sync_options.options().enabled:
        return None
    query = select(AccountSync, SyncClock.cursors).outerjoin(SyncClock, SyncClock.object == OBJECT)
    found = session.execute(query.where(AccountSync.account_id == account_id)).one_or_none()
    if found is None:
        return Standing("", waits=False)
    row, cursors = found
    resting = (cursors or {}).get(RESTING, ()) if row.state else ()
    problem: Mapping[str, Any] = row.problem or {}
    names = labels() if resting or any(problem.get("rows", ())) else {}
    return Standing(
        row.state,
        row.pending is not None,
        row.synced_at,
        row.retry_at,
        refusals(problem),
        with_keepers(problems(problem, names), account_id),
        repairs(problem, row.state) if row.state in (REFUSED, HELD) else (),
        tuple(names.get(key, key) for key in resting),
        _obstacle() if row.pending is not None else None,
    )


def _obstacle() -> Text | None:
    """Say why accounts that wait are not carried over now."""
    away = missing()
    if away:
        return Text(_AWAY, {"systems": " · ".join(Side(each).title for each in away)})
    open_ = account_sync_states.open_run()
    run = session.get(Run, open_) if open_ else None
    if run is not None and run.status == Status.PLANNED:
        return Text(_PLAN)
    if run is not None and engine.stranded(run):
        return Text(_STRANDED)
    rest = account_sync_states.clock().rest_until
    if open_ is None and rest is not None and rest > utcnow():
        return Text(_RESTS)
    return None
