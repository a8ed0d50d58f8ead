"""Random customers in two sources, random people, runs and undos: what must hold all the time.

``CRMAPP_EXAMPLES=500`` looks for longer.
"""

from __future__ import annotations

import os
from contextlib import nullcontext, suppress
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from crmapp.db import db, session
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.ownership import Owner
from crmapp.errors import CRMError, Invalid
from crmapp.models import Account, Change, ExternalIdentity, Run
from crmapp.services import accounts, crm_mappings
from tests.factories import Make
from tests.support.databases import Database
from tests.support.duplicate_rules import ignore_all
from tests.support.feeds import MAPPING, Erp, feed, mapping, source, take_back

EXAMPLES = int(os.environ.get("CRMAPP_EXAMPLES") or 5)
CHECKS = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large)
QUICK = (Phase.explicit, Phase.generate)
"""Shrinking takes minutes where every step is a run."""
RANDOM = settings(max_examples=EXAMPLES, suppress_health_check=CHECKS, deadline=None, phases=QUICK)
NAMES = ("Acme Bolts", "Acme Boults", "Cogs", "Łódź Toys", "Widgets")

customers = st.integers(1, 5)
left = st.booleans()
STEPS = {
    "put": (8, st.tuples(left, customers, st.sampled_from(NAMES), st.booleans())),
    "remove": (2, st.tuples(left, customers)),
    "type": (2, st.tuples(customers, st.sampled_from(NAMES))),
    "edit": (3, st.tuples(customers, st.sampled_from(["111 111", "222 222"]))),
    "rename": (2, st.tuples(customers)),
    "delete": (1, st.tuples(customers)),
    "feed": (6, st.tuples()),
    "undo": (3, st.tuples(customers)),
}
"""What may happen, how often, and of what."""
lives = st.lists(
    st.sampled_from([name for name, (often, _of) in STEPS.items() for _ in range(often)]).flatmap(
        lambda name: st.tuples(st.just(name), STEPS[name][1])
    ),
    min_size=10,
    max_size=25,
)
USUAL: list[tuple[str, tuple[Any, ...]]] = [
    ("put", (True, 1, "Cogs", False)),
    ("put", (False, 1, "Widgets", False)),
    ("put", (False, 2, "Łódź Toys", False)),
    ("feed", ()),
    ("edit", (1, "111 111")),
    ("rename", (1,)),
    ("put", (True, 1, "Acme Bolts", True)),
    ("feed", ()),
    ("undo", (1,)),
    ("feed", ()),
    ("undo", (1,)),
    ("remove", (True, 1)),
    ("feed", ()),
]
"""One that is lived each time, so that the plainest defects never go by chance."""
PASSED_ON: list[tuple[str, tuple[Any, ...]]] = [
    ("put", (False, 1, "Cogs", False)),
    ("feed", ()),
    ("put", (True, 1, "Cogs", False)),
    ("put", (False, 1, "Acme Bolts", True)),
    ("feed", ()),
]
"""A customer of the right source gives its number up, and one of the left source takes it."""


@RANDOM
@example(steps=USUAL)
@example(steps=PASSED_ON)
@given(steps=lives)
def test_no_account_is_lost_or_made_twice_and_a_persons_word_stays(
    app: Flask, database: Database, steps: list[tuple[str, tuple[Any, ...]]]
) -> None:
    db.session.remove()
    database.thaw()
    life = Life()
    for name, of in steps:
        getattr(life, name)(*of)
    life.feed()


