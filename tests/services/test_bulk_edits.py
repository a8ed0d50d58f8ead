"""Many accounts are edited at once: planned one by one, run, undone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.bulk_edits import Edit, Verb
from crmapp.domain.changes import Action, Write
from crmapp.domain.plan import Planned
from crmapp.errors import Conflict, Forbidden, Invalid
from crmapp.models import Account, Contact, Run, User
from crmapp.services import (
    alike_rows,
    bulk_edits,
    bulk_plan,
    custom_fields,
    history,
    pace,
    planning,
    plans,
    receipts,
    records,
    required_fields,
    runs,
    users,
)
from tests.support.bulk import TITLES, all_of, carry_out, plan, take_back, those
from tests.support.killing import killed_after
from tests.support.upserts import edit

DELETION, RETURN = Edit(Verb.DELETE), Edit(Verb.RESTORE)


def said(run, action, by):
    """Return name → why, or what changes, of the rows with ``action``."""
    shown = plans.rows(run, action, 1, by=by, locale="en").rows
    return {row.name: str(row.reason) if row.reason else row.planned.fields for row in shown}


def held(make, name, *given):
    return [getattr(make.again(Account, account.id), name) for account in given]


def touch(account, **who):
    """Change the phone of the account's contact."""
    with unit_of_work():
        id_ = session.scalar(select(Contact.id).where(Contact.account_id == account.id))
        write = Write(Action.UPDATE, {"phone": "+43 1 5550100"}, id_, None, {"kind": "form"})
        records.write(Contact, [write], **who)


def test_nothing_is_written_before_the_plan_is_run(make):
    account = make.account("Acme", owner_id=make.bob.id)

    planned = plan(those(account), bulk_edits.setting("phone", "555 123", by=make.bob), make.bob)

    assert (planned.status, planned.counts, planned.total) == ("planned", {"update": 1}, 1)
    assert said(planned, Planned.UPDATE, make.bob) == {"Acme": {"phone": [None, "555 123"]}}
    assert held(make, "phone", account) == [None]


def test_all_that_match_the_list_get_the_value_but_those_that_were_left_out(make, monkeypatch):
    monkeypatch.setattr(planning, "PART", 2)
    bobs = [make.account(f"Bob {n}", owner_id=make.bob.id) for n in range(5)]
    other = make.account("Other", owner_id=make.mallory.id)
    give = bulk_edits.setting("owner_id", str(make.mallory.id), by=make.mona)

    done = carry_out(plan(all_of(bobs[2], owner=str(make.bob.id)), give, make.mona), make.mona)

    bob, mallory = make.bob.id, make.mallory.id
    assert held(make, "owner_id", *bobs) == [mallory, mallory, bob, mallory, mallory]
    assert held(make, "version", other) == [1]
    assert (done.status, done.done, done.total) == ("done", {"updated": 4}, 4)
    assert runs.receipt_of(done).balances


def test_a_plan_is_not_run_by_somebody_who_may_change_other_accounts_by_now(make):
    mallory = make.mallory
    account = make.account("Acme", team_id=mallory.teams[0].id)
    planned = plan(those(account), bulk_edits.setting("phone", "555", by=mallory), mallory)
    assert planned.counts == {"update": 1}
    with unit_of_work():
        session.get_one(User, mallory.id).teams = []

    with pytest.raises(Conflict, match="Choose them anew"):
        carry_out(planned, mallory)

    assert held(make, "phone", account) == [None]


def test_an_account_that_has_the_value_already_is_unchanged(make):
    has, lacks = make.account("Has", location="Lyon"), make.account("Lacks")

    done = carry_out(
        plan(those(has, lacks), bulk_edits.setting("location", "Lyon", by=make.mona), make.mona),
        make.mona,
    )

    assert done.done == {"updated": 1, "unchanged": 1}
    assert held(make, "version", has, lacks) == [1, 2]


