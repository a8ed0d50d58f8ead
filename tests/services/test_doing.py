"""Activities are completed, put off, handed over, and all of it is taken back."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from crmapp.db import session, unit_of_work
from crmapp.domain.changes import Action, Write
from crmapp.domain.days import Today
from crmapp.errors import Forbidden, Invalid, NotFound, NotUndoable
from crmapp.models import Activity, Change
from crmapp.services import doing, records
from tests.conftest import NOW

pytestmark = pytest.mark.usefixtures("clock")
DAY = timedelta(days=1)
TODAY = Today(NOW, ZoneInfo("Europe/Paris"))


@pytest.fixture
def task(make):
    account = make.account(owner_id=make.bob.id)
    made = make.activity(
        account, kind="task", owner_id=make.bob.id, status="in_progress", happens_at=NOW
    )
    return made.id


def test_what_is_completed_says_when_and_by_whom(make, task):
    doing.complete(task, by=make.bob)

    kept = make.again(Activity, task)
    assert (kept.status, kept.completed_at, kept.completed_by_id) == ("completed", NOW, make.bob.id)
    change = session.scalars(select(Change).where(Change.object == "activity")).one()
    assert change.fields == {"status": ["in_progress", "completed"]}
    assert (change.by_id, change.at) == (make.bob.id, NOW)


def test_what_is_completed_twice_changes_once(make, task):
    versions = [doing.complete(task, by=make.bob) for _time in range(2)]

    assert versions == [2, None]


def test_what_is_reopened_is_as_far_as_it_was(make, task):
    doing.complete(task, by=make.bob)

    doing.reopen(task, by=make.bob)

    kept = make.again(Activity, task)
    assert (kept.status, kept.completed_at, kept.completed_by_id) == ("in_progress", None, None)


def test_what_was_closed_from_the_start_is_not_started_when_reopened(make):
    closed = make.activity(make.account(), kind="task", status="cancelled")

    doing.reopen(closed.id, by=make.bob)

    assert make.again(Activity, closed.id).status == "not_started"


@pytest.mark.parametrize(
    "until, later", [("tomorrow", timedelta(days=1)), ("next_week", timedelta(days=7))]
)
def test_it_is_put_off_and_taken_back(make, task, until, later):
    version = doing.snooze(task, until, TODAY, by=make.bob)
    assert make.again(Activity, task).happens_at == NOW + later

    doing.take_back(task, version, by=make.bob)

    assert make.again(Activity, task).happens_at == NOW


def test_nothing_is_put_off_until_nonsense(make, task):
    with pytest.raises(Invalid):
        doing.snooze(task, "never", TODAY, by=make.bob)


def test_what_was_completed_is_taken_back_whole(make, task):
    version = doing.complete(task, by=make.bob)

    doing.take_back(task, version, by=make.bob)

    kept = make.again(Activity, task)
    assert (kept.status, kept.completed_at) == ("in_progress", None)


def test_what_somebody_changed_since_is_not_taken_back(make, task):
    version = doing.complete(task, by=make.bob)
    mona, new = make.mona, {"notes": "Sent."}
    with unit_of_work():
        records.update(Activity, task, new, version=None, by=mona, source={"kind": "form"})

    with pytest.raises(NotUndoable):
        doing.take_back(task, version, by=make.bob)

    assert make.again(Activity, task).status == "completed"


@pytest.mark.parametrize("version", [1, 2, 99])
def test_nobody_takes_back_what_another_did(make, task, version):
    doing.complete(task, by=make.mona)

    with pytest.raises(NotFound):
        doing.take_back(task, version, by=make.bob)


def test_a_manager_hands_it_over(make, task):
    doing.assign(task, str(make.mallory.id), by=make.mona)

    assert make.again(Activity, task).owner_id == make.mallory.id


@pytest.mark.parametrize("owner", ["", "0", "x", "999999"])
def test_it_is_handed_to_nobody_who_is_not_here(make, task, owner):
    with pytest.raises(Invalid):
        doing.assign(task, owner, by=make.mona)


def test_a_rep_hands_nothing_over(make, task):
    with pytest.raises(Forbidden):
        doing.assign(task, str(make.mallory.id), by=make.bob)


DEEDS = [
    lambda task, by: doing.complete(task, by=by),
    lambda task, by: doing.reopen(task, by=by),
    lambda task, by: doing.snooze(task, "tomorrow", TODAY, by=by),
    lambda task, by: doing.take_back(task, 1, by=by),
]


@pytest.mark.parametrize("deed", DEEDS)
def test_who_does_not_see_the_account_does_nothing(make, task, deed):
    with pytest.raises(NotFound):
        deed(task, make.mallory)


@pytest.mark.parametrize("deed", DEEDS)
def test_who_only_reads_does_nothing(make, task, deed):
    with pytest.raises(Forbidden):
        deed(task, make.carol)


@pytest.mark.parametrize("kind", ["call", "note"])
def test_what_only_tells_what_happened_is_not_completed(make, kind):
    told = make.activity(make.account(), kind=kind)

    with pytest.raises(NotFound):
        doing.complete(told.id, by=make.bob)


def test_a_status_in_a_batch_with_other_changes_is_completed_alone(make, task):
    other = make.activity(make.account(), kind="task", status="completed", completed_at=NOW)
    mona = make.mona
    with unit_of_work():
        records.write(
            Activity,
            [
                Write(Action.UPDATE, {"status": "completed"}, task, None, {}),
                Write(Action.UPDATE, {"notes": "x"}, other.id, None, {}),
            ],
            by=mona,
        )

    assert make.again(Activity, task).completed_by_id == make.mona.id
    assert make.again(Activity, other.id).completed_at == NOW


@pytest.mark.parametrize("due, done", [(NOW - 3 * DAY, NOW - 3 * DAY), (NOW + DAY, NOW)])
def test_an_activity_that_is_noted_as_completed_was_so_when_it_took_place(make, due, done):
    account, bob = make.account(), make.bob
    values = {"account_id": account.id, "kind": "task", "subject": "Sent", "status": "completed"}
    values["happens_at"] = due
    with unit_of_work():
        made = records.create(Activity, values, by=bob, source={"kind": "form"})

    kept = make.again(Activity, made)
    assert (kept.completed_at, kept.completed_by_id) == (done, make.bob.id)
