"""Random lives: people, merges, edits of many, grids and undos, in any order.

After each step the change log replays to the present, and what an undo left is what it has to
leave: the past, but for what was changed since. In the end all runs since a person's last edit are
undone backwards, which gives back the past exactly. A few lives are lived each time, always the
same; ``CRMAPP_EXAMPLES=2000`` looks for longer.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import select

from crmapp.db import db, session, unit_of_work
from crmapp.domain.bulk_edits import WHOLE, Edit, Verb
from crmapp.domain.changes import Action, Reason, Write
from crmapp.domain.mapping import FieldMapping
from crmapp.errors import Conflict, Forbidden, Invalid, NotFound
from crmapp.models import Account, Activity, Attachment, Contact, Run, RunException, User
from crmapp.models.account import Record
from crmapp.services import (
    accounts,
    activities,
    attachments,
    bulk_edits,
    contacts,
    custom_fields,
    doing,
    merges,
    records,
    runs,
    undo,
)
from tests.factories import Make
from tests.support import bulk
from tests.support.attached import sent
from tests.support.change_log import present, replayed
from tests.support.databases import Database
from tests.support.duplicate_rules import ignore_all
from tests.support.taken_back import GONE, Past, Places, Step, places_of, unlike
from tests.support.upserts import plan_again, queue, start

USUAL = 12
EXAMPLES = int(os.environ.get("CRMAPP_EXAMPLES") or USUAL)
STEPS = 30
CELLS: dict[str, list[str]] = {
    "name": ["Acme", "Bolts", "Cogs"],
    "number": ["", "C1", "C2", "C9"],
    "phone": ["", "555 001", "555 002"],
    "owner_id": ["", "Bob", "Mallory"],
    "tags": ["", "old", "new, old"],
    "notes": ["", "First.", "Second."],
    "c_colour": ["", "red", "blue"],
}
typed = st.fixed_dictionaries({}, optional={n: st.sampled_from(v) for n, v in CELLS.items()})
which = st.integers(0, 7)
who = st.sampled_from(["mona", "mona", "bob", "mallory"])
several = st.sets(which, min_size=1, max_size=4)
edits = st.one_of(
    st.sampled_from([n for n in CELLS if n not in ("name", "number")]).flatmap(
        lambda name: st.tuples(st.just(Verb.SET), st.just(name), st.sampled_from(CELLS[name]))
    ),
    st.tuples(
        st.sampled_from([Verb.ADD_TAGS, Verb.REMOVE_TAGS]),
        st.just("tags"),
        st.sampled_from(["old", "New, old"]),
    ),
    st.tuples(st.sampled_from([Verb.DELETE, Verb.RESTORE]), st.just(""), st.just("")),
)
choices = st.dictionaries(st.sampled_from([*CELLS, "primary_contact_id"]), which)
rows = st.dictionaries(
    st.sampled_from(["K1", "K2", "K3"]),
    st.fixed_dictionaries({n: st.sampled_from(CELLS[n]) for n in ("name", "number", "phone")}),
    min_size=1,
)
some_run = st.one_of(
    st.tuples(st.just("merge"), st.tuples(which, several, choices)),
    st.tuples(st.just("edit_many"), st.tuples(st.just("mona"), several, edits)),
    st.tuples(st.just("add_or_update"), st.tuples(rows)),
    st.tuples(st.just("undo"), st.tuples(st.just("mona"), which)),
)
alone = st.lists(some_run, min_size=2, max_size=5)
MAPPING = FieldMapping({name: name for name in ("name", "number", "phone")})
REFUSED = (Invalid, Conflict, NotFound, Forbidden)


Model = TypeVar("Model", bound=Record)


class Life(RuleBasedStateMachine):
    """A few accounts, people of different reach who work on them, and runs that come and go."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        db.session.remove()
        self.database.thaw()
        self.make = make = Make()
        self.people = {name: getattr(make, name).id for name in ("alice", "mona", "bob", "mallory")}
        self.colour = make.field("Colour").id
        make.field("Buys through", kind="account")
        ignore_all(by=make.alice)
        self.keys = 0
        self.runs: list[Step] = []
        self.seen = present()
        self.past = Past(places_of(self.seen))

    @initialize()
    def begin(self) -> None:
        for number, name in enumerate(("Acme", "Bolts", "Cogs", "Dyes"), 1):
            self.create("mona", {"name": name, "number": f"C{number}"})

    # --- people ---------------------------------------------------------------------------------

    @rule(who=who, typed=typed)
    def create(self, who: str, typed: dict[str, str]) -> None:
        self.try_to(accounts.create, {"name": "Acme", **typed}, who=who)

    @rule(who=who, which=which, typed=typed, old=st.sampled_from([0, 0, 0, 1]))
    def edit(self, who: str, which: int, typed: dict[str, str], old: int) -> None:
        """Change an account that may have been changed since the form was opened."""
        account = self.one(which)
        self.try_to(accounts.update, account.id, typed, max(1, account.version - old), who=who)

    @rule(which=which, other=which, field=st.sampled_from(["parent", "c_buys_through"]))
    def name_another(self, which: int, other: int, field: str) -> None:
        account, named = self.one(which), self.one(other)
        self.try_to(accounts.update, account.id, {field: named.number or ""}, account.version)

    @rule(which=which)
    def link(self, which: int) -> None:
        self.keys += 1
        identity = ("dataset:sales", "customers", f"L{self.keys}")
        source = {"kind": "form"}
        with unit_of_work():
            linked = Write(Action.UPDATE, {}, self.one(which).id, None, source, identity)
            records.write(Account, [linked], by=self.make.mona)
        self.note()

    @rule(who=who, which=which)
    def delete(self, who: str, which: int) -> None:
        self.try_to(accounts.delete, self.one(which).id, who=who)

    @rule(which=which, without_number=st.booleans())
    def restore(self, which: int, without_number: bool) -> None:
        for account in self.some(Account, which, gone=True):
            self.try_to(accounts.restore, account.id, without_number=without_number)

    @rule(who=who, which=which)
    def add_contact(self, who: str, which: int) -> None:
        self.try_to(contacts.add, self.one(which).id, {"last_name": "Doe"}, who=who)

    @rule(who=who, which=which, primary=st.booleans(), name=st.sampled_from(["Doe", "Roe"]))
    def change_contact(self, who: str, which: int, primary: bool, name: str) -> None:
        for contact in self.some(Contact, which):
            if primary:
                self.try_to(contacts.set_primary, contact.id, who=who)
            else:
                given = {"last_name": name}
                self.try_to(contacts.update, contact.id, given, contact.version, who=who)

    @rule(who=who, which=which)
    def add_task(self, who: str, which: int) -> None:
        task = {"kind": "task", "subject": "Call", "happens_at": "2026-06-15T10:00:00+00:00"}
        self.try_to(activities.add, self.one(which).id, task, who=who)

    @rule(who=who, which=which, done=st.booleans())
    def do_task(self, who: str, which: int, done: bool) -> None:
        for task in self.some(Activity, which):
            self.try_to(doing.complete if done else doing.reopen, task.id, who=who)

    @rule(which=which)
    def add_file(self, which: int) -> None:
        self.try_to(attachments.add_to_account, self.one(which).id, [sent()])

    @rule(which=which, gone=st.booleans())
    def delete_or_restore_file(self, which: int, gone: bool) -> None:
        for file in self.some(Attachment, which, gone=gone):
            self.try_to(attachments.restore if gone else attachments.delete, file.id)

    @rule(retire=st.booleans())
    def retire_or_bring_back_a_field(self, retire: bool) -> None:
        change = custom_fields.retire if retire else custom_fields.bring_back
        self.try_to(change, self.colour, who="alice")

    # --- runs -----------------------------------------------------------------------------------

    @rule(which=which, others=several, choices=choices)
    def merge(self, which: int, others: set[int], choices: dict[str, int]) -> None:
        into = self.one(which)
        found = {into.id: into, **{each.id: each for each in map(self.one, sorted(others))}}
        ids = list(found)[: merges.MOST]
        versions = {id_: found[id_].version for id_ in ids}
        picks = {name: str(ids[at % len(ids)]) for name, at in choices.items()}
        try:
            run = merges.merge(into.id, versions, picks, by=self.make.mona)
        except REFUSED:
            return self.nothing_changed()
        self.runs.append(self.note(run))
        world = self.past.now
        gone = set(ids) - {into.id}
        assert {id_ for id_ in ids if world["account", id_, GONE]} == gone
        homes = {v for p, v in world.items() if p[2] == "account_id" and not world[(*p[:2], GONE)]}
        assert homes.isdisjoint(gone)
        return None

    @rule(who=st.sampled_from(["mona", "bob"]), which=several, edit=edits)
    def edit_many(self, who: str, which: set[int], edit: tuple[Verb, str, str]) -> None:
        by, gone = self.person(who), edit[0] is Verb.RESTORE
        chosen = {each.id: each for at in which for each in self.some(Account, at, gone=gone)}
        arguments = (("deleted", "yes"),) if gone else ()
        those = bulk.Chosen(tuple(sorted(chosen)), arguments=arguments)
        if not chosen:
            return None
        try:
            planned = bulk.plan(those, edit_of(*edit, by=by), by)
        except REFUSED:
            return self.nothing_changed()
        run = bulk.carry_out(planned, by)
        self.runs.append(self.note(run.id))
        assert runs.receipt_of(run).balances
        assert runs.receipt_of(run).outcomes["updated"] == len(self.runs[-1].records())
        return None

    @rule(rows=rows)
    def add_or_update(self, rows: dict[str, dict[str, str]]) -> None:
        run = plan_again(self.make, start(self.make, rows), MAPPING)
        runs.work(queue(self.make, run))
        self.runs.append(self.note(run.id))

    @rule(who=st.sampled_from(["mona", "mona", "bob"]), which=which)
    def undo(self, who: str, which: int) -> None:
        """Take back any run that may be: the last ones more often than the first."""
        by = self.person(who)
        open_ = [each for each in self.runs if undo.can_undo(self.run(each), by=by)]
        for step in open_ and [open_[-1 - which % len(open_)]]:
            self.take_back(step, by)

    def take_back(self, step: Step, by: User) -> None:
        undoing = undo.undo_later(step.run or 0, by=by, key=None)
        runs.work(undoing)
        hers = set(session.scalars(select(Account.id).where(Account.editable_by(by))))
        runs.work(undoing)
        after = places_of(present())
        skipped = self.taken_numbers(undoing, step, after)
        expected = self.past.taken_back(step, skipped=skipped, hers=hers.__contains__)
        assert unlike(expected, after) == {}
        self.runs.append(self.note(undoing, undoes=step))
        assert runs.receipt_of(runs.get(undoing, by=by)).balances

    def taken_numbers(self, undoing: int, step: Step, after: Places) -> set[int]:
        """Return the accounts whose numbers others have, which must be true."""
        left = select(RunException.record_id).where(
            RunException.run_id == undoing, RunException.reason == Reason.NUMBER_TAKEN.value
        )
        found = {id_ for id_ in session.scalars(left) if id_ is not None}
        for id_ in found:
            place = ("account", id_, "number")
            wanted = step.places.get(place, (self.past.now.get(place),))[0]
            holders = {p[1] for p, v in after.items() if p[2] == "number" and v == wanted}
            assert any(not after["account", each, GONE] for each in holders - {id_})
        return found

    @rule(runs_=alone)
    def only_runs(self, runs_: list[tuple[str, tuple[Any, ...]]]) -> None:
        """Let nobody but runs work for a while, and undo them backwards: nothing has happened.

        Or an undo says that it kept something: a record that was brought back stays if what belongs
        to it was touched since, be it by a run that is undone by now.
        """
        then, known = self.past.now, len(self.runs)
        for name, of in runs_:
            getattr(self, name)(*of)
        for step in reversed(self.runs[known:]):
            if undo.can_undo(self.run(step), by=self.make.mona):
                self.take_back(step, self.make.mona)
                if self.run(self.runs[-1]).done.get("skipped"):
                    return
        born = {p[:2] for p in self.past.now if p[2] == GONE and p not in then}
        assert all(self.past.now[(*record, GONE)] for record in born)
        now = {p: value for p, value in self.past.now.items() if p[:2] not in born}
        assert unlike(then, now) == {}

    # --- looking --------------------------------------------------------------------------------

    def note(self, run: int | None = None, undoes: Step | None = None) -> Step:
        """Take down what was done, and that history replays to it and nothing was lost."""
        before, now = self.seen, present()
        assert replayed() == now
        assert before.records.keys() <= now.records.keys()
        assert all(seen.version <= now.records[r].version for r, seen in before.records.items())
        self.seen = now
        return self.past.note(places_of(now), run, undoes)

    def nothing_changed(self) -> None:
        assert unlike(self.past.now, places_of(present())) == {}

    def try_to(self, do: Callable[..., object], *of: Any, who: str = "mona", **more: Any) -> None:
        """Let a person do something, unless she may not, or somebody was faster."""
        try:
            do(*of, by=self.person(who), **more)
        except REFUSED:
            self.nothing_changed()
        self.note()

    def person(self, name: str) -> User:
        return session.get_one(User, self.people[name])

    def run(self, step: Step) -> Run:
        session.rollback()
        return session.get_one(Run, step.run)

    def one(self, which: int) -> Account:
        """Return one of the accounts that live; if none does, a deleted one, which is refused."""
        return (self.some(Account, which) or self.some(Account, which, gone=True))[0]

    def some(self, model: type[Model], which: int, *, gone: bool = False) -> list[Model]:
        """Return one of the records that live, or of those that are deleted, if there is any."""
        dead = model.deleted_at
        query = select(model).where(dead.is_not(None) if gone else dead.is_(None))
        found = session.scalars(query.order_by(model.id)).all()
        return [found[which % len(found)]] if found else []


