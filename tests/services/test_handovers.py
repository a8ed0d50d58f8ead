"""What a person has goes to somebody else, or to nobody: planned, run, undone."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.errors import AlreadyRunning, Conflict, Forbidden, Invalid, NotFound
from crmapp.models import Account, Activity, Change
from crmapp.services import accounts, handovers, planning, runs, users
from tests.support.upserts import edit, take_back


def plan(make, to, of=None):
    run_id = handovers.start((of or make.bob).id, to=to, by=make.alice)
    runs.work(run_id)
    return runs.get(run_id, by=make.alice)


def carry_out(make, planned):
    handovers.run_later(planned.id, plan_hash=planned.plan_hash, key=None, by=make.alice)
    runs.work(planned.id)
    return runs.get(planned.id, by=make.alice)


def owners(make, *records):
    return [make.again(type(each), each.id).owner_id for each in records]


@pytest.fixture
def held(make):
    """Bob's account with an open task and a call, and a task of his at somebody else's."""
    own = make.account("Acme", owner_id=make.bob.id)
    other = make.account("Other", owner_id=make.mona.id)
    task = make.activity(own, kind="task", owner_id=make.bob.id)
    call = make.activity(own, kind="call", owner_id=make.bob.id)
    there = make.activity(other, kind="meeting", owner_id=make.bob.id)
    done = make.activity(other, kind="task", owner_id=make.bob.id, status="completed")
    return own, task, there, other, call, done


def test_accounts_and_open_activities_change_hands_and_nothing_else(make, held):
    bob, mona = make.bob.id, make.mona.id

    done = carry_out(make, plan(make, str(mona)))

    assert (done.status, done.done) == ("done", {"updated": 3})
    assert owners(make, *held) == [mona, mona, mona, mona, bob, bob]
    assert runs.receipt_of(done).balances


def test_nobody_takes_over(make, held):
    done = carry_out(make, plan(make, handovers.NOBODY))

    assert owners(make, *held[:3]) == [None, None, None]
    assert done.title == "Bob → –"


def test_nothing_is_written_before_it_is_run(make, held):
    planned = plan(make, str(make.mona.id))

    assert (planned.status, planned.counts) == ("planned", {"update": 3})
    assert owners(make, held[0], held[1]) == [make.bob.id, make.bob.id]


def test_it_is_planned_part_by_part(make, monkeypatch):
    monkeypatch.setattr(planning, "PART", 2)
    own = [make.account(f"Acme {n}", owner_id=make.bob.id) for n in range(5)]
    tasks = [make.activity(own[0], kind="task", owner_id=make.bob.id) for _n in range(3)]

    done = carry_out(make, plan(make, str(make.mona.id)))

    assert done.done == {"updated": 8}
    assert set(owners(make, *own, *tasks)) == {make.mona.id}


def test_all_comes_back_by_an_undo_though_she_has_left(make, held):
    done = carry_out(make, plan(make, str(make.mona.id)))
    users.set_active(make.bob.id, False, by=make.alice)

    undoing = take_back(make, done)

    assert undoing.done == {"updated": 3}
    assert owners(make, *held[:3]) == [make.bob.id] * 3


def test_what_somebody_changed_meanwhile_is_left_alone(make, held):
    planned = plan(make, str(make.mona.id))
    edit(make, held[0], owner_id=make.alice.id)

    done = carry_out(make, planned)

    assert done.done == {"updated": 2, "skipped": 1}
    assert owners(make, held[0]) == [make.alice.id]


def test_the_history_says_what_it_was(make, held):
    done = carry_out(make, plan(make, str(make.mona.id)))

    changes = session.scalars(select(Change).where(Change.run_id == done.id)).all()

    assert {(each.object, each.source["kind"]) for each in changes} == {
        ("account", "handover"),
        ("activity", "handover"),
    }


@pytest.mark.parametrize("to", ["", "0", "999999", "x", "²", "-1", " "])
def test_somebody_has_to_be_named_who_is_there(make, to):
    with pytest.raises(Invalid) as invalid:
        handovers.start(make.bob.id, to=to, by=make.alice)

    assert list(invalid.value.fields) == ["heir"]


def test_nobody_takes_over_from_herself_nor_who_has_left(make):
    users.set_active(make.carol.id, False, by=make.alice)

    for to in (make.bob.id, make.carol.id):
        with pytest.raises(Invalid):
            handovers.start(make.bob.id, to=str(to), by=make.alice)


def test_who_leaves_before_the_run_takes_nothing_over(make, held):
    planned = plan(make, str(make.mona.id))
    users.set_active(make.mona.id, False, by=make.alice)

    with pytest.raises(Conflict):
        carry_out(make, planned)

    assert owners(make, held[0]) == [make.bob.id]


def test_it_begins_once(make, held):
    planned = plan(make, str(make.mona.id))
    carry_out(make, planned)

    with pytest.raises(AlreadyRunning):
        handovers.run_later(planned.id, plan_hash=planned.plan_hash, key=None, by=make.alice)


def test_only_administrators_hand_over(make, held):
    planned = plan(make, str(make.mona.id))

    for attempt in (
        lambda: handovers.start(make.bob.id, to=handovers.NOBODY, by=make.mona),
        lambda: handovers.count(make.bob.id, by=make.mona),
        lambda: handovers.get(planned.id, by=make.mona),
    ):
        with pytest.raises(Forbidden):
            attempt()


def test_another_run_is_no_handover(make):
    with pytest.raises(NotFound):
        handovers.get(make.run(kind="bulk").id, by=make.alice)


def test_a_deleted_account_stays_where_it_is(make):
    gone = make.account("Gone", owner_id=make.bob.id)
    task = make.activity(gone, kind="task", owner_id=make.bob.id)
    accounts.delete(gone.id, by=make.alice)

    assert handovers.count(make.bob.id, by=make.alice) == (0, 0)
    assert plan(make, str(make.mona.id)).total == 0
    assert make.again(Activity, task.id).owner_id == make.again(Account, gone.id).owner_id