def test_a_rep_changes_what_is_hers_and_the_rest_is_rejected_with_the_reason(make):
    hers = make.account("Hers", owner_id=make.bob.id)
    make.account("Secret", owner_id=make.mallory.id)
    secret = session.scalar(select(Account.id).where(Account.name == "Secret"))
    chosen = those(hers, make.again(Account, secret))

    planned = plan(chosen, bulk_edits.setting("phone", "555 123", by=make.bob), make.bob)

    assert planned.counts == {"update": 1, "rejected": 1}
    why = "This account was deleted or restored in the meantime."
    assert said(planned, Planned.REJECTED, make.bob) == {f"#{secret}": why}
    done = carry_out(planned, make.bob)
    assert done.done == {"updated": 1, "rejected": 1}


def test_tags_come_and_go_whatever_their_capitals(make):
    one = make.account("One", tags=["VIP", "Fair"])
    two = make.account("Two", tags=[])
    adding = bulk_edits.tagging(Verb.ADD_TAGS, "vip, New", by=make.mona)
    removing = bulk_edits.tagging(Verb.REMOVE_TAGS, "FAIR", by=make.mona)

    added = carry_out(plan(those(one, two), adding, make.mona), make.mona)
    removed = carry_out(plan(those(one, two), removing, make.mona), make.mona)

    assert held(make, "tags", one, two) == [["VIP", "New"], ["vip", "New"]]
    assert (added.done, removed.done) == ({"updated": 2}, {"updated": 1, "unchanged": 1})


def test_a_custom_field_is_filled_and_emptied(make):
    make.field("Zone", kind="number")
    account = make.account("Acme")

    fill = bulk_edits.setting("c_zone", "12.50", by=make.mona)
    carry_out(plan(those(account), fill, make.mona), make.mona)
    assert held(make, "custom", account) == [{"c_zone": "12.5"}]
    clear = bulk_edits.setting("c_zone", "", empty=True, by=make.mona)
    carry_out(plan(those(account), clear, make.mona), make.mona)

    assert held(make, "custom", account) == [{}]


def test_deleted_accounts_come_back_by_an_undo_and_by_a_restoration(make):
    gone = [make.account(f"Gone {n}", number=f"N{n}", location="Graz") for n in range(2)]
    done = carry_out(plan(all_of(location="Graz"), DELETION, make.mona), make.mona)
    assert (done.status, done.done) == ("done", {"updated": 2})

    undoing = take_back(done, make.mona)
    assert held(make, "deleted_at", *gone) == [None, None]
    take_back(undoing, make.mona)
    again = all_of(location="Graz", deleted="yes")
    restored = carry_out(plan(again, RETURN, make.mona), make.mona)

    assert restored.done == {"updated": 2}
    assert held(make, "deleted_at", *gone) == [None, None]


def test_an_account_whose_number_was_taken_meanwhile_is_not_restored(make):
    gone = make.account("Gone", number="N1", deleted_at=utcnow())
    make.account("Heir", number="N1")

    planned = plan(all_of(deleted="yes", q="Gone"), RETURN, make.mona)

    assert planned.counts == {"rejected": 1}
    why = "Another account has the number N1."
    assert said(planned, Planned.REJECTED, make.mona) == {"Gone": why}
    assert held(make, "version", gone) == [1]


def test_of_two_that_had_the_same_number_one_is_restored_and_the_other_says_which(make):
    for name in ("First", "Second"):
        make.account(name, number="N1", deleted_at=utcnow())

    done = carry_out(plan(all_of(deleted="yes"), RETURN, make.mona), make.mona)

    left = receipts.left_out(done, by=make.mona)
    assert [str(row.reason) for row in left] == ["Another account has the number N1."]


def test_the_undo_of_a_restoration_deletes_again_what_nobody_added_to_since(make):
    gone = {"deleted_at": utcnow(), "location": "Graz"}
    one, two = (make.account(name, **gone) for name in ("One", "Two"))
    make.contact(one, updated_at=utcnow() - timedelta(days=1))
    chosen = all_of(deleted="yes", location="Graz")
    done = carry_out(plan(chosen, RETURN, make.mona), make.mona)
    make.contact(two, "Late")

    take_back(done, make.mona)

    assert [at is not None for at in held(make, "deleted_at", one, two)] == [True, False]


