"""Who gets an e-mail when a run ends."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import session, unit_of_work
from crmapp.domain.runs import Mail
from crmapp.models import MailOutbox, User
from crmapp.services import notifications, preferences, reaches
from tests.factories import Make


def end(make: Make, status: str, by: User | None, **more: str) -> list[tuple[str, str]]:
    """End a run, twice told; return (recipient, kind) of the letters."""
    run_id = make.run(status=status, by_id=by and by.id, **more).id
    for _time in range(2):
        with unit_of_work():
            notifications.run_ended(run_id)
    rows = session.execute(select(MailOutbox.recipient, MailOutbox.kind).order_by(MailOutbox.id))
    return [(row.recipient.split("@")[0], row.kind) for row in rows]


def wants(by: User, own_runs: Mail = Mail.ALL, *, failed_runs: bool = True) -> None:
    preferences.keep_mail(own_runs=own_runs, failed_runs=failed_runs, by=by)


@pytest.mark.parametrize(
    "status, choice, told",
    [
        ("done", Mail.ALL, True),
        ("done", Mail.WRONG, False),
        ("done_with_errors", Mail.WRONG, True),
        ("failed", Mail.WRONG, True),
        ("failed", Mail.NONE, False),
    ],
)
def test_who_started_a_run_is_told_as_she_chose(
    make: Make, status: str, choice: Mail, told: bool
) -> None:
    wants(make.mona, choice)

    letters = end(make, status, make.mona)

    assert letters == ([("mona", "run_ended")] if told else [])


def test_administrators_are_told_of_a_run_that_failed_once_each(make: Make) -> None:
    make.user("zoe", "admin")
    make.user("gone", "admin", active=False)
    assert make.alice
    assert make.ivan

    letters = end(make, "failed", make.mona)

    assert letters[0] == ("mona", "run_ended")
    assert sorted(letters[1:]) == [("alice", "run_failed"), ("zoe", "run_failed")]


def test_an_administrator_who_does_not_want_it_is_not_told(make: Make) -> None:
    wants(make.alice, failed_runs=False)

    assert end(make, "failed", make.mona) == [("mona", "run_ended")]


def test_an_administrator_gets_one_letter_about_her_own_failed_run(make: Make) -> None:
    assert end(make, "failed", make.alice) == [("alice", "run_ended")]


def test_a_run_of_the_schedule_that_failed_is_told_to_administrators(make: Make) -> None:
    assert make.alice

    assert end(make, "failed", None) == [("alice", "run_failed")]


def test_nobody_but_who_started_it_is_told_of_a_run_that_left_rows_out(make: Make) -> None:
    assert make.alice

    assert end(make, "done_with_errors", make.mona) == [("mona", "run_ended")]


def test_each_letter_has_its_own_message_id(make: Make) -> None:
    assert make.alice
    end(make, "failed", make.mona)

    assert len(set(session.scalars(select(MailOutbox.message_id)))) == 2


@pytest.mark.parametrize("kind", ["dataset_refresh", "managed_list", "account_sync", "feed"])
def test_a_run_of_the_schedule_that_failed_is_told_to_those_who_are_responsible_for_such_runs(
    make: Make, kind: str
) -> None:
    assert all([make.alice, make.ivan, make.mona, make.bob])

    assert sorted(end(make, "failed", None, kind=kind)) == [
        ("alice", "run_failed"),
        ("ivan", "run_failed"),
    ]


def test_the_responsible_are_not_told_of_what_somebody_started_herself(make: Make) -> None:
    assert all([make.alice, make.ivan])

    assert end(make, "failed", make.alice, kind="managed_list") == [("alice", "run_ended")]


def test_who_is_restricted_is_not_told_of_runs_that_she_may_not_see(make: Make) -> None:
    assert all([make.alice, make.ivan])
    reaches.restrict(make.ivan.id, sees=["team"], edits=None, territories=(), by=make.alice)
    waiting = make.run(status="waiting", kind="managed_list", by_id=None).id

    with unit_of_work():
        notifications.run_waits(waiting)

    assert sorted(end(make, "failed", None, kind="feed")) == [
        ("alice", "run_failed"),
        ("alice", "run_waits"),
    ]
