"""Random edits, runs and undos: the log replays to the present; an undo gives back the past.

``CRMAPP_EXAMPLES=2000`` looks for longer.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crmapp.db import db, session
from crmapp.domain.bulk_edits import Edit, Verb
from crmapp.domain.changes import Reason
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.reasons import SENTENCES
from crmapp.errors import Conflict, Invalid
from crmapp.i18n import Text
from crmapp.models import Change, Contact, Run, User
from crmapp.services import accounts, bulk_edits, contacts, engine, fields, receipts, runs, undo
from crmapp.services.account_sets import Chosen
from crmapp.services.receipts import LeftOut
from tests.factories import Make
from tests.support import bulk
from tests.support.change_log import World, present, replayed
from tests.support.databases import Database
from tests.support.duplicate_rules import ignore_all
from tests.support.past import Back, Past, Step, applied, unlike
from tests.support.upserts import plan_again, queue, start

EXAMPLES = int(os.environ.get("CRMAPP_EXAMPLES") or 4)
LENGTH = 30
CHECKS = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large)
RANDOM = settings(max_examples=EXAMPLES, suppress_health_check=CHECKS)
Chunks = tuple[int, int]
Meanwhile = list[tuple[int, dict[str, str]]]

OWN = {"colour": "text", "size": "number", "day": "date", "grade": "pick_list"}
OWN |= {"marks": "multi_pick_list"}
"""Custom fields, by kind."""
CELLS: dict[str, list[str]] = {
    "name": ["Acme", "Bolts", "Łódź Toys", "Cogs"],
    "number": ["", "C1", "C2", "C3", "C4"],
    "phone": ["", "555 001", "555 002"],
    "credit_limit": ["", "100", "1250.50"],
    "terms": ["", "net_30", "net_60"],
    "owner_id": ["", "Bob", "Mona"],
    "active": ["yes", "no"],
    "tags": ["", "old", "old, new"],
    "c_colour": ["", "red", "blue"],
    "c_size": ["", "1.5", "20"],
    "c_day": ["", "2026-06-15"],
    "c_grade": ["", "net_30", "net_60"],
    "c_marks": ["", "net_30", "net_60; net_30"],
}
typed = st.fixed_dictionaries({}, optional={n: st.sampled_from(v) for n, v in CELLS.items()})
rows = st.fixed_dictionaries({name: st.sampled_from(words) for name, words in CELLS.items()})
sources = st.dictionaries(st.sampled_from(["K1", "K2", "K3", "K4"]), rows, min_size=2)
mappings = st.builds(
    lambda names, match, clear: FieldMapping(
        {name: name for name in {"name", "number", *names}}, match, clear
    ),
    st.sets(st.sampled_from(sorted(CELLS))),
    st.sampled_from(["number", "name"]),
    st.booleans(),
)
which = st.integers(0, 11)
chunks = st.sampled_from([(5000, 9), (5000, 9), (1, 9), (1, 1), (2, 1)])
"""How many rows a chunk has, and after how many chunks the run is cancelled."""
meanwhile = st.lists(st.tuples(which, typed), max_size=1)
edits = st.one_of(
    st.sampled_from(sorted(set(CELLS) - {"name", "number"})).flatmap(
        lambda name: st.tuples(st.just(Verb.SET), st.just(name), st.sampled_from(CELLS[name]))
    ),
    st.tuples(
        st.sampled_from([Verb.ADD_TAGS, Verb.REMOVE_TAGS]),
        st.just("tags"),
        st.sampled_from(["old", "New, old"]),
    ),
    st.just((Verb.DELETE, "", "")),
)
"""What is done with many accounts: the verb, the field, and what is typed for it."""
STEPS = {
    "create": (1, st.tuples(typed)),
    "edit": (8, st.tuples(which, typed, st.sampled_from([0, 0, 1, 2]))),
    "delete": (1, st.tuples(which)),
    "restore": (1, st.tuples(which, st.booleans())),
    "add_contact": (1, st.tuples(which)),
    "add_or_update": (5, st.tuples(sources, mappings, chunks, meanwhile)),
    "edit_many": (4, st.tuples(st.sets(which, min_size=1), edits, chunks, meanwhile)),
    "undo": (4, st.tuples(which, chunks, meanwhile)),
    "undo_the_last": (3, st.tuples()),
}
"""What may happen, how often, and of what."""
lives = st.lists(
    st.sampled_from([name for name, (often, _of) in STEPS.items() for _ in range(often)]).flatmap(
        lambda name: st.tuples(st.just(name), STEPS[name][1])
    ),
    min_size=LENGTH // 2,
    max_size=LENGTH,
)


USUAL = ("name", "number", "phone", "terms", "tags")
ROWS = {
    "K1": dict(zip(USUAL, ("Acme", "C1", "555 001", "net_30", "old"), strict=True)),
    "K2": dict(zip(USUAL, ("Widgets", "C4", "555 001", "net_30", "old"), strict=True)),
}
USUAL_LIFE = [
    ("add_or_update", (ROWS, FieldMapping(dict(zip(USUAL, USUAL, strict=True))), (5000, 9), [])),
    ("edit", (0, {"phone": "555 002"}, 0)),
    ("undo_the_last", ()),
    ("undo_the_last", ()),
    ("edit", (0, {"tags": "old, new"}, 0)),
    ("undo", (0, (5000, 9), [])),
    ("edit_many", ({0, 1}, (Verb.ADD_TAGS, "tags", "new"), (5000, 9), [])),
    ("add_contact", (1,)),
    ("edit_many", ({1, 2}, (Verb.DELETE, "", ""), (5000, 9), [])),
    ("undo_the_last", ()),
    ("undo_the_last", ()),
]
"""One that is lived each time, so that the plainest defects never go by chance."""


@RANDOM
@example(steps=USUAL_LIFE)
@given(steps=lives)
def test_the_log_replays_to_the_present_and_an_undo_gives_back_the_past(
    app: Flask, database: Database, steps: list[tuple[str, tuple[Any, ...]]]
) -> None:
    db.session.remove()
    database.thaw()
    life = Life()
    for name, of in steps:
        getattr(life, name)(*of)
        assert replayed() == present()


class Life:
    """A few accounts, people who edit them, and runs that come and go."""

    def __init__(self) -> None:
        self.make = make = Make()
        self.done: list[tuple[int, Step]] = []
        for label, kind in OWN.items():
            make.field(label, kind=kind, pick_list="terms" if "pick" in kind else None)
        assert {each.name for each in (make.alice, make.bob, make.mona)} == {"Alice", "Bob", "Mona"}
        ignore_all(by=make.alice)
        self.past = Past(present())
        for name, number in [("Acme", "C1"), ("Bolts", "C2"), ("Cogs", "C3")]:
            self.create({"name": name, "number": number})

    # --- people ---------------------------------------------------------------------------------

    def create(self, typed: dict[str, str]) -> None:
        self.try_to(accounts.create, {"name": "Acme", **typed})

    def edit(self, which: int, typed: dict[str, str], old: int) -> None:
        """Change an account that may have been changed since the form was opened."""
        for id_ in self.one(which):
            version = max(1, self.past.now.accounts[id_].version - old)
            self.try_to(accounts.update, id_, typed, version)

    def delete(self, which: int) -> None:
        for id_ in self.one(which):
            self.try_to(accounts.delete, id_)

    def restore(self, which: int, without_number: bool) -> None:
        for id_ in self.one(which, deleted=True):
            self.try_to(accounts.restore, id_, without_number=without_number)

    def add_contact(self, which: int) -> None:
        for id_ in self.one(which):
            self.try_to(contacts.add, id_, {"last_name": "Doe"})

    def try_to(self, do: Callable[..., object], *of: Any, **more: Any) -> None:
        """Let a person do something, unless a number is taken or somebody was faster."""
        try:
            do(*of, by=self.make.alice, **more)
        except (Invalid, Conflict):
            assert unlike(self.past.now, present()) == {}
        self.past.note(present(), person=True)

    def one(self, which: int, *, deleted: bool = False) -> list[int]:
        """Return one of the accounts that are there, or of those that are deleted, if any."""
        ids = [i for i, account in self.past.now.accounts.items() if account.deleted == deleted]
        return [ids[which % len(ids)]] if ids else []

    # --- runs -----------------------------------------------------------------------------------

    def add_or_update(
        self, source: dict[str, Any], mapping: FieldMapping, chunks: Chunks, meanwhile: Meanwhile
    ) -> None:
        run = plan_again(self.make, start(self.make, source), mapping)
        self.meddle(meanwhile)

        work(queue(self.make, run), chunks, self.make)

        step = self.past.note(present())
        self.done.append((run.id, step))
        run = self.run(run.id)
        born = [row.born for row in step.rows.values()]
        changed = [not row.born and bool(row.cells) for row in step.rows.values()]
        outcomes = runs.receipt_of(run).outcomes
        assert set(born) <= {"created", ""}
        assert (outcomes["created"], outcomes["updated"]) == (born.count("created"), sum(changed))
        assert runs.receipt_of(run).balances or run.status == "cancelled"

    def edit_many(
        self,
        which: set[int],
        edit: tuple[Verb, str, str],
        chunks: Chunks,
        meanwhile: Meanwhile,
    ) -> None:
        mona, ids = self.make.mona, {id_ for each in which for id_ in self.one(each)}
        if not ids:
            return
        planned = bulk.plan(Chosen(tuple(sorted(ids))), edit_of(*edit, by=mona), mona)
        self.meddle(meanwhile)
        run_id, plan_hash = planned.id, planned.plan_hash or ""
        bulk_edits.run_later(run_id, plan_hash=plan_hash, key=None, by=mona)

        work(run_id, chunks, self.make)

        step, run = self.past.note(present()), self.run(run_id)
        self.done.append((run_id, step))
        assert runs.receipt_of(run).outcomes["updated"] == len(step.rows)
        assert runs.receipt_of(run).balances or run.status == "cancelled"

    def undo(self, which: int, chunks: Chunks, meanwhile: Meanwhile) -> None:
        mona = self.make.mona
        runs_ = [each for each in self.done if undo.can_undo(self.run(each[0]), by=mona)]
        for run_id, step in runs_ and [runs_[which % len(runs_)]]:
            self.take_back(run_id, step, chunks, meanwhile)

    def undo_the_last(self) -> None:
        self.undo(-1, (5000, 9), [])

    def take_back(self, run_id: int, step: Step, chunks: Chunks, meanwhile: Meanwhile) -> None:
        undoing = undo.undo_later(run_id, by=self.make.mona, key=None)
        runs.work(undoing)
        added = partial(has_people, run=self.run(run_id))
        backs = {id_: self.past.back(step, id_, has_people=added) for id_ in sorted(step.rows)}
        planned = self.past.now
        self.meddle(meanwhile)
        before, size = self.past.now, chunks[0] * chunks[1]

        work(undoing, chunks, self.make)

        after, run = present(), self.run(undoing)
        listed = self.listed(run)
        reached = [id_ for id_, back in backs.items() if back.does][:size]
        skipped = {id_ for id_ in reached if versions(planned, id_) != versions(before, id_)}
        skipped |= {id_ for id_ in reached if is_taken(id_, backs[id_], listed, before, after)}
        taken = {id_: backs[id_] for id_ in reached if id_ not in skipped}
        assert unlike(after, applied(before, taken)) == {}
        self.done.append((undoing, self.past.note(after, undoes=step)))
        self.balances(run, len(taken), run_id)
        if run.status != "cancelled":
            for id_, back in backs.items():
                says(listed.get(id_), back, skipped=id_ in skipped)

    def balances(self, run: Run, taken: int, undone: int) -> None:
        """The receipt counts what was taken back and kept; the run says whether it is undone."""
        receipt, cancelled = runs.receipt_of(run), run.status == "cancelled"
        assert receipt.outcomes["updated"] == taken
        assert receipt.counted == receipt.outcomes["updated"] + receipt.outcomes["skipped"]
        assert receipt.balances or cancelled
        is_undone = self.run(undone).status == "undone"
        assert is_undone == (taken > 0 and not cancelled)

    def meddle(self, meanwhile: Meanwhile) -> None:
        """Edit between plan and run."""
        for which, typed in meanwhile:
            self.edit(which, typed, 0)

    def run(self, run_id: int) -> Run:
        session.rollback()
        return runs.get(run_id, by=self.make.mona)

    def listed(self, run: Run) -> dict[int, LeftOut]:
        """Return account → what the receipt of an undo says it kept of it."""
        found = receipts.left_out(run, by=self.make.mona)
        ids = select(Change.id, Change.record_id).where(Change.id.in_([int(e.key) for e in found]))
        record = {row.id: row.record_id for row in session.execute(ids)}
        return {record[int(each.key)]: each for each in found}


def work(run_id: int, chunks: Chunks, make: Make) -> None:
    """Work on a run in chunks of a size, and cancel it after some of them unless it has ended."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crmapp.services.pace.chunk_size", lambda: chunks[0])
        held = engine.claim(run_id)
        for _ in range(chunks[1]):
            held = held and runs.PHASES[held.kind, held.status](held)
        if held:
            runs.cancel(run_id, by=make.mona)
            assert runs.PHASES[held.kind, held.status](held) is None