def test_the_redo_of_a_deletion_leaves_what_people_or_runs_worked_on_since(make):
    names = ("Quiet", "Called", "Imported", "Note taken")
    quiet, called, imported, noted = (make.account(name, location="Graz") for name in names)
    for account in (quiet, called, imported):
        make.contact(account, "Meier", updated_at=utcnow() - timedelta(days=1))
    done = carry_out(plan(all_of(location="Graz"), DELETION, make.mona), make.mona)
    undoing = take_back(done, make.mona)
    touch(called, by=make.bob)
    touch(imported, run=make.run())
    make.activity(noted, "Called")

    redone = take_back(undoing, make.mona)

    gone = held(make, "deleted_at", quiet, called, imported, noted)
    assert [at is not None for at in gone] == [True, False, False, False]
    assert redone.counts == {"delete": 1, "kept": 3}


def test_deleting_takes_the_right_to(make):
    account = make.account("Acme", owner_id=make.bob.id)

    with pytest.raises(Forbidden):
        plan(those(account), DELETION, make.bob)


@pytest.mark.parametrize("deleted, edit_", [("yes", DELETION), ("", RETURN)])
def test_deleted_accounts_are_only_restored_and_others_only_not(make, deleted, edit_):
    with pytest.raises(Invalid):
        plan(all_of(deleted=deleted), edit_, make.mona)


def test_what_somebody_changed_after_the_plan_is_skipped_and_listed(make):
    first, other = make.account("First"), make.account("Other")
    planned = plan(
        those(first, other), bulk_edits.setting("location", "Lyon", by=make.mona), make.mona
    )
    edit(make, first, location="Graz")

    done = carry_out(planned, make.mona)

    assert (done.status, done.done) == ("done_with_errors", {"updated": 1, "skipped": 1})
    assert held(make, "location", first, other) == ["Graz", "Lyon"]
    (left,) = receipts.left_out(done, by=make.mona)
    assert (left.name, str(left.reason)) == (
        "First", "Somebody changed this account after the plan was made.",
    )  # fmt: skip


def test_an_undo_keeps_what_people_changed_since(make):
    one, two = (make.account(name, location="Graz") for name in ("One", "Two"))
    give = bulk_edits.setting("location", "Lyon", by=make.mona)
    done = carry_out(plan(those(one, two), give, make.mona), make.mona)
    edit(make, two, location="Nice")

    undoing = take_back(done, make.mona)

    assert held(make, "location", one, two) == ["Graz", "Nice"]
    assert undoing.done == {"updated": 1, "skipped": 1}


def test_a_person_who_left_after_the_plan_owns_nothing_more(make):
    account = make.account("Acme")
    give = bulk_edits.setting("owner_id", str(make.bob.id), by=make.mona)
    planned = plan(those(account), give, make.mona)
    users.set_active(make.bob.id, False, by=make.alice)

    with pytest.raises(Conflict) as conflict:
        carry_out(planned, make.mona)

    assert "does not work here any more" in str(conflict.value)
    assert held(make, "owner_id", account) == [None]


def test_a_field_that_was_retired_before_the_plan_rejects_all(make):
    zone = make.field("Zone")
    account = make.account("Acme")
    give = bulk_edits.setting("c_zone", "North", by=make.mona)
    run_id = bulk_edits.start(
        those(account), give, count=1, titles=TITLES, by=make.mona, locale="en"
    )
    custom_fields.retire(zone.id, by=make.alice)

    runs.work(run_id)

    planned = runs.get(run_id, by=make.mona)
    assert planned.counts == {"rejected": 1}
    why = "Zone: Choose the field to change."
    assert said(planned, Planned.REJECTED, make.mona) == {"Acme": why}


def test_a_filter_that_is_there_no_more_fails_the_run_and_says_why(make):
    zone = make.field("Zone", filterable=True)
    account = make.account("Acme", custom={"c_zone": "North"})
    chosen = all_of(c_zone="North")
    run_id = bulk_edits.start(chosen, DELETION, count=1, titles=TITLES, by=make.mona, locale="en")
    custom_fields.retire(zone.id, by=make.alice)

    runs.work(run_id)

    run = runs.get(run_id, by=make.mona)
    assert (run.status, run.error) == ("failed", bulk_plan.UNREADABLE)
    assert held(make, "deleted_at", account) == [None]