class Life:
    """An ERP and a shop, and a CRM that follows them; telephone numbers are the CRM's own.

    All else that the two say of a customer is theirs.
    """

    def __init__(self) -> None:
        self.make = Make()
        ignore_all(by=self.make.alice)
        self.erp, self.shop = Erp(), Erp()
        fed = [
            FedBy(source(self.make, each, name), MAPPING, {"phone": Owner.CRM})
            for name, each in (("ERP", self.erp), ("Shop", self.shop))
        ]
        self.rule = mapping(self.make, content=Content(tuple(fed)))
        crm_mappings.schedule(self.rule, kind="never", guard_percent=100, by=self.make.alice)
        self.runs: list[int] = []

    def put(self, left: bool, number: int, name: str, renumbered: bool) -> None:
        """Add a customer there, or change it; it may have got another number."""
        erp, key = (self.erp, "K") if left else (self.shop, "S")
        self.remove(left, number)
        code = f"R{key}{number}" if renumbered else f"C{number}"
        row = {"id": f"{key}{number}", "code": code, "name": name, "phone": "555 123"}
        erp.rows = sorted([*erp.rows, row], key=lambda each: str(each["id"]))

    def remove(self, left: bool, number: int) -> None:
        erp = self.erp if left else self.shop
        erp.rows = [row for row in erp.rows if row["id"][1:] != str(number)]

    def type(self, number: int, name: str) -> None:
        with suppress(CRMError):
            typed = {"name": name, "number": f"C{number}", "phone": "000 000"}
            accounts.create(typed, by=self.make.alice)

    def edit(self, which: int, phone: str) -> None:
        for id_, version in self._one(which):
            accounts.update(id_, {"phone": phone}, version, by=self.make.alice)

    def rename(self, which: int) -> None:
        """People name only what no source knows: the sources keep the names of their customers."""
        for id_, version in self._one(which):
            links = select(ExternalIdentity.id).where(ExternalIdentity.account_id == id_)
            known = session.scalars(links).first() is not None
            with pytest.raises(Invalid) if known else nullcontext():
                accounts.update(id_, {"name": f"Ours {version}"}, version, by=self.make.alice)

    def delete(self, which: int) -> None:
        for id_, _version in self._one(which):
            accounts.delete(id_, by=self.make.alice)

    def _one(self, which: int) -> list[tuple[int, int]]:
        query = select(Account.id, Account.version).where(Account.deleted_at.is_(None))
        found = [(row.id, row.version) for row in session.execute(query.order_by(Account.id))]
        return found and [found[which % len(found)]]

    def feed(self) -> None:
        before = living()
        run = feed(self.make, self.rule)
        after = living()

        assert run is None or run.status in ("done", "done_with_errors")
        assert before.keys() <= after.keys()
        assert {id_: after[id_]["phone"] for id_ in before} == {
            id_: now["phone"] for id_, now in before.items()
        }
        numbers = [now["number"] for now in after.values() if now["number"]]
        assert len(numbers) == len(set(numbers))
        self._each_customer_is_one_account(after)
        self.runs += [run.id] if run else []
        log = changes()
        feed(self.make, self.rule)
        assert (changes(), living()) == (log, after)

    def _each_customer_is_one_account(self, after: dict[int, dict[str, Any]]) -> None:
        """A customer that is linked is where its number is, unless two rows share an account."""
        query = select(ExternalIdentity.external_id, ExternalIdentity.account_id)
        linked = dict(tuple(row) for row in session.execute(query))
        for row in self.erp.rows:
            account = after.get(linked.get(row["id"], 0))
            assert account is None or account["number"] in (row["code"], *self._held(account))

    def _held(self, account: dict[str, Any]) -> list[str]:
        """A number that was undone stays."""
        lineage = account["lineage"].get("number")
        change = session.get(Change, lineage)
        undone = change is not None and change.run is not None and change.run.undoes_id
        return [account["number"]] if undone or self._is_taken(account) else []

    def _is_taken(self, account: dict[str, Any]) -> bool:
        wanted = {row["code"] for row in self.erp.rows}
        others = {now["number"] for now in living().values()} - {account["number"]}
        return bool(wanted & others)

    def undo(self, which: int) -> None:
        if self.runs:
            run_id = self.runs[-(which % len(self.runs)) - 1]
            with suppress(CRMError):
                take_back(self.make, session.get_one(Run, run_id))


def living() -> dict[int, dict[str, Any]]:
    session.rollback()
    table = Account.__table__.c
    names = ("id", "number", "name", "phone", "active", "version", "lineage")
    query = select(*(table[name] for name in names)).where(table.deleted_at.is_(None))
    return {row.id: dict(row._mapping) for row in session.execute(query)}


def changes() -> int:
    return session.scalar(select(func.count()).select_from(Change)) or 0