def edit_of(verb: Verb, field: str, text: str, *, by: User) -> Edit:
    if verb is Verb.DELETE:
        return Edit(verb)
    if verb is Verb.SET:
        return bulk_edits.setting(field, text, empty=not text, by=by)
    return bulk_edits.tagging(verb, text, by=by)


def has_people(id_: int, run: Run) -> bool:
    """Whether people have added to an account; to one that the run brought back, since it did."""
    query = select(Contact.id).where(Contact.account_id == id_, Contact.deleted_at.is_(None))
    did = select(Change.action).where(Change.run_id == run.id, Change.record_id == id_)
    if session.scalar(did) == "restored":
        query = query.where(Contact.updated_at >= run.started_at)
    return session.scalar(query.limit(1)) is not None


def versions(world: World, id_: int) -> int:
    return world.accounts[id_].version


def is_taken(id_: int, back: Back, listed: dict[int, LeftOut], *worlds: World) -> bool:
    """Whether the receipt says that another account has the number, which must be true."""
    if id_ not in listed or listed[id_].reason.text != SENTENCES[Reason.NUMBER_TAKEN]:
        return False
    wanted = back.cells.get("number") or worlds[0].accounts[id_].cells.get("number")
    assert wanted in [
        account.cells.get("number")
        for world in worlds
        for other, account in world.accounts.items()
        if other != id_ and not account.deleted
    ]
    return True


def says(left_out: LeftOut | None, back: Back, *, skipped: bool) -> None:
    """The receipt lists what was kept, and nothing else."""
    assert (left_out is not None) == bool(back.reason or back.kept or skipped), (left_out, back)
    if left_out is None or skipped:
        return
    specs, said = fields.every("account"), left_out.reason.params.get("fields", [])
    for name in back.kept:
        assert Text(specs[name].label if name in specs else name) in said
    reason = Reason(back.reason or "edited_since")
    assert left_out.reason.text in (SENTENCES[reason], SENTENCES[Reason.GONE])
