"""Edits of many accounts, planned and carried out here and now."""

from __future__ import annotations

from crmapp.domain.bulk_edits import Edit
from crmapp.models import Account, Run, User
from crmapp.services import bulk_edits, runs, undo
from crmapp.services.account_sets import Chosen

TITLES = {"en": "An edit", "fr": "Une modification"}


def those(*accounts: Account) -> Chosen:
    """Choose accounts one by one."""
    return Chosen(tuple(sorted(account.id for account in accounts)))


def all_of(*without: Account, **arguments: str) -> Chosen:
    """Choose all accounts that match the list, but those."""
    ids = tuple(sorted(account.id for account in without))
    return Chosen(ids, everything=True, arguments=tuple(arguments.items()))


def plan(chosen: Chosen, edit: Edit, by: User, count: int | None = None) -> Run:
    told = chosen.count(by=by) if count is None else count
    run_id = bulk_edits.start(chosen, edit, count=told, titles=TITLES, by=by, locale="en")
    runs.work(run_id)
    return runs.get(run_id, by=by)


def carry_out(planned: Run, by: User) -> Run:
    run_id = planned.id
    bulk_edits.run_later(run_id, plan_hash=planned.plan_hash or "", key=None, by=by)
    runs.work(run_id)
    return runs.get(run_id, by=by)


def take_back(done: Run, by: User) -> Run:
    undoing = undo.undo_later(done.id, by=by, key=None)
    runs.work(undoing)
    runs.work(undoing)
    return runs.get(undoing, by=by)
