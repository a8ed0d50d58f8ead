"""Random edits, merges and undos of merges: history replays, and an undo gives back the past.

What people changed since is kept. A few lives are lived each time, always the same;
``CRMAPP_EXAMPLES=2000`` looks for longer. Undos out of their order, of which this takes none, keep
part of what a merge did, and say so.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from crmapp.db import db, session, unit_of_work
from crmapp.domain.changes import Action, Write
from crmapp.models import Account, Change, Contact
from crmapp.services import accounts, contacts, merges, records, runs, undo
from tests.factories import Make
from tests.support.change_log import present, replayed
from tests.support.databases import Database
from tests.support.duplicate_rules import ignore_all

USUAL = 10
EXAMPLES = int(os.environ.get("CRMAPP_EXAMPLES") or USUAL)
CELLS: dict[str, list[str]] = {
    "name": ["Acme", "Bolts", "Cogs"],
    "phone": ["", "555 001", "555 002"],
    "tags": ["", "old", "new, old"],
    "notes": ["", "First.", "Second."],
    "c_colour": ["", "red", "blue"],
}
typed = st.fixed_dictionaries({}, optional={n: st.sampled_from(v) for n, v in CELLS.items()})
which = st.integers(0, 7)

Place = tuple[str, Any, str]
"""A field of an account or a contact, whether it is deleted, or what an external id means."""
World = dict[Place, Any]


def look() -> World:
    """Read all places from the tables."""
    seen = present()
    world: World = {}
    for id_, account in seen.accounts.items():
        world |= {("account", id_, name): value for name, value in account.cells.items()}
        world["account", id_, "deleted"] = account.deleted
    for contact in session.scalars(select(Contact)):
        world["contact", contact.id, "account_id"] = contact.account_id
        world["contact", contact.id, "last_name"] = contact.last_name
    world |= {("link", key, "account"): account for key, (account, _c) in seen.links.items()}
    return world


def replayed_contacts() -> World:
    """Play the log of contacts from nothing."""
    world: World = {}
    log = select(Change).where(Change.object == "contact").order_by(Change.id)
    for change in session.scalars(log):
        for name, (before, after) in change.fields.items():
            place = ("contact", change.record_id, name)
            assert world.get(place) == before, place
            world[place] = after
    return {p: v for p, v in world.items() if p[2] in ("account_id", "last_name")}


@dataclass
class Step:
    """What one step did to places: (before, after)."""

    number: int
    run: int | None
    places: dict[Place, tuple[Any, Any]]

    def accounts(self) -> set[Any]:
        return {place[1] for place in self.places if place[0] == "account"}


@dataclass
class Past:
    """All steps so far, and for each place whose value it had after each of them."""

    now: World
    steps: list[Step] = field(default_factory=list)
    hands: dict[Place, list[tuple[int, int]]] = field(default_factory=dict)
    edited: dict[Any, int] = field(default_factory=dict)

    def note(self, run: int | None = None, undoes: Step | None = None) -> Step:
        after = look()
        both = {p: (self.now.get(p), after.get(p)) for p in {**self.now, **after}}
        changed = {p: pair for p, pair in both.items() if pair[0] != pair[1]}
        step = Step(len(self.steps) + 1, run, changed)
        for place in changed:
            whose = step.number if undoes is None else self.whose(place, undoes.number - 1)
            self.hands.setdefault(place, []).append((step.number, whose))
            if run is None:
                self.edited[place[:2]] = step.number
        self.steps.append(step)
        self.now = after
        return step

    def whose(self, place: Place, at: int) -> int:
        then = [whose for step, whose in self.hands.get(place, []) if step <= at]
        return then[-1] if then else 0

    def stands(self, place: Place, step: Step) -> bool:
        return self.whose(place, len(self.steps)) == self.whose(place, step.number)

    def is_last(self, step: Step) -> bool:
        """Whether no later run changed an account that this one did: else part of it is kept."""
        mine = step.accounts()
        later = (each for each in self.steps[step.number :] if each.run is not None)
        return all(mine.isdisjoint(each.accounts()) for each in later)

    def taken_back(self, step: Step) -> World:
        """Say what the places hold once the step was taken back."""
        expected = dict(self.now)
        records = sorted({p[:2] for p in step.places if p[0] == "account"})
        stay = {record[1] for record in records if not self._account(step, record, expected)}
        for place, (before, after) in step.places.items():
            if place[0] == "account" or not self.stands(place, step):
                continue
            if place[0] == "link" and after in stay:
                continue
            if place[0] == "link" or not expected["account", before, "deleted"]:
                expected[place] = before
        return expected

    def _account(self, step: Step, record: tuple[str, Any], expected: World) -> bool:
        """Take back what the step did to an account; say whether it need not stay for people."""
        own = {p: pair for p, pair in step.places.items() if p[:2] == record}
        died = own.get((*record, "deleted"))
        if self.now[(*record, "deleted")] != (died == (False, True)):
            return True
        if died == (True, False) and (
            self._has_people(record[1], step) or self.edited.get(record, 0) > step.number
        ):
            return False
        for place, (before, _after) in own.items():
            if place[2] == "deleted" or self.stands(place, step):
                expected[place] = before
        return True

    def _has_people(self, id_: int, step: Step) -> bool:
        homes = (p for p, v in self.now.items() if p[2] == "account_id" and v == id_)
        return any(place not in step.places for place in homes)


class Life(RuleBasedStateMachine):
    """A few accounts, people who edit them, and merges that come and go."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        db.session.remove()
        self.database.thaw()
        self.make = make = Make()
        make.field("Colour")
        make.field("Bill to", kind="account")
        ignore_all(by=make.alice)
        self.mona, self.bob = make.mona.id, make.bob.id
        self.numbers = 0
        self.runs: list[Step] = []
        self.past = Past(look())
        for name in ("Acme", "Bolts", "Cogs", "Dyes"):
            self.create({"name": name})

    @rule(typed=typed)
    def create(self, typed: dict[str, str]) -> None:
        self.numbers += 1
        number = f"C{self.numbers}"
        made = accounts.create({"name": "Acme", **typed, "number": number}, by=self.make.mona)
        identity = ("dataset:sales", "customers", f"K{self.numbers}")
        with unit_of_work():
            linked = Write(Action.UPDATE, {}, made, None, {"kind": "form"}, identity)
            records.write(Account, [linked], by=self.make.mona)
        self.past.note()

    @rule(which=which, typed=typed)
    def edit(self, which: int, typed: dict[str, str]) -> None:
        account = self.one(which)
        accounts.update(account.id, typed, account.version, by=self.make.mona)
        self.past.note()

    @rule(which=which, other=which)
    def name_another(self, which: int, other: int) -> None:
        account, named = self.one(which), self.one(other)
        if account.id != named.id:
            typed = {"c_bill_to": named.number or ""}
            accounts.update(account.id, typed, account.version, by=self.make.mona)
        self.past.note()

    @rule(which=which, name=st.sampled_from(["Doe", "Roe"]))
    def add_contact(self, which: int, name: str) -> None:
        contacts.add(self.one(which).id, {"last_name": name}, by=self.make.mona)
        self.past.note()

    @rule(
        which=which,
        other=which,
        choices=st.dictionaries(st.sampled_from([*CELLS, "number"]), st.booleans()),
    )
    def merge(self, which: int, other: int, choices: dict[str, bool]) -> None:
        into, gone = self.one(which), self.one(other)
        if into.id == gone.id:
            return
        versions = {into.id: into.version, gone.id: gone.version}
        picks = {n: str(gone.id if theirs else into.id) for n, theirs in choices.items()}
        run = merges.merge(into.id, versions, picks, by=self.make.mona)
        self.runs.append(self.past.note(run))
        assert self.past.now["account", gone.id, "deleted"]
        assert gone.id not in {v for p, v in self.past.now.items() if p[2] == "account_id"}
        receipt = runs.receipt_of(runs.get(run, by=self.make.mona))
        assert receipt.balances

    @rule(which=which)
    def undo(self, which: int) -> None:
        by = self.make.mona
        open_ = [
            each
            for each in self.runs
            if self.past.is_last(each) and undo.can_undo(runs.get(each.run or 0, by=by), by=by)
        ]
        if not open_:
            return
        step = open_[-1 - which % len(open_)]
        expected = self.past.taken_back(step)
        undoing = undo.undo_later(step.run or 0, by=by, key=None)
        runs.work(undoing)
        runs.work(undoing)
        session.rollback()
        now = look()
        differing = {p: (expected.get(p), now.get(p)) for p in {**expected, **now}}
        assert {p: pair for p, pair in differing.items() if pair[0] != pair[1]} == {}
        assert runs.receipt_of(runs.get(undoing, by=by)).balances
        self.runs.append(self.past.note(undoing, undoes=step))

    @invariant()
    def history_replays_to_the_present(self) -> None:
        assert replayed().accounts == present().accounts
        here = {p: v for p, v in look().items() if p[0] == "contact"}
        assert replayed_contacts() == here

    def one(self, which: int) -> Account:
        query = select(Account).where(Account.deleted_at.is_(None)).order_by(Account.id)
        living = session.scalars(query).all()
        return living[which % len(living)]


def test_history_replays_and_an_undo_of_a_merge_gives_back_the_past(
    app: Flask, database: Database
) -> None:
    Life.database = database
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis has no types for it
        Life,
        settings=settings(
            max_examples=EXAMPLES,
            derandomize=EXAMPLES == USUAL,
            stateful_step_count=25,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
