"""What stands in a person's day, for herself and for others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from crmapp.db import session, utcnow
from crmapp.domain.days import Today
from crmapp.domain.permissions import Right, Role, roles_with
from crmapp.errors import Forbidden, Invalid, NotFound
from crmapp.services import day, team_days
from tests.conftest import NOW

pytestmark = pytest.mark.usefixtures("clock")
HOUR = timedelta(hours=1)


def today(zone="UTC"):
    return Today(utcnow(), ZoneInfo(zone))


def subjects(name, person, *, by=None, zone="UTC", **asked):
    found = day.part(name, person, today(zone), by=by or person, **asked)
    return [row.subject for row in found.rows]


@pytest.fixture
def task(make):
    """Make a task of a person on an account of hers."""

    def make_task(owner, subject="Send prices", due=NOW + HOUR, **values):
        account = values.pop("account", None) or make.account(owner_id=owner.id)
        known = {"kind": "task", "owner_id": owner.id, "happens_at": due}
        return make.activity(account, subject, **{**known, **values})

    return make_task


def test_what_is_late_comes_first_the_oldest_at_the_top(make, task):
    bob = make.bob
    for subject, due in [("yesterday", NOW - 24 * HOUR), ("now", NOW - HOUR), ("soon", NOW + HOUR)]:
        task(bob, subject, due)

    assert subjects("overdue", bob) == ["yesterday", "now"]
    assert subjects("today", bob) == ["soon"]


@pytest.mark.parametrize(
    "zone, due, section",
    [
        ("Europe/Paris", datetime(2026, 6, 15, 21, 59, tzinfo=UTC), "today"),
        ("Europe/Paris", datetime(2026, 6, 15, 22, 0, tzinfo=UTC), "ahead"),
        ("America/New_York", datetime(2026, 6, 16, 3, 59, tzinfo=UTC), "today"),
        ("America/New_York", datetime(2026, 6, 16, 4, 0, tzinfo=UTC), "ahead"),
    ],
)
def test_a_day_ends_at_her_own_midnight(make, task, zone, due, section):
    bob = make.bob
    task(bob, due=due)

    found = {name for name in day.SECTIONS if subjects(name, bob, zone=zone)}

    assert found == {section}


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_what_is_closed_is_not_to_be_done(make, task, status):
    bob = make.bob
    task(bob, status=status)

    assert subjects("today", bob) == []


@pytest.mark.parametrize("kind", ["call", "note"])
def test_what_only_tells_what_happened_is_not_to_be_done(make, task, kind):
    bob = make.bob
    task(bob, kind=kind)

    assert subjects("today", bob) == []


def test_what_nobody_owns_is_for_the_owner_of_the_account(make, task):
    bob = make.bob
    task(bob, "hers", owner_id=None)
    task(bob, "elsewhere", owner_id=None, account=make.account(owner_id=make.mallory.id))
    task(bob, "nobody's account", owner_id=None, account=make.account())

    assert subjects("today", bob) == ["hers"]


def test_what_is_on_an_account_that_she_sees_no_more_is_gone(make, task):
    bob = make.bob
    task(bob, account=make.account(owner_id=make.mallory.id))
    task(bob, account=make.account(owner_id=bob.id, deleted_at=NOW))

    assert subjects("today", bob) == []


def test_what_is_deleted_is_gone(make, task):
    bob = make.bob
    task(bob, deleted_at=NOW)

    assert subjects("today", bob) == []


def test_what_she_completed_today_stands_there_the_last_first(make, task):
    bob, mallory = make.bob, make.mallory
    done = {"status": "completed", "completed_by_id": bob.id}
    task(bob, "early", completed_at=NOW - 3 * HOUR, **done)
    task(bob, "late", completed_at=NOW - HOUR, **done)
    task(bob, "yesterday", completed_at=NOW - 20 * HOUR, **done)
    task(bob, "by another", completed_at=NOW, status="completed", completed_by_id=mallory.id)

    assert subjects("done", bob) == ["late", "early"]


def test_pages_follow_each_other_without_a_gap(make, task):
    bob = make.bob
    account = make.account(owner_id=bob.id)
    for number in range(7):  # two at each moment, some of nobody
        owner = bob.id if number % 3 else None
        task(bob, str(number), NOW + number // 2 * HOUR, owner_id=owner, account=account)
    seen, after = [], None

    while True:
        found = day.part("today", bob, today(), by=bob, after=after, most=2)
        seen += [row.subject for row in found.rows]
        after = found.more
        if after is None:
            break

    assert seen == [str(number) for number in range(7)]


@pytest.mark.parametrize("after", ["x", "2026-06-15~1", "2026-06-15T00:00+00:00~", "~" * 50])
def test_a_place_that_is_none_is_refused(make, after):
    bob = make.bob

    with pytest.raises(Invalid):
        day.part("today", bob, today(), by=bob, after=after)


def test_a_section_that_is_none_is_not_found(make):
    bob = make.bob

    with pytest.raises(NotFound):
        day.part("yesterday", bob, today(), by=bob)


def test_her_day_is_read_from_its_index(make):
    words = day._open(
        day._owned(make.bob), day._between("today", today()), None, 50, make.alice
    ).compile(session.get_bind(), compile_kwargs={"literal_binds": True})
    dialect = session.get_bind().dialect.name
    if dialect == "postgresql":
        session.execute(text("SET LOCAL enable_seqscan = off"))
    explain = "EXPLAIN QUERY PLAN " if dialect == "sqlite" else "EXPLAIN "

    plan = "\n".join(map(str, session.execute(text(explain + str(words).replace(":", "\\:")))))

    assert "ix_activity_open" in plan


def test_a_manager_opens_anybodys_day_and_a_rep_only_hers(make):
    assert day.person_of(make.bob.id, by=make.mona).id == make.bob.id
    assert day.person_of(make.bob.id, by=make.bob).id == make.bob.id
    with pytest.raises(Forbidden):
        day.person_of(make.mallory.id, by=make.bob)
    with pytest.raises(NotFound):
        day.person_of(2**31 - 1, by=make.mona)


def test_a_team_is_counted_person_by_person(make, task):
    bob, mona = make.bob, make.mona
    task(bob, due=NOW - HOUR)
    task(bob, due=NOW + HOUR)
    task(bob, due=NOW + 100 * HOUR)
    task(bob, status="completed", completed_by_id=bob.id, completed_at=NOW - HOUR)
    task(bob, status="completed", completed_by_id=bob.id, completed_at=NOW - 30 * HOUR)
    left = make.user("leo", Role.REP, active=False)
    task(left, due=NOW - HOUR)

    found = {each.name: each for each in team_days.standings(today(), by=mona)}

    of_bob = found["Bob"]
    assert (of_bob.open, of_bob.overdue, of_bob.today, of_bob.done) == (3, 1, 1, 1)
    assert (found["Leo"].here, found["Leo"].overdue) == (False, 1)
    assert list(found)[-1] == "Leo"


def test_what_hangs_on_a_deleted_account_is_not_counted(make, task):
    left = make.user("leo", Role.REP, active=False)
    gone = make.account("Gone", deleted_at=NOW)
    task(make.bob, due=NOW - HOUR)
    task(make.bob, due=NOW + HOUR, account=gone)
    task(left, due=NOW - HOUR, account=gone)

    found = {each.name: each for each in team_days.standings(today(), by=make.mona)}

    assert (found["Bob"].open, found["Bob"].overdue, found["Bob"].today) == (1, 1, 0)
    assert "Leo" not in found


def test_whoever_manages_sees_all_accounts():
    assert set(roles_with(Right.ACCOUNT_EDIT_ALL)) <= set(roles_with(Right.ACCOUNT_VIEW_ALL))


@pytest.mark.parametrize("who", ["bob", "carol", "ivan"])
def test_only_managers_see_the_days_of_a_team(make, who):
    with pytest.raises(Forbidden):
        team_days.standings(today(), by=getattr(make, who))
