"""Whose account is a customer's? Thousands of made-up cases, judged by an oracle that knows.

``CRMAPP_CASES=10000`` tells that many; ``--log-cli-level=INFO`` says what became of each kind.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from crmapp import artefacts
from crmapp.db import db, session, unit_of_work
from crmapp.domain.changes import Action, Write
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.models import Account, Change, ExternalIdentity, Run
from crmapp.services import crm_mappings, records
from tests.factories import Make
from tests.support.databases import Database
from tests.support.feed_cases import worlds
from tests.support.feed_oracle import GOOD, Seen, Told, Verdict, judge
from tests.support.feed_worlds import Customer, World
from tests.support.feeds import Erp, feed, mapping, source

CASES = int(os.environ.get("CRMAPP_CASES") or 300)
BATCH = min(1000, max(100, CASES // 3))
COLUMNS = {
    "name": "name",
    "number": "code",
    "phone": "phone",
    "tax_id": "tax",
    "email": "email",
    "billing_postal_code": "zip",
    "billing_city": "city",
}
REPEATED = ("key twice",)
"""Where a source says what changed, what it says last of a key counts."""
ASKED = ("ambiguous", "rejected", "kept")


def test_no_two_customers_become_one_and_hardly_any_is_missed(
    app: Flask, database: Database
) -> None:
    verdicts: list[Verdict] = []
    for world in worlds(CASES, BATCH):
        db.session.remove()
        database.thaw()
        verdicts += live(world)

    report(verdicts)
    assert [each for each in verdicts if each.outcome == "wrong merge"] == []
    assert [each for each in verdicts if each.outcome in ("behind", "lost")] == []
    had = [each for each in verdicts if each.had]
    missed = [each for each in had if each.outcome not in GOOD]
    assert len(missed) * 100 <= len(had), Counter(each.kind for each in missed)


def live(world: World) -> list[Verdict]:
    """Let both days come; return what the oracle says of them."""
    make, erp = Make(), Erp(delta=world.seed % 3 == 2)
    companies = world.seed % 3 == 0
    days = [[each for each in day if companies or each[1].branch == "FR"] for day in world.days]
    told = {"company_column": "branch"} if companies else {}
    fed = FedBy(source(make, erp, **told), FieldMapping(COLUMNS))
    rule = mapping(make, content=Content((fed,)))
    crm_mappings.schedule(rule, kind="never", guard_percent=100, by=make.alice)
    whose, phones = typed(make, world), world.phones()
    if erp.delta:
        return follow(make, rule, erp, days, whose, phones)
    verdicts: list[Verdict] = []
    for day in days:
        erp.rows = [customer.row() for _kind, customer in day]
        verdicts += come(make, rule, day, whose, phones)
    return verdicts


def follow(
    make: Make,
    rule: int,
    erp: Erp,
    days: list[list[tuple[str, Customer]]],
    whose: dict[int, int],
    phones: dict[str, int],
) -> list[Verdict]:
    """Read of the second day what has changed; then everything, as each night."""
    before, after = [[each for each in day if each[0] not in REPEATED] for day in days]
    changed = [each for each in after if each not in before]
    erp.rows = [customer.row() for _kind, customer in before]
    verdicts = come(make, rule, before, whose, phones)
    erp.rows += [customer.row() for _kind, customer in changed]
    verdicts += come(make, rule, changed, whose, phones)
    erp.rows = [customer.row() for _kind, customer in after]
    return verdicts + come(make, rule, after, whose, phones, whole=True)


def come(
    make: Make,
    rule: int,
    day: list[tuple[str, Customer]],
    whose: dict[int, int],
    phones: dict[str, int],
    **how: Any,
) -> list[Verdict]:
    """Feed a day, and the same again, which changes nothing; return what became of its rows."""
    run = feed(make, rule, **how)
    assert run is not None
    assert run.status in ("done", "done_with_errors")
    verdicts = judge(said(run, day), whose, phones, seen())
    before = changes()
    again = feed(make, rule, **how)
    assert (again, changes()) == (None, before)
    return verdicts


def typed(make: Make, world: World) -> dict[int, int]:
    """Type the accounts; return whose they are."""
    source_ = {"kind": "form"}
    writes = [Write(Action.CREATE, each.values, source=source_) for each in world.typed]
    with unit_of_work():
        outcomes = records.write(Account, writes, by=make.alice)
    return {
        each.record_id: typed.entity
        for each, typed in zip(outcomes, world.typed, strict=True)
        if each.record_id is not None
    }


def said(run: Run, day: list[tuple[str, Customer]]) -> list[Told]:
    """Return the rows of a day, and about which of them the run asks."""
    with artefacts.read([part["name"] for part in run.artefacts]) as plan:
        rows = plan.ask("SELECT row_no FROM plan WHERE action IN (?, ?, ?)", list(ASKED))
    asked = {row_no for (row_no,) in rows}
    return [
        Told(kind, each.entity, each.key, each.code, row_no in asked)
        for row_no, (kind, each) in enumerate(day, 1)
    ]


def seen() -> list[Seen]:
    session.rollback()
    keys: dict[int, set[str]] = {}
    known = select(ExternalIdentity.account_id, ExternalIdentity.external_id)
    for id_, key in session.execute(known):
        keys.setdefault(id_, set()).add(key.rpartition("/")[2])
    query = select(Account.id, Account.number, Account.phone).where(Account.deleted_at.is_(None))
    return [
        Seen(row.id, frozenset(keys.get(row.id, ())), row.number or "", row.phone or "")
        for row in session.execute(query)
    ]


def changes() -> int:
    return session.scalar(select(func.count()).select_from(Change)) or 0


def report(verdicts: list[Verdict]) -> None:
    """Log a line for each kind of case: of those who had an account before, and of the others."""
    kinds: dict[str, Counter[str]] = {}
    for each in verdicts:
        for kind in (each.kind, "all"):
            kinds.setdefault(kind, Counter())[f"{each.outcome}{'' if each.had else ' (new)'}"] += 1
    for kind, counts in kinds.items():
        logging.getLogger(__name__).info("%-60s %s", kind, dict(sorted(counts.items())))