def edit_of(verb: Verb, field: str, text: str, *, by: User) -> Edit:
    if verb in WHOLE:
        return Edit(verb)
    if verb is Verb.SET:
        return bulk_edits.setting(field, text, empty=not text, by=by)
    return bulk_edits.tagging(verb, text, by=by)


def test_an_undo_leaves_what_is_not_hers_any_more_and_what_people_added_to(
    app: Flask, database: Database
) -> None:
    Life.database = database
    life = Life()
    life.begin()

    life.edit_many("bob", {0, 1}, (Verb.SET, "phone", "555 001"))
    life.edit("mona", 0, {"owner_id": "Mallory"}, 0)
    life.undo("bob", 0)
    life.add_or_update({"K1": {"name": "Widgets", "number": "C9", "phone": ""}})
    life.add_task("mona", 4)
    life.undo("mona", 0)

    phones = [life.past.now.get(("account", id_, "phone")) for id_ in (1, 2)]
    assert phones == ["555 001", None]
    assert not life.past.now["account", 5, GONE]


def test_history_replays_and_an_undo_gives_back_the_past(app: Flask, database: Database) -> None:
    Life.database = database
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis has no types for it
        Life,
        settings=settings(
            max_examples=EXAMPLES,
            derandomize=EXAMPLES == USUAL,
            stateful_step_count=STEPS,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