@pytest.mark.parametrize("name", ["name", "number", "primary_contact_id", "nonsense", ""])
def test_what_is_each_accounts_own_is_not_set_for_many(make, name):
    with pytest.raises(Invalid) as invalid:
        bulk_edits.setting(name, "x", by=make.mona)

    assert list(invalid.value.fields) == ["field"]


def test_a_required_field_is_not_emptied(make):
    required_fields.choose(["phone"], by=make.alice)

    with pytest.raises(Invalid) as invalid:
        bulk_edits.setting("phone", "", empty=True, by=make.mona)

    assert list(invalid.value.fields) == ["phone"]


def test_required_tags_are_not_all_taken_away(make):
    one, two = make.account("One", tags=["Fair"]), make.account("Two", tags=["Fair", "VIP"])
    three = make.account("Three", tags=[])
    required_fields.choose(["tags"], by=make.alice)
    removing = bulk_edits.tagging(Verb.REMOVE_TAGS, "fair", by=make.mona)

    planned = plan(those(one, two, three), removing, make.mona)
    carry_out(planned, make.mona)

    assert set(said(planned, Planned.REJECTED, make.mona)) == {"One"}
    assert held(make, "tags", one, two, three) == [["Fair"], ["VIP"], []]


def test_no_account_comes_to_be_below_one_that_is_below_it(make):
    top = make.account("Top", number="T1")
    middle = make.account("Middle", number="M1", parent_id=top.id)
    other = make.account("Other")
    give = bulk_edits.setting("parent_id", "M1", by=make.mona)

    planned = plan(those(top, middle, other), give, make.mona)

    assert set(said(planned, Planned.UPDATE, make.mona)) == {"Other"}
    assert set(said(planned, Planned.REJECTED, make.mona)) == {"Top", "Middle"}


def test_the_history_says_that_it_was_an_edit_of_many(make):
    account = make.account("Acme")
    give = bulk_edits.setting("location", "Lyon", by=make.mona)

    done = carry_out(plan(those(account), give, make.mona), make.mona)

    entry = history.of("account", account.id, by=make.mona, locale="en").entries[0]
    assert (str(entry.source), entry.change.run_id) == ("Edit of many accounts", done.id)


@pytest.mark.parametrize("commits", range(1, 9))
def test_a_worker_that_dies_after_any_commit_loses_nothing_and_does_nothing_twice(
    make, monkeypatch, commits
):
    monkeypatch.setattr(planning, "PART", 2)
    monkeypatch.setattr(pace, "chunk_size", lambda: 2)
    monkeypatch.setattr(alike_rows, "TIMES", 1)
    many = [make.account(f"Many {n}", location="Graz") for n in range(5)]
    give = bulk_edits.setting("terms", "prepaid", by=make.mona)
    chosen = all_of(location="Graz")
    run_id = bulk_edits.start(chosen, give, count=5, titles=TITLES, by=make.mona, locale="en")

    with killed_after(commits):
        runs.work(run_id)
        queue(run_id, make.mona)
        runs.work(run_id)
    free(run_id)
    while runs.get(run_id, by=make.mona).status != "done":
        queue(run_id, make.mona)
        runs.work(run_id)

    assert held(make, "terms", *many) == ["prepaid"] * 5
    assert held(make, "version", *many) == [2] * 5
    assert runs.get(run_id, by=make.mona).done == {"updated": 5}


def queue(run_id, by):
    """Have the plan carried out, if there is one that waits for it."""
    planned = runs.get(run_id, by=by)
    if planned.status == "planned":
        bulk_edits.run_later(run_id, plan_hash=planned.plan_hash, key=None, by=by)


def free(run_id):
    """Let the time pass after which another worker may take the run."""
    with unit_of_work():
        session.execute(update(Run).where(Run.id == run_id).values(lease_until=None))
