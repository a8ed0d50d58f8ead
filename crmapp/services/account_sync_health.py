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
from crmapp.domain.field_checks import Shapes
from crmapp.domain.field_rules import FieldRule, Side
from crmapp.domain.runs import WRONG, Status
from crmapp.domain.standard_rows import Dialect, standard_rows
from crmapp.i18n import N_, Text
from crmapp.models import Account, AccountSync, Run, SyncClock, User
from crmapp.services import (
    account_sync_pairs,
    account_sync_read,
    account_sync_states,
    failures,
    field_maps,
    sync_options,
)
from crmapp.services.account_sync import RIGHT, missing
from crmapp.services.account_sync_states import (
    HELD,
    KIND,
    OBJECT,
    REFUSED,
    RESTING,
    SYNCED,
)
from crmapp.services.rights import need

REPAIRS: Mapping[str, str] = {
    "REQUIRED_FIELD_MISSING": N_("Fill the field in the account, or map it, then retry."),
    "STRING_TOO_LONG": N_("Shorten the value in the account, then retry."),
    "INVALID_EMAIL_ADDRESS": N_("Correct the e-mail address in the account, then retry."),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": N_(
        "Add the value to the pick list there, or map it to one that is there, then retry."
    ),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": N_(
        "A rule of the other system refuses the values: change them, or ask its administrator."
    ),
    "DUPLICATES_DETECTED": N_("Link the account to the record that is there already, then retry."),
    "UNABLE_TO_LOCK_ROW": N_("Somebody was writing the record. It is tried again by itself."),
    "ENTITY_IS_DELETED": N_("The record was deleted there. Unlink it, then retry."),
    "INSUFFICIENT_ACCESS_OR_READONLY": N_(
        "Give the user of the connection the right to change the record, then retry."
    ),
    HELD: N_(
        "Correct the value, make both sides the same, or say in the field map which one is right."
    ),
}
"""What a person can do about a cause; the system's own words say the rest."""
_OTHERWISE = N_(
    "Look at what the system says, correct the account or the record there, then retry."
)
_AWAY = N_("Not connected: %(systems)s. It is carried over once everything is.")
_PLAN = N_("A prepared run waits until somebody has looked at it; the account follows then.")
_RESTS = N_("After a failure or a used-up quota, the synchronization rests for a while.")
_MOST = 50
_ALONE, _CHANGED, _NEVER = "alone", "changed", "never"


@dataclass(frozen=True)
class Cause:
    """Accounts that are not as they should be for one reason.

    ``said`` and ``problem`` are what the system and we say of the first of ``examples``.
    """

    cause: str
    system: str
    code: str
    count: int
    said: str
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
    problem = session.scalar(select(AccountSync.problem).where(AccountSync.account_id == first))
    problems = _problems(problem or {})
    named = (
        select(Account.id, Account.name)
        .join(AccountSync, AccountSync.account_id == Account.id)
        .where(AccountSync.cause == cause)
        .order_by(Account.id)
        .limit(5)
    )
    repair = Text(REPAIRS.get(code or cause, _OTHERWISE))
    examples = tuple((row.id, row.name) for row in session.execute(named))
    said = (problem or {}).get("said", "")
    text = problems[0][1] if problems else None
    return Cause(cause, system, code, count, said, text, repair, examples)


def _problems(problem: Mapping[str, Any]) -> tuple[tuple[str, Text], ...]:
    """Return key of a row of the field map → what is wrong by it; "" is not about one row."""
    rows = problem.get("rows") or ({"": problem} if "text" in problem else {})
    return tuple((key, Text(each["text"], each["params"])) for key, each in rows.items())


@dataclass(frozen=True)
class Wrong:
    """An account that is not as it should be; ``said`` and ``problems`` say why."""

    account_id: int
    name: str
    number: str
    said: str
    problems: tuple[tuple[str, Text], ...]
    retry_at: datetime | None


def wrong(cause: str, *, by: User, after: int = 0, limit: int = _MOST) -> list[Wrong]:
    """Return accounts after the one with id ``after`` that have this cause, in order of their ids.

    Raises:
        Forbidden: ``by`` may not manage integrations.
    """
    need(RIGHT, by=by)
    query = (
        select(Account.id, Account.name, Account.number, AccountSync.problem, AccountSync.retry_at)
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
    return [
        Wrong(id_, name, number or "", str(found.get("said", "")), _problems(found), retry_at)
        for id_, name, number, found, retry_at in session.execute(query)
    ]


@dataclass(frozen=True)
class Standing:
    """How it stands with one account; ``problems`` are what keeps it from being the same.

    Each of them is named by the fields that it is about, if it is about any; ``resting`` are the
    names of rows by which nothing is carried over, because a field is gone.
    """

    state: str
    waits: bool
    synced_at: datetime | None
    retry_at: datetime | None
    run_id: int | None
    system: str
    code: str
    said: str
    problems: tuple[tuple[str, Text], ...]
    repair: Text | None
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
        return Standing("", False, None, None, None, "", "", "", (), None)
    row, cursors = found
    resting = (cursors or {}).get(RESTING, ()) if row.state else ()
    names = labels() if resting else {}
    problem: Mapping[str, Any] = row.problem or {}
    wrong = row.state in (REFUSED, HELD)
    system = str(problem.get("system", ""))
    return Standing(
        row.state,
        row.pending is not None,
        row.synced_at,
        row.retry_at,
        row.run_id,
        Side(system).title if system else "",
        str(problem.get("code", "")),
        str(problem.get("said", "")),
        _named(_problems(problem)),
        Text(REPAIRS.get(str(problem.get("code") or row.cause), _OTHERWISE)) if wrong else None,
        tuple(names.get(key, key) for key in resting),
        _obstacle() if row.pending is not None else None,
    )


def _obstacle() -> Text | None:
    """Say why accounts that wait are not carried over now."""
    away = missing()
    if away:
        return Text(_AWAY, {"systems": " · ".join(Side(each).title for each in away)})
    open_ = account_sync_states.open_run()
    if open_ and session.scalar(select(Run.status).where(Run.id == open_)) == Status.PLANNED:
        return Text(_PLAN)
    rest = account_sync_states.clock().rest_until
    if open_ is None and rest is not None and rest > utcnow():
        return Text(_RESTS)
    return None


def _named(problems: tuple[tuple[str, Text], ...]) -> tuple[tuple[str, Text], ...]:
    names = labels() if any(key for key, _text in problems) else {}
    return tuple((names.get(key, key), text) for key, text in problems)


def labels() -> dict[str, str]:
    """Return key of a row of the field map → what both systems call its fields."""
    shapes, in_force = field_maps.shapes(), field_maps.in_force()
    found = {rule.key: _label(rule, shapes) for rule in in_force}
    called = {rule.code: found[rule.key] for rule in in_force if rule.code}
    # What was said before Intacct was spoken to by another of its interfaces names other fields.
    kept = {rule.key: called[rule.code] for each in Dialect for rule in standard_rows(each)}
    return kept | found


def _label(rule: FieldRule, shapes: Shapes) -> str:
    """Return what is known of how a row's fields are called; else the name of one."""
    known = [shape.label for side in Side if (shape := shapes.get(rule, side))]
    return " · ".join(dict.fromkeys(known or [rule.salesforce]))
