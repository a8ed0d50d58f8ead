"""Rows that are alike are written together, and it comes to what the door makes of each."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp import artefacts
from crmapp.db import session, unit_of_work
from crmapp.domain.bulk_edits import Verb
from crmapp.models import Account, AccountSync, Change
from crmapp.services import alike_rows, bulk_edits, receipts, records, runs, undo
from tests.support.bulk import carry_out, plan, take_back, those
from tests.support.sync_states import enable
from tests.support.upserts import edit

FIELDS = {
    "owner_id": lambda make: str(make.bob.id),
    "parent_id": lambda make: make.account("Parent").name,
    "terms": lambda make: "prepaid",
    "credit_limit": lambda make: "12.50",
    "active": lambda make: "no",
    "notes": lambda make: 'Ça “va”\n"bien"',
    "c_zone": lambda make: "12.50",
}


def together(run):
    """Return the next rows of a run that are written together."""
    with artefacts.read([part["name"] for part in run.artefacts]) as file:
        return alike_rows.upcoming(file, run, run.cursor)


def state(make, accounts):
    """Return what accounts hold and what was logged of them, but for what differs each time."""
    passing = {"id", "at", "run_id", "updated_at", "created_at", "lineage", "name", "name_key"}
    passing |= {"search_text", "near_key", "record_id", "source"}
    rows = []
    for account in accounts:
        now = make.again(Account, account.id)
        mine = (Change.object == "account", Change.record_id == account.id)
        changes = session.scalars(select(Change).where(*mine).order_by(Change.id)).all()
        last = dict.fromkeys(changes[-1].fields, changes[-1].id)
        assert now.lineage == last
        rows += [
            {c.name: getattr(row, c.name) for c in row.__table__.c if c.name not in passing}
            for row in (now, *changes)
        ]
    return rows


def two(make, word):
    given = {"credit_limit": 7, "custom": {"c_zone": "3", "c_other": "é"}, "terms": "net_30"}
    return make.account(f"{word} 1", **given), make.account(f"{word} 2")


@pytest.mark.parametrize("name", FIELDS)
def test_an_edit_and_its_undo_leave_what_the_door_would_leave(make, monkeypatch, name):
    make.field("Zone", kind="number")
    make.field("Other")
    give = bulk_edits.setting(name, FIELDS[name](make), by=make.mona)
    left = []
    for word, given in (("Alike", alike_rows.GIVEN), ("Each", {})):
        monkeypatch.setattr(alike_rows, "GIVEN", given)
        accounts = two(make, word)
        planned = plan(those(*accounts), give, make.mona)
        assert (together(planned) is not None) == bool(given)
        done = carry_out(planned, make.mona)
        left.append(state(make, accounts))
        undoing = take_back(done, make.mona)
        left.append(state(make, accounts))
        assert (done.done, undoing.done) == ({"updated": 2}, {"updated": 2})

    assert left[:2] == left[2:]


def test_what_takes_an_edit_back_is_written_together_as_well_and_names_each_change(make):
    accounts = [make.account("One", owner_id=make.carol.id), make.account("Two")]
    give = bulk_edits.setting("owner_id", str(make.bob.id), by=make.mona)
    done = carry_out(plan(those(*accounts), give, make.mona), make.mona)
    undoing = undo.undo_later(done.id, by=make.mona, key=None)
    runs.work(undoing)

    assert together(runs.get(undoing, by=make.mona)) is not None
    runs.work(undoing)

    owners = [make.again(Account, each.id).owner_id for each in accounts]
    assert owners == [make.carol.id, None]
    logged = select(Change.record_id, Change.id, Change.source).order_by(Change.record_id)
    undone = {row.record_id: row.id for row in session.execute(logged.where(_of(done.id)))}
    sources = {row.record_id: row.source for row in session.execute(logged.where(_of(undoing)))}
    assert sources == {
        account: {"kind": "undo", "run": done.id, "key": str(change)}
        for account, change in undone.items()
    }


def _of(run_id):
    return Change.run_id == run_id


@pytest.mark.parametrize("verb", [Verb.ADD_TAGS, Verb.REMOVE_TAGS])
def test_tags_that_accounts_had_are_told_apart(make, verb):
    one, two_ = make.account("One", tags=["Fair", "VIP"]), make.account("Two", tags=["vip", "é"])
    planned = plan(
        those(one, two_), bulk_edits.tagging(verb, "fair, VIP, new", by=make.mona), make.mona
    )

    assert together(planned) is not None
    done = carry_out(planned, make.mona)

    tags = [make.again(Account, each.id).tags for each in (one, two_)]
    added = [["Fair", "VIP", "new"], ["vip", "é", "fair", "new"]]
    assert tags == (added if verb is Verb.ADD_TAGS else [[], ["é"]])
    take_back(done, make.mona)
    tags = [make.again(Account, each.id).tags for each in (one, two_)]
    assert tags == [["Fair", "VIP"], ["vip", "é"]]


def test_a_custom_field_is_emptied_beside_others(make):
    make.field("Zone", kind="number")
    make.field("Other")
    account = make.account("Acme", custom={"c_zone": "3", "c_other": "é"})
    empty = bulk_edits.setting("c_zone", "", empty=True, by=make.mona)

    planned = plan(those(account), empty, make.mona)
    assert together(planned) is not None
    carry_out(planned, make.mona)

    assert make.again(Account, account.id).custom == {"c_other": "é"}


def test_whoever_was_changed_or_deleted_since_is_left_out_with_the_reason(make):
    accounts = [make.account(f"Acme {n}") for n in range(3)]
    give = bulk_edits.setting("owner_id", str(make.bob.id), by=make.mona)
    planned = plan(those(*accounts), give, make.mona)
    edit(make, accounts[0], owner_id=make.carol.id)
    with unit_of_work():
        records.delete(Account, accounts[1].id, by=make.mona)

    done = carry_out(planned, make.mona)

    owners = [make.again(Account, each.id).owner_id for each in accounts]
    assert owners == [make.carol.id, None, make.bob.id]
    assert (done.status, done.done) == ("done_with_errors", {"updated": 1, "skipped": 2})
    why = {each.name: str(each.reason) for each in receipts.left_out(done, by=make.mona)}
    assert list(why) == ["Acme 0", "Acme 1"]
    assert "changed this account after" in why["Acme 0"]
    assert runs.receipt_of(done).balances
    logged = select(Change.record_id).where(Change.run_id == done.id)
    assert session.scalars(logged).all() == [accounts[2].id]


@pytest.mark.parametrize("name", ["location", "c_found"])
def test_what_more_follows_from_than_itself_is_left_to_the_door(make, name):
    make.field("Found")
    account = make.account("Acme")
    give = bulk_edits.setting(name, "Lyon", by=make.mona)

    planned = plan(those(account), give, make.mona)

    assert together(planned) is None
    carry_out(planned, make.mona)
    assert "lyon" in make.again(Account, account.id).search_text


def test_wide_rows_are_not_held_together(make, monkeypatch):
    accounts = [make.account(f"Acme {n}", notes="x" * 50) for n in range(3)]
    planned = plan(those(*accounts), bulk_edits.setting("notes", "y", by=make.mona), make.mona)
    monkeypatch.setattr(alike_rows, "WIDE", 100)

    assert together(planned) is None


def test_the_sync_is_told_of_each_account_that_was_changed(make):
    enable(make.alice)
    changed, kept = make.account("Changed"), make.account("Kept")
    give = bulk_edits.setting("terms", "prepaid", by=make.mona)
    planned = plan(those(changed, kept), give, make.mona)
    edit(make, kept, owner_id=make.carol.id)
    before = session.get(AccountSync, kept.id).pending

    done = carry_out(planned, make.mona)

    (change,) = session.scalars(select(Change.id).where(Change.run_id == done.id))
    assert make.again(AccountSync, changed.id).pending == change
    assert make.again(AccountSync, kept.id).pending == before


def test_rows_that_are_not_written_are_counted_between_those_that_are(make, monkeypatch):
    monkeypatch.setattr("crmapp.services.pace.chunk_size", lambda: 1)
    monkeypatch.setattr(alike_rows, "TIMES", 2)
    bob = make.bob.id
    owners = [None, bob, bob, bob, bob, None, make.carol.id, bob]
    accounts = [make.account(f"Acme {n}", owner_id=owner) for n, owner in enumerate(owners)]
    give = bulk_edits.setting("owner_id", str(bob), by=make.mona)

    done = carry_out(plan(those(*accounts), give, make.mona), make.mona)

    assert {make.again(Account, each.id).owner_id for each in accounts} == {bob}
    assert (done.status, done.done) == ("done", {"updated": 3, "unchanged": 5})
