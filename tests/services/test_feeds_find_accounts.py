"""Whose account is a customer's? Thousands of made-up cases, judged by an oracle that knows.

``CRMAPP_CASES=10000`` tells that many; ``--log-cli-level=INFO`` says what became of each kind.
"""

from __future__ import annotations

import logging
import os
from collections import Counter

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
from tests.support.feed_oracle import GOOD, Seen, Told, Verdict, judge
from tests.support.feed_worlds import Customer, World, worlds
from tests.support.feeds import Erp, feed, mapping, source

CASES = int(os.environ.get("CRMAPP_CASES") or 300)
BATCH = 1000
COLUMNS = {
    "name": "name",
    "number": "code",
    "phone": "phone",
    "tax_id": "tax",
    "email": "email",
    "billing_postal_code": "zip",
    "billing_city": "city",
}
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
    make, erp = Make(), Erp()
    told = {"company_column": "company"} if world.seed % 2 == 0 else {}
    if not told:
        world.days = tuple([(k, c) for k, c in day if c.company == "FR"] for day in world.days)
    fed = FedBy(source(make, erp, **told), FieldMapping(COLUMNS))
    rule = mapping(make, content=Content((fed,)))
    crm_mappings.schedule(rule, kind="never", guard_percent=100, by=make.alice)
    whose = typed(make, world)
    phones = {c.phone: c.entity for day in world.days for _kind, c in day} | {
        each.values["phone"]: each.entity for each in world.typed if "phone" in each.values
    }
    verdicts: list[Verdict] = []
    for day in world.days:
        erp.rows = [customer.row() for _kind, customer in day]
        run = feed(make, rule)
        assert run is not None
        assert run.status in ("done", "done_with_errors")
        verdicts += judge(said(run, day), whose, phones, seen())
        before = changes()
        again = feed(make, rule)
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
    """Log a line for each kind of case."""
    kinds: dict[str, Counter[str]] = {}
    for each in verdicts:
        kinds.setdefault(each.kind, Counter())[each.outcome] += 1
    for kind, counts in [*kinds.items(), ("all", sum(kinds.values(), Counter[str]()))]:
        logging.getLogger(__name__).info("%-60s %s", kind, dict(sorted(counts.items())))
