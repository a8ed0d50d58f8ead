"""Who did what, when and from where is noted in the transaction of its cause."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmapp import origin
from crmapp.db import session, unit_of_work, utcnow
from crmapp.errors import Forbidden, Invalid
from crmapp.models import Account, AuditEvent, Change
from crmapp.origin import Origin
from crmapp.services import audit, audit_trail, custom_fields, records, retention, users
from crmapp.services.audit_trail import Asked, Cursor
from tests.support.upserts import ROWS, carry_out, plan


@pytest.fixture
def desk():
    """What is done here comes from somewhere."""
    origin.enter(Origin("192.0.2.7", "Browser", "r1"))
    yield
    origin.enter(None)


def events(*kinds):
    found = session.query(AuditEvent).order_by(AuditEvent.id)
    return [each for each in found if not kinds or each.kind in kinds]


def listed(make, asked=None, before=None, size=audit_trail.PAGE):
    given = {"before": before or Cursor(), "by": make.alice, "locale": "en", "size": size}
    return audit_trail.page(asked or Asked(), **given)


def told(page):
    return [each.event.kind if each.event else each.entry.action for each in page.items]


def rename(make, account, name):
    with unit_of_work():
        records.update(
            Account, account.id, {"name": name}, version=None, by=make.bob, source={"kind": "form"}
        )


def test_a_change_of_a_role_says_what_it_was(make, desk):
    users.set_role(make.bob.id, "viewer", by=make.alice)

    (event,) = events("role_changed")
    assert (event.by_id, event.about_id) == (make.alice.id, str(make.bob.id))
    assert event.details == {"role": ["rep", "viewer"]}
    assert (event.address, event.agent, event.request_id) == ("192.0.2.7", "Browser", "r1")
    assert event.commitment == audit.commitment(event.salt, "192.0.2.7", "Browser")


def test_what_is_refused_notes_nothing(make):
    with pytest.raises(Invalid):
        users.set_role(make.bob.id, "queen", by=make.alice)

    assert events() == []


def test_what_fails_takes_its_note_with_it(make, desk, monkeypatch):
    monkeypatch.setattr(users, "_keep_an_administrator", lambda _user: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        users.set_active(make.bob.id, active=False, by=make.alice)

    assert events() == []


def test_what_was_not_changed_is_not_noted(make):
    users.change(make.bob.id, role="rep", active=True, by=make.alice)

    assert events() == []


def test_settings_say_what_was_set(make):
    retention.keep({"upsert": 30}, confirmed=None, by=make.alice)

    (event,) = events("retention_set")
    assert event.details == {"days": {"upsert": 30}}
    assert event.address is None
    assert event.commitment == ""


def test_a_person_changes_many_records_from_one_place(make, desk):
    one, other = make.account("One", owner_id=make.bob.id), make.account("Other")
    rename(make, one, "Un")
    rename(make, other, "Autre")

    last = session.query(Change).order_by(Change.id.desc()).limit(2).all()
    assert {each.origin_id for each in last} == {each.id for each in events(audit.RECORDS)}
    assert audit.RECORDS not in told(listed(make))
    assert [each.place.address for each in listed(make).items[:2]] == ["192.0.2.7"] * 2


def test_a_run_is_noted_once_and_its_changes_come_from_where_it_began(make, desk):
    run = plan(make, ROWS)
    origin.enter(None)
    carry_out(make, run)

    page = listed(make, Asked(kind="created"))
    (begun,) = events("run_begun")
    assert begun.about_id == str(run.id)
    assert {each.place.id for each in page.items} == {begun.id}


def test_only_who_has_the_right_reads_it(make):
    with pytest.raises(Forbidden):
        audit_trail.page(Asked(), before=Cursor(), by=make.mona, locale="en")


def test_pages_follow_each_other_without_gap_or_repetition(make, desk):
    account = make.account("Acme", owner_id=make.bob.id)
    for number in range(4):
        rename(make, account, f"Acme {number}")
        users.set_role(make.carol.id, ("rep", "viewer")[number % 2], by=make.alice)
    whole, cursor, pieces = told(listed(make)), Cursor(), []

    while cursor is not None:
        page = listed(make, before=cursor, size=3)
        pieces += told(page)
        cursor = page.older

    assert whole[:8] == ["role_changed", "Changed"] * 4
    assert pieces == whole


def test_it_is_filtered_by_person_kind_day_and_record(make, desk):
    account = make.account("Acme", owner_id=make.bob.id)
    rename(make, account, "Acme 2")
    users.set_role(make.carol.id, "rep", by=make.alice)

    def found(**asked):
        return told(listed(make, Asked(**asked)))

    assert found(person=make.bob.id, kind="changes") == ["Changed"]
    assert found(person=make.carol.id) == ["role_changed"]
    assert found(kind="role_changed") == ["role_changed"]
    assert found(kind="updated") == ["Changed"]
    assert found(object="account", record_id=account.id)[0] == "Changed"
    assert "role_changed" not in found(object="account", record_id=account.id)
    assert found(since=utcnow() + timedelta(days=1)) == []
    assert found(until=utcnow() - timedelta(days=1)) == []
    assert found(nobody=True, kind="role_changed") == []


def test_a_field_of_our_own_is_noted_by_its_name(make):
    typed = {"label_en": "Region", "label_fr": "Région", "kind": "text", "name": "region"}
    field_id = custom_fields.create(typed, by=make.alice)
    custom_fields.retire(field_id, by=make.alice)

    name = custom_fields.get(field_id, by=make.alice).name
    assert [(each.kind, each.about_id) for each in events()] == [
        ("field_saved", name),
        ("field_retired", name),
    ]


@pytest.mark.parametrize("text", ["", "x", "1", "1-x", "1-2-3", "-", "٣-٣", "9" * 20 + "-1"])
def test_a_cursor_that_is_none_means_the_newest(text):
    assert Cursor.read(text) == Cursor()


def test_a_cursor_is_read_as_it_is_said():
    assert Cursor.read(str(Cursor(12, 7))) == Cursor(12, 7)
