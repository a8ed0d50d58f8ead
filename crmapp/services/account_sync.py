"""The sync of accounts with Salesforce and Sage Intacct: begun by itself, for one, or for many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, update

from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.permissions import Right
from crmapp.domain.runs import Status
from crmapp.domain.schedule import has_come
from crmapp.errors import AlreadyRunning, Conflict, Forbidden, Invalid, NotFound
from crmapp.i18n import N_
from crmapp.models import Account, AccountSync, Run, User
from crmapp.services import (
    account_sync_pairs,
    account_sync_read,
    account_sync_states,
    accounts,
    planning,
    remotes,
    sync_options,
)
from crmapp.services.account_sync_states import KIND, REFUSED, REST
from crmapp.services.engine import enqueue
from crmapp.services.rights import need

RIGHT = Right.INTEGRATION_MANAGE
SYSTEMS = ("intacct", "salesforce")
SCOPES: dict[str, str] = {
    "all": N_("All accounts that take part"),
    "never": N_("Accounts that were never synchronized"),
    "refused": N_("Accounts with errors or conflicts"),
}
TITLE = N_("Accounts")
_FRENCH = "Comptes"
_DISABLED = N_("The sync of accounts is not enabled. Enable it in the settings first.")
_NOT_CONNECTED = N_("Connect Salesforce and Sage Intacct first.")
_NO_PART = N_("The account has neither a number nor a record in Salesforce, so it takes no part.")


@dataclass(frozen=True)
class Chosen:
    """Which accounts somebody wants synchronised: one of :data:`SCOPES`, and of which territory."""

    scope: str = "all"
    territory: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"scope": self.scope, "territory": self.territory}


def missing() -> list[str]:
    """Return the systems that are not connected."""
    connected = remotes.connected()
    return [system for system in SYSTEMS if system not in connected]


def count(chosen: Chosen, *, by: User) -> int:
    """Return how many accounts ``chosen`` means.

    Raises:
        Forbidden: ``by`` may not manage integrations.
        Invalid: there is no such scope.
    """
    need(RIGHT, by=by)
    conditions = account_sync_pairs.conditions(_checked(chosen).as_json())
    return session.scalar(select(func.count()).select_from(Account).where(*conditions)) or 0


def _checked(chosen: Chosen) -> Chosen:
    if chosen.scope not in SCOPES:
        raise Invalid({"scope": N_("Choose one from the list.")})
    return chosen


def synchronize_many(chosen: Chosen, *, by: User) -> int:
    """Have the sync of many accounts planned, for ``by`` to look at; return the run's id.

    Raises:
        Forbidden, Invalid
        Conflict: the sync is not enabled, or a system is not connected.
        AlreadyRunning: a run of the accounts has not ended; carries its id.
    """
    need(RIGHT, by=by)
    _checked(chosen)
    _ready()
    with unit_of_work():
        account_sync_states.clock(lock=True)
        _refuse_second()
        return _queue({"mode": "chosen", **chosen.as_json()}, "pairs", by)


def begin(run_id: int, plan_hash: str, *, by: User) -> None:
    """Carry out the plan that ``by`` has looked at.

    Raises:
        Forbidden
        NotFound: there is no such sync of accounts.
        Conflict: the plan was made anew since she looked, the sync is not enabled any more, or a
            system is not connected.
        AlreadyRunning: it was begun already.
    """
    need(RIGHT, by=by)
    if session.scalar(select(Run.kind).where(Run.id == run_id)) != KIND:
        raise NotFound
    _ready()
    with unit_of_work():
        planning.queue(run_id, plan_hash)


def synchronize(account: Account, *, by: User) -> int:
    """Synchronise one account now; return the run that does it, or that has to end before.

    Raises:
        Forbidden: ``by`` may not change the account.
        Invalid: it takes no part.
        Conflict: the sync is not enabled, or a system is not connected.
    """
    account_id = account.id
    need_ready(account, by=by)
    with unit_of_work():
        account_sync_states.clock(lock=True)
        return begin_one(account_id, by)


def need_ready(account: Account, *, by: User) -> None:
    """Refuse what :func:`synchronize` refuses."""
    if not accounts.editable(account, by=by):
        raise Forbidden(Right.ACCOUNT_EDIT)
    account_id = account.id
    _ready()
    takes = select(Account.id).where(Account.id == account_id, account_sync_pairs.takes_part())
    if session.scalar(takes) is None:
        raise Invalid({"": _NO_PART})


def begin_one(account_id: int, by: User) -> int:
    """Inside a unit of work that holds the clock: have an account looked at; return the run."""
    account_sync_states.changed_there([account_id])
    running = account_sync_states.open_run()
    return running or _queue({"mode": "changes"}, "pairs", by)


def is_planned(run_id: int) -> bool:
    """Say whether a run waits until a person has looked at it."""
    return session.scalar(select(Run.status).where(Run.id == run_id)) == Status.PLANNED


def retry(cause: str = "", *, by: User) -> int:
    """Try the accounts again that a system refused, of one cause or all; return how many.

    Raises:
        Forbidden: ``by`` may not manage integrations.
        Conflict: the sync is not enabled, or a system is not connected.
    """
    need(RIGHT, by=by)
    _ready()
    refused = [AccountSync.state == REFUSED, *([AccountSync.cause == cause] if cause else [])]
    with unit_of_work():
        account_sync_states.clock(lock=True)
        count_ = session.scalar(select(func.count()).select_from(AccountSync).where(*refused)) or 0
        session.execute(
            update(AccountSync)
            .where(*refused)
            .values(retry_at=utcnow())
            .execution_options(synchronize_session=False)
        )
        if count_ and account_sync_states.open_run() is None:
            _queue({"mode": "changes"}, "pairs", by)
    return count_


def start_due() -> int | None:
    """Start what waits, or what is to be read again; return the run, if one was begun."""
    if not sync_options.options().enabled or not _is_due():
        return None
    session.rollback()
    if missing():
        return None
    with unit_of_work():
        clock, now = account_sync_states.clock(lock=True), utcnow()
        if account_sync_states.open_run() is not None or not _is_due():
            return None
        account_sync_read.heed_rows()
        reads = has_come(clock.due_at, now)
        if reads:
            every = timedelta(minutes=sync_options.options().every)
            account_sync_states.keep_clock(due_at=now + every)
        return _queue({"mode": "changes"}, "intacct" if reads else "pairs", None)


def _is_due() -> bool:
    clock, now = account_sync_states.clock(), utcnow()
    if not has_come(clock.rest_until, now) or _broke_off(now):
        return False
    if has_come(clock.due_at, now):
        return True
    if clock.cursors.get(account_sync_states.RULES) != account_sync_read.mark():
        return True
    again = and_(AccountSync.state == REFUSED, AccountSync.retry_at <= now)
    waits = select(AccountSync.account_id).where(or_(AccountSync.pending.is_not(None), again))
    return session.scalar(waits.limit(1)) is not None


def _broke_off(now: datetime) -> bool:
    """Whether the last run of changes was cancelled or failed a short time ago, whatever ended it.

    Else what it left would begin anew within seconds, again and again.
    """
    lately = Run.finished_at.between(now - REST, now)
    ended = select(Run.status, Run.source).where(Run.kind == KIND, lately)
    last = session.execute(ended.order_by(Run.id.desc()).limit(1)).one_or_none()
    return (
        last is not None
        and last.source["mode"] == "changes"
        and last.status in (Status.CANCELLED, Status.FAILED)
    )


def _ready() -> None:
    if not sync_options.options().enabled:
        raise Conflict({}, message=_DISABLED)
    if missing():
        raise Conflict({}, message=_NOT_CONNECTED)


def _refuse_second() -> None:
    running = account_sync_states.open_run()
    if running is not None:
        raise AlreadyRunning(running)


def _queue(source: dict[str, Any], phase: str, by: User | None) -> int:
    """Inside a unit of work that holds the clock: add a run."""
    titles = {"en": TITLE, "fr": _FRENCH}
    run = Run(
        kind=KIND,
        title=TITLE,
        status=Status.PLANNING.value,
        source={"kind": KIND, "origin": {"kind": KIND}, "titles": titles, **source},
        mapping={"phase": phase, "after": 0},
        lock_key=KIND,
        by_id=by.id if by else None,
    )
    return enqueue(run)
