"""Accounts in each state of the sync, as runs leave them, without any system to speak with."""

from __future__ import annotations

from collections import Counter
from typing import Any

from crmapp import artefacts
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.field_conflict import Copy, Torn
from crmapp.domain.field_copies import Party
from crmapp.domain.plan import Planned, PlanRow
from crmapp.models import Account, AccountSync, Run, User
from crmapp.services import sync_options
from crmapp.services.sync_options import SyncOptions
from tests.factories import Make
from tests.support.field_map import lay_out

SAID = "Phone: value too long (40)"


def enable(by: User) -> None:
    """Connect both systems, as far as pages can tell, and enable the sync."""
    lay_out()
    sync_options.save(SyncOptions(enabled=True), seen=sync_options.version(), by=by)


def keep(account: Account, **values: Any) -> None:
    """Keep how it stands with an account."""
    account_id = account.id
    with unit_of_work():
        session.merge(AccountSync(account_id=account_id, **values))


def synced(account: Account, **more: Any) -> None:
    keep(account, **{"state": "synced", "synced_at": utcnow(), **more})


def refused(account: Account, code: str = "STRING_TOO_LONG", said: str = SAID, **more: Any) -> None:
    problem = {"system": "salesforce", "code": code, "said": said, "fields": ["Phone"]}
    problem |= {"text": "It was refused.", "params": {}, **more}
    keep(account, state="rejected", cause=f"salesforce:{code}", problem=problem)


def held(account: Account, key: str, text: str) -> None:
    rows = {key: {"text": text, "params": {}}}
    keep(account, state="held", cause="held", problem={"rows": rows}, synced_at=utcnow())


def torn(account: Account, key: str, **said: str) -> Torn:
    """Keep that a person decides between what the sides have in the field of a row."""
    copies = {
        Party(party): Copy(text, f"mark of {text}", bool(text)) for party, text in said.items()
    }
    found = Torn("mark of the row", copies)
    rows = {key: {"text": "The sides differ.", "params": {}, "torn": found.as_json()}}
    keep(account, state="held", cause="held", problem={"rows": rows}, synced_at=utcnow())
    return found


def planned(make: Make, *rows: PlanRow, **values: Any) -> Run:
    """Make a run of the accounts whose plan has these rows, and waits for a person."""
    defaults = {"kind": "account_sync", "title": "Accounts", "lock_key": "account_sync"}
    run = make.run(**{**defaults, "status": "planned", **values})
    numbered = [row._replace(row_no=number) for number, row in enumerate(rows, 1)]
    plan = artefacts.write(run.id, "plan-1", numbered)
    with unit_of_work():
        kept = session.get_one(Run, run.id)
        kept.artefacts, kept.plan_hash, kept.total = [plan.as_json()], plan.sha256, plan.rows
        kept.counts = dict(Counter(str(row.action) for row in rows))
    return make.again(Run, run.id)


def row(account: Account, object_: str, action: str = "update", **fields: Any) -> PlanRow:
    """Return a planned row: name of a field → [before, after]."""
    keys = {"key": account.number or "", "name": account.name, "version": account.version}
    match = {"params": {"match": "x"}} if object_ != "account" else {}
    return PlanRow(0, Planned(action), object_, account.id, fields=fields, **keys, **match)
