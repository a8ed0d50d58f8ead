"""The timeline of an account: activities and changes, newest first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select

from crmapp.db import db, session
from crmapp.errors import Invalid
from crmapp.models import Account
from crmapp.services import accounts, activities, attachments, contacts, timeline
from crmapp.services.timeline import Asked
from tests.support.attached import sent
from tests.support.upserts import carry_out, plan, rows_of

MORNING = datetime(2026, 6, 15, 8, tzinfo=UTC)


def read(account, by, show="", **asked):
    session.rollback()
    account = session.get(Account, account.id)
    return timeline.of(account, Asked(show, **asked), by=by, locale="en")


def told(entry):
    """Say an entry in a word: the subject of an activity, or what of which was changed."""
    if entry.activity:
        return entry.activity.subject
    return [each.about or each.lines[0].after for each in entry.changes]


def everything(account, by, show="", person=""):
    """Read page after page to the end."""
    pages, older = [], {}
    while older is not None:
        found = read(account, by, show, person=person, **older)
        pages.append([told(each) for each in found.entries])
        older = found.older
    return pages


def rings(account, by, number, version):
    """Change the phone of the account."""
    accounts.update(account.id, {"phone": f"555 010{number}"}, version, by=by)


def test_activities_and_changes_are_one_stream(make, clock):
    account, bob = make.account(), make.bob
    rings(account, bob, 1, 1)
    make.activity(account, "Rang", happens_at=MORNING + timedelta(hours=5))
    make.activity(account, "Wrote", kind="email", happens_at=MORNING - timedelta(days=1))
    clock.shift(timedelta(days=1))
    rings(account, bob, 2, 2)

    assert everything(account, bob) == [[["555 0102"], "Rang", ["555 0101"], "Wrote"]]


def test_what_is_to_do_stands_above_soonest_first_and_nowhere_else(make, clock):
    account, late = make.account(), MORNING - timedelta(days=9)
    make.activity(account, "Soon", kind="meeting", happens_at=MORNING + timedelta(days=1))
    make.activity(account, "Late", kind="task", happens_at=late)
    make.activity(account, "Did", kind="task", status="completed", happens_at=late)
    make.activity(account, "Not any more", kind="task", status="cancelled", happens_at=late)

    found = read(account, make.bob)

    assert [each.subject for each in found.planned] == ["Late", "Soon"]
    assert {told(each) for each in found.entries} == {"Did", "Not any more"}


def test_all_that_is_to_do_is_read_page_by_page(make, monkeypatch):
    monkeypatch.setattr(timeline, "PAGE", 2)
    monkeypatch.setattr(timeline, "NEXT", 2)
    account = make.account()
    for day in (3, 1, 2, 2, 5):
        make.activity(account, str(day), kind="task", happens_at=MORNING + timedelta(days=day))

    assert read(account, make.bob).more_planned
    assert everything(account, make.bob, "planned") == [["1", "2"], ["2", "3"], ["5"]]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_nothing_is_lost_or_told_twice_between_pages(make, monkeypatch, clock, size):
    account, bob = make.account(), make.bob
    for number in range(1, 5):
        rings(account, bob, number, number)
        make.activity(account, f"call {number}", happens_at=MORNING + timedelta(days=number - 3))
        clock.shift(timedelta(days=1))
    (whole,) = everything(account, bob)
    monkeypatch.setattr(timeline, "PAGE", size)

    pages = everything(account, bob)

    assert sum(pages, []) == whole
    assert len(whole) == 8
    assert all(len(page) == size for page in pages[:-1])


def test_what_is_noted_in_the_meantime_does_not_turn_up_on_the_next_page(make, monkeypatch, clock):
    account, bob = make.account(), make.bob
    for number in (1, 2, 3):
        rings(account, bob, number, number)
        clock.shift(timedelta(days=1))
    monkeypatch.setattr(timeline, "PAGE", 2)
    first = read(account, bob)
    make.activity(account, "Rang", happens_at=MORNING + timedelta(days=9))

    second = read(account, bob, **first.older)

    assert [told(each) for each in second.entries] == [["555 0101"]]


def test_what_a_person_does_at_one_moment_is_one_entry(make, clock):
    account, bob = make.account(), make.bob
    contacts.add(account.id, {"first_name": "Ann", "last_name": "Doe"}, by=bob)
    clock.shift(timedelta(hours=1))
    rings(account, bob, 1, 2)

    assert everything(account, make.bob) == [[["555 0101"], ["Ann Doe", "Ann Doe"]]]


def test_two_people_at_one_moment_are_two_entries(make, clock):
    account = make.account()
    rings(account, make.bob, 1, 1)
    rings(account, make.mona, 2, 2)

    assert everything(account, make.bob) == [[["555 0102"], ["555 0101"]]]


def test_what_belongs_together_is_not_cut_by_the_end_of_a_page(make, monkeypatch, clock):
    account, bob = make.account(), make.bob
    contacts.add(account.id, {"last_name": "Doe"}, by=bob)
    clock.shift(timedelta(hours=1))
    rings(account, make.mona, 1, 2)
    monkeypatch.setattr(timeline, "PAGE", 2)

    assert everything(account, bob) == [[["555 0101"]], [["Doe", "Doe"]]]


@pytest.fixture
def rich(make, clock):
    """An account that has something of each kind, by Bob or by Mona."""
    carry_out(make, plan(make, rows_of("Acme")))
    account, bob = session.scalars(select(Account).where(Account.name == "Acme")).one(), make.bob
    clock.shift(timedelta(hours=1))
    for kind in ("call", "note", "email"):
        make.activity(account, kind, kind=kind, happens_at=MORNING, owner_id=bob.id)
    make.activity(account, "visit", kind="meeting", owner_id=make.mona.id, status="completed")
    make.activity(account, "errand", kind="task", owner_id=make.mona.id, status="completed")
    attachments.add_to_account(account.id, [sent("offer.pdf")], by=bob)
    clock.shift(timedelta(hours=1))
    accounts.update(account.id, {"phone": "555 0199"}, account.version, by=make.mona)
    return account


def words(account, by, show="", person=""):
    (page,) = everything(account, by, show, person)
    return {each if isinstance(each, str) else each[0] for each in page}


@pytest.mark.parametrize(
    "show, stand",
    [
        ("", {"call", "note", "email", "visit", "errand", "offer.pdf", "555 0199", "Acme"}),
        ("activities", {"call", "note", "email", "visit", "errand"}),
        ("call", {"call"}),
        ("meeting", {"visit"}),
        ("task", {"errand"}),
        ("note", {"note"}),
        ("email", {"email"}),
        ("changes", {"offer.pdf", "555 0199", "Acme"}),
        ("files", {"offer.pdf"}),
        ("runs", {"Acme"}),
    ],
)
def test_a_kind_can_be_asked_for_alone(make, rich, show, stand):
    assert words(rich, make.bob, show) == stand


def test_a_person_can_be_asked_for_alone(make, rich):
    bob, mona = str(make.bob.id), str(make.mona.id)

    assert words(rich, make.bob, person=bob) == {"call", "note", "email", "offer.pdf"}
    assert words(rich, make.bob, person=mona) == {"visit", "errand", "555 0199", "Acme"}
    assert words(rich, make.bob, "runs", person=mona) == {"Acme"}
    assert words(rich, make.bob, "runs", person=bob) == set()


@pytest.mark.parametrize(
    "asked",
    [
        {"show": "party"},
        {"person": "0"},
        {"person": "x"},
        {"before": "x"},
        {"before": "~"},
        {"before": "2026-01-01~1"},
        {"before": "2026-01-01T00:00:00+00:00~x"},
    ],
)
def test_what_there_is_not_is_refused(make, asked):
    with pytest.raises(Invalid) as invalid:
        read(make.account(), make.bob, **asked)

    assert list(invalid.value.fields) == list(asked)


def test_deleted_activities_and_those_of_others_are_not_told(make):
    account = make.account()
    make.activity(account, "Gone", deleted_at=MORNING)
    make.activity(make.account("Other"), "Elsewhere")

    assert everything(account, make.bob) == [[]]


@pytest.mark.parametrize("show", timeline.SHOWS)
def test_it_costs_as_many_statements_however_much_there_is(make, rich, show):
    few = statements(lambda: read(rich, make.bob, show))
    for number in range(30):
        make.contact(rich, f"Doe {number}")
        make.activity(rich, f"Call {number}", owner_id=make.mona.id)
        noted = {"kind": "note", "subject": "x", "happens_at": MORNING.isoformat()}
        activities.add(rich.id, noted, by=make.bob)
        account = session.get(Account, rich.id)
        accounts.update(rich.id, {"fax": f"555 {number}"}, account.version, by=make.mona)

    assert statements(lambda: read(rich, make.bob, show)) <= few + 1  # its contact has a name


def statements(ask):
    asked = []

    def note(_connection, _cursor, statement, *_others):
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(asked)
