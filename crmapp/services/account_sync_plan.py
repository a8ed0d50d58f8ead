"""Plan a sync of accounts: read all sides of those that wait, decide field by field, offer it.

Each step is committed with where it stands, so that planning goes on from there whoever dies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import delete, func, select

from crmapp import artefacts
from crmapp.artefacts import Artefact
from crmapp.connectors.errors import ConfigBroken, ConnectorError, QuotaExceeded, Retryable
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.plan import Planned, PlanRow
from crmapp.domain.runs import Status
from crmapp.errors import NotConnected, SecretsLost
from crmapp.models import AccountSync, Run
from crmapp.services import (
    account_sync_pairs,
    account_sync_read,
    account_sync_states,
    failures,
    notifications,
    planning,
    sync_options,
)
from crmapp.services.account_sync_states import REST
from crmapp.services.apply import load
from crmapp.services.engine import Claim, checkpoint, end, put_off

TROUBLE = (ConnectorError, NotConnected, SecretsLost)
"""What may be wrong with another system or the connection to it."""
_LONGEST_WORDS = 500
_BY_SIDE = """
    SELECT * REPLACE (row_number() OVER () AS row_no) FROM (
        SELECT * FROM plan WHERE object = 'account'
        UNION ALL SELECT * FROM plan WHERE object = 'intacct'
        UNION ALL SELECT * FROM plan WHERE object = 'salesforce'
            AND json_extract_string(params, '$.match') = 'Id'
        UNION ALL SELECT * FROM plan WHERE object = 'salesforce'
            AND json_extract_string(params, '$.match') <> 'Id'
    )
"""
"""The rows of all parts, side by side: what goes to a system by one key may go in one job."""
_MANY = 50
_SHARE = 5


def advance(held: Claim) -> Claim | None:
    """Do the next step of the planning."""
    run = load(held.run_id)
    if run.cancel_requested or not sync_options.options().enabled:
        with unit_of_work():
            end(held, Status.CANCELLED)
        return None
    phase = run.mapping["phase"]
    try:
        if not run.mapping.get("read_anew") and account_sync_read.lacks_fields(phase):
            return _read_fields(held, run)
        return _STEPS[phase](held, run)
    except TROUBLE as error:
        trouble(load(held.run_id), held, error)
    return None


def trouble(run: Run, held: Claim, error: ConnectorError | NotConnected | SecretsLost) -> None:
    """Try again later if that may help; else end the run and say what is wrong."""
    held = held.moved(run.cursor)
    remote = getattr(error, "remote", "")[:_LONGEST_WORDS]
    problem = failures.kept(error.message, {**run.mapping, "remote": remote})
    if isinstance(error, Retryable):
        put_off(held, error.after, **problem)
        return
    if isinstance(error, ConfigBroken) and _mended(held, run):
        put_off(held, None, error=problem["error"])
        return
    until = error.until if isinstance(error, QuotaExceeded) else None
    with unit_of_work():
        end(held, Status.FAILED, **problem)
        account_sync_states.keep_clock(rest_until=until or utcnow() + REST)


def _mended(held: Claim, run: Run) -> bool:
    """Read once what the systems consist of: a row of a field that is gone then rests alone."""
    if run.mapping.get("read_anew"):
        return False
    try:
        _read_fields(held, run)
    except TROUBLE:
        return False
    return True


def _read_fields(held: Claim, run: Run) -> Claim:
    """Read what the systems consist of; rows whose field is gone or back concern all accounts."""
    account_sync_read.read_anew()
    with unit_of_work():
        held = checkpoint(held, mapping={**run.mapping, "read_anew": True})
        account_sync_read.heed_rows()
        return held


def _pairs(held: Claim, run: Run) -> Claim:
    """Decide about the next accounts."""
    found = account_sync_pairs.next_accounts(run)
    if not found:
        with unit_of_work():
            return checkpoint(held, mapping={**run.mapping, "phase": "offer"})
    made: list[PlanRow] = []
    for decided in account_sync_pairs.decide(held, found):
        with unit_of_work():
            held = checkpoint(held)
            account_sync_pairs.put_down(decided, run.id)
        made += decided.rows
    place = {"begun_at": utcnow().isoformat(), **run.mapping, "after": found[-1].id}
    if made:
        rows = [row._replace(row_no=held.cursor + n) for n, row in enumerate(made, 1)]
        return planning.keep_part(held, run, rows, None, mapping=place, total=rows[-1].row_no)
    with unit_of_work():
        return checkpoint(held, mapping=place)


def _offer(held: Claim, run: Run) -> None:
    """Make the plan of its parts, and run it unless a person has to look at it before."""
    if not held.cursor:
        _leave_nothing(held)
        return
    plan = planning.join_parts(held, run, _BY_SIDE)
    counts = planning.count_actions(plan)
    waits = run.source["mode"] == "chosen" or _is_large(plan)
    status = Status.PLANNED if waits else Status.QUEUED
    with unit_of_work():
        planning.offer(held, status, plan, counts, mapping={**run.mapping, "shown": waits})
        if waits:
            notifications.run_waits(held.run_id)


def _is_large(plan: Artefact) -> bool:
    """Whether a run that nobody asked for would write a large part of the accounts.

    What only links an account to its records is not counted.
    """
    with artefacts.read([plan.name]) as file:
        ((written,),) = file.ask(
            "SELECT count(DISTINCT record_id) FROM plan WHERE action <> ?", [Planned.UNCHANGED]
        )
    known = session.scalar(select(func.count()).select_from(AccountSync)) or 0
    return bool(written > _MANY and written * _SHARE > known)


def _leave_nothing(held: Claim) -> None:
    """Nothing is to be written; a run that is about nothing is not kept."""
    with unit_of_work():
        checkpoint(held)
        account_sync_states.keep_clock(good_at=utcnow(), rest_until=None)
        session.execute(delete(Run).where(Run.id == held.run_id, Run.fence == held.fence))


_STEPS: Mapping[str, Callable[[Claim, Run], Claim | None]] = {
    "intacct": account_sync_read.read_changes,
    "salesforce": account_sync_read.read_changes,
    "pairs": _pairs,
    "offer": _offer,
}
