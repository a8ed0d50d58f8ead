"""Accounts that become one: what is kept, what moves, and that all of it can be taken back."""

from __future__ import annotations

from sqlalchemy import select

from crmapp.db import session
from crmapp.models import Account, Change, Run
from crmapp.services import merges, runs, undo
from tests.factories import Make
from tests.support.change_log import present
from tests.support.past import unlike


def merge(make: Make, *found: Account, **choices: str) -> Run:
    """Merge accounts into the first of them as Mona, who manages."""
    versions = {account.id: account.version for account in found}
    run = merges.merge(found[0].id, versions, choices, by=make.mona)
    return session.get_one(Run, run)


def take_back(make: Make, run: Run) -> Run:
    undoing = undo.undo_later(run.id, by=make.mona, key=None)
    runs.work(undoing)
    runs.work(undoing)
    session.rollback()
    return session.get_one(Run, undoing)


def test_the_survivor_keeps_its_values_and_takes_what_it_lacks(make: Make) -> None:
    kept = make.account("Acme", number="C1", phone="555 001")
    gone = make.account("Acme Ltd", number="C2", phone="555 002", email="hello@acme.example")

    merge(make, kept, gone)

    assert (kept.name, kept.number, kept.phone) == ("Acme", "C1", "555 001")
    assert kept.email == "hello@acme.example"
    assert gone.deleted_at is not None
    assert gone.replaced_by == kept.id


def test_contacts_activities_and_children_move_to_the_survivor(make: Make) -> None:
    kept, gone = make.account("Acme"), make.account("Acme Ltd")
    contact, activity = make.contact(gone), make.activity(gone)
    child = make.account("Acme Toys", parent_id=gone.id)

    merge(make, kept, gone)

    assert (contact.account_id, activity.account_id, child.parent_id) == (kept.id,) * 3
    named = {(each.object, each.record_id) for each in session.scalars(select(Change))}
    assert named >= {("contact", contact.id), ("activity", activity.id), ("account", child.id)}


def test_an_undo_gives_all_of_it_back(make: Make) -> None:
    kept = make.account("Acme", number="C1", tags=["old"])
    gone = make.account("Acme Ltd", number="C2", phone="555", tags=["new"])
    contact, activity = make.contact(gone), make.activity(gone)
    child = make.account("Acme Toys", parent_id=gone.id)
    known = make.customer(gone, "K2")
    before = present()
    run = merge(make, kept, gone, number=str(gone.id))
    assert (kept.number, kept.tags, known.account_id) == ("C2", ["old", "new"], kept.id)

    undoing = take_back(make, run)

    assert undoing.status == "done"
    assert unlike(before, present()) == {}
    assert (contact.account_id, activity.account_id, child.parent_id) == (gone.id,) * 3
    assert gone.replaced_by is None
