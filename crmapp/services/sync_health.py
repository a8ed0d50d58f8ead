"""How all that is synchronised is doing: one word for it, and every reason that it is not good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select

from crmapp.db import session, utcnow
from crmapp.domain.managed_lists import MANAGED_LISTS, ManagedList
from crmapp.domain.runs import ACTIVE, ENDED, WRONG, Status
from crmapp.i18n import N_, Text
from crmapp.models import ManagedListState, Run, User
from crmapp.services import account_sync_health, failures, field_maps, list_states
from crmapp.services.account_sync import RIGHT
from crmapp.services.account_sync_health import Health
from crmapp.services.account_sync_states import REST
from crmapp.services.rights import need

LATE = REST + timedelta(minutes=5)
"""So long after its time a reading is overdue: it does not only rest after a failure."""
_TITLES = {"intacct": "Sage Intacct", "salesforce": "Salesforce"}
_ENDED = [status.value for status in ENDED]
_OPEN = [status.value for status in (*ACTIVE, Status.PLANNED)]
_DISABLED = N_("The sync of accounts is not enabled.")
_MISSING = N_("%(system)s is not connected.")
_UNREAD = N_("The fields of both systems were never read, so that nothing can be carried over.")
_RESTING = N_(
    "Rows of the field map that worked rest, because a field is gone: %(rows)s. Read the fields"
    " anew, or set the rows inactive."
)
_WAITS = N_("A run of the accounts waits until somebody has looked at it; nothing else begins.")
_STRANDED = N_(
    "Another version of crmapp left a run of the accounts behind, and nothing else begins."
    " Cancel it."
)
_FAILED = N_("The last run failed: %(why)s")
_OVERDUE = N_("The next reading is overdue. Look under Health whether a worker is there.")
_OUTDATED = N_("What is mapped has changed: all accounts are compared anew within minutes.")
_WAITING = N_("Accounts that wait to be carried over: %(count)s.")
_NEVER = N_("Accounts that were never synchronized: %(count)s.")
_REFUSED = N_("Accounts that another system refused: %(count)s.")
_HELD = N_("Accounts in conflict, or with values that cannot be carried over: %(count)s.")
_LIST_FAILED = N_("%(list)s: the last run failed, or left values out.")
_LIST_WAITS = N_("%(list)s: a person has to decide what becomes of values.")
_LIST_OVERDUE = N_("%(list)s: the next reading is overdue.")


class Headline(StrEnum):
    """How it all is doing, in a word."""

    GOOD = "good"
    ATTENTION = "attention"
    DISABLED = "disabled"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True)
class ListHealth:
    """How it stands with a managed list; ``open`` is its run that has not ended."""

    managed: ManagedList
    synced_at: datetime | None
    every: int | None
    due_at: datetime | None
    open: Run | None
    last: Run | None

    @property
    def waits(self) -> bool:
        return self.open is not None and self.open.status == Status.PLANNED

    @property
    def problem(self) -> Text | None:
        """What is wrong with the list."""
        named = {"list": Text(self.managed.label)}
        if self.last is not None and self.last.status in WRONG:
            return failures.reason(self.last) or Text(_LIST_FAILED, named)
        if self.waits:
            return Text(_LIST_WAITS, named)
        if self.every and self.open is None and _is_late(self.due_at):
            return Text(_LIST_OVERDUE, named)
        return None


@dataclass(frozen=True)
class Overview:
    """How the accounts and the managed lists are doing; ``reasons`` say why it is not good."""

    accounts: Health
    lists: tuple[ListHealth, ...]
    reasons: tuple[Text, ...]

    @property
    def waits(self) -> bool:
        """Whether a run of the accounts waits for a person."""
        running = self.accounts.running
        return running is not None and running.status == Status.PLANNED

    @property
    def headline(self) -> Headline:
        if self.accounts.enabled and self.accounts.missing:
            return Headline.DISCONNECTED
        if not self.accounts.enabled:
            return Headline.DISABLED
        well = self.accounts.good and not self.reasons
        return Headline.GOOD if well else Headline.ATTENTION


def overview(*, by: User) -> Overview:
    """Return how all that is synchronised is doing.

    Raises:
        Forbidden: ``by`` may not manage integrations.
    """
    accounts = account_sync_health.health(by=by)
    lists = tuple(lists_of(by=by))
    return Overview(accounts, lists, tuple(_reasons(accounts, lists)))


def _reasons(accounts: Health, lists: tuple[ListHealth, ...]) -> list[Text]:
    found = [] if accounts.enabled else [Text(_DISABLED)]
    if accounts.enabled:
        found += [Text(_MISSING, {"system": _TITLES[each]}) for each in accounts.missing]
        found += _wrong_accounts(accounts)
    return found + [each.problem for each in lists if each.problem is not None]


def _wrong_accounts(accounts: Health) -> list[Text]:
    found = [] if field_maps.is_described() or accounts.missing else [Text(_UNREAD)]
    if accounts.outdated and not accounts.missing:
        found.append(Text(_OUTDATED))
    if accounts.resting:
        found.append(Text(_RESTING, {"rows": ", ".join(accounts.resting)}))
    if accounts.running is not None and accounts.running.status == Status.PLANNED:
        found.append(Text(_WAITS))
    if accounts.stranded:
        found.append(Text(_STRANDED))
    if accounts.problem is not None:
        found.append(Text(_FAILED, {"why": accounts.problem}))
    resting = accounts.rest_until is not None and accounts.rest_until > utcnow()
    if accounts.running is None and not resting and _is_late(accounts.due_at):
        found.append(Text(_OVERDUE))
    counts = {
        _WAITING: accounts.waiting,
        _NEVER: accounts.never,
        _REFUSED: accounts.refused,
        _HELD: accounts.held,
    }
    return found + [Text(text, {"count": count}) for text, count in counts.items() if count]


def _is_late(due_at: datetime | None) -> bool:
    return due_at is not None and due_at + LATE < utcnow()


def lists_of(*, by: User) -> list[ListHealth]:
    """Return how it stands with each managed list that was ever synchronised, or is to be.

    Raises:
        Forbidden: ``by`` may not manage integrations.
    """
    need(RIGHT, by=by)
    states = {each.code: each for each in session.scalars(select(ManagedListState))}
    ended, open_ = _runs(_ENDED), _runs(_OPEN)
    found = []
    for managed in MANAGED_LISTS.values():
        state, key = states.get(managed.code), list_states.lock_key(managed)
        last, running = ended.get(key), open_.get(key)
        if last or running or (state and (state.synced_at or state.every)):
            times = (state.synced_at, state.every, state.due_at) if state else (None, None, None)
            found.append(ListHealth(managed, *times, running, last))
    return found


def _runs(statuses: list[str]) -> dict[str, Run]:
    """Return the newest run with one of these statuses of each list, by what it locks."""
    newest = (
        select(func.max(Run.id))
        .where(Run.kind == list_states.KIND, Run.status.in_(statuses))
        .group_by(Run.lock_key)
    )
    return {run.lock_key: run for run in session.scalars(select(Run).where(Run.id.in_(newest)))}
