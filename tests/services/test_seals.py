"""What was done is sealed in blocks; whoever changes it later is found out, erasure is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, text, update

from crmapp import origin
from crmapp.db import db, session, unit_of_work, utcnow
from crmapp.db.bulk import reserve_ids
from crmapp.domain.sealing import Fault
from crmapp.models import Account, AuditEvent, Change, Seal
from crmapp.origin import Origin
from crmapp.services import audit_trail, erasure, records, seal_check, seals, users
from crmapp.services.audit_trail import Asked, Cursor
from crmapp.services.seal_check import Broken

NOW = timedelta(0)


@pytest.fixture
def desk():
    origin.enter(Origin("192.0.2.7", "Browser", "r1"))
    yield
    origin.enter(None)


def account(make, name="Acme"):
    bob = make.bob
    with unit_of_work():
        return records.create(Account, {"name": name}, by=bob, source={"kind": "form"})


def sealed():
    return seals.seal(at_least=1, soon=NOW)


@pytest.fixture
def trail(make, desk):
    """Three changes and some events, sealed in four blocks."""
    people = make.bob, make.carol, make.alice
    made = []
    for number in range(3):
        made.append(account(make, f"Acme {number}"))
        if number != 1:
            sealed()
    users.set_role(people[1].id, "rep", by=people[2])
    sealed()
    return made


def meddle(statement):
    with unit_of_work():
        session.execute(statement)


def changes():
    return session.query(Change).order_by(Change.id).all()


def test_what_is_sealed_fits(trail):
    found = seal_check.check()

    assert found.broken is None
    assert found.waiting == 0
    assert found.rows == len(changes()) + session.query(AuditEvent).count()
    assert found.seals == session.query(Seal).count() == 5
    assert found.head == session.get(Seal, found.seals).digest


def test_nothing_new_makes_no_seal(trail):
    assert sealed() == 0


def test_few_rows_wait_a_minute(make):
    account(make)

    assert seals.seal() == 0
    assert seal_check.check().waiting == 1


def test_few_rows_of_a_clock_that_has_stepped_back_since_do_not_wait_for_it(make, clock):
    account(make)
    clock.shift(-timedelta(hours=1))

    assert seals.seal() == 1
    assert seal_check.check().broken is None


def test_blocks_have_a_most(make, monkeypatch):
    monkeypatch.setattr(seals, "ROWS", 2)
    for number in range(5):
        account(make, f"Acme {number}")

    assert sealed() == 3
    assert seal_check.check().broken is None


def first_change(**values):
    return update(Change).where(Change.id == changes()[1].id).values(values)


OTHER = [{"by_id": None}, {"fields": {}}, {"action": "deleted"}, {"at": utcnow()}, {"version": 9}]


@pytest.mark.parametrize("values", OTHER)
def test_a_change_that_is_changed_is_named(trail, values):
    meddle(first_change(**values))

    found = seal_check.check().broken
    assert (found.fault, found.row_id) == (Fault.CHANGED, changes()[1].id)


def test_a_change_that_is_taken_away_is_named(trail):
    gone = changes()[1].id
    meddle(delete(Change).where(Change.id == gone))

    assert seal_check.check().broken.row_id == gone


@pytest.mark.parametrize("column", ["address", "agent", "kind", "by_id", "details", "request_id"])
def test_an_event_that_is_changed_is_named(trail, column):
    event = session.query(AuditEvent).filter_by(kind="role_changed").one()
    others = {"details": {"role": ["viewer", "admin"]}, "by_id": 999}
    meddle(
        update(AuditEvent)
        .where(AuditEvent.id == event.id)
        .values({column: others.get(column, "other")})
    )

    found = seal_check.check().broken
    assert (found.stream, found.fault, found.row_id) == ("event", Fault.CHANGED, event.id)


def test_an_address_that_is_taken_away_without_an_erasure_is_named(trail):
    meddle(update(AuditEvent).values(address=None, agent=None, salt=None))

    assert seal_check.check().broken.fault is Fault.CHANGED


def test_a_seal_that_is_made_anew_does_not_fit_the_next(trail):
    seal = session.get(Seal, 2)
    meddle(update(Seal).where(Seal.number == 2).values(digest="f" * 64))

    assert seal_check.check().broken == Broken(2, seal.stream, Fault.LINK)


def test_a_seal_that_is_taken_away_is_missed(trail):
    meddle(delete(Seal).where(Seal.number == 2))

    assert seal_check.check().broken.number == 2


def test_the_newest_can_be_checked_alone(trail):
    meddle(first_change(version=7))

    assert seal_check.check().broken
    assert seal_check.check(newest=1).broken is None
    assert seal_check.check(newest=1).seals == 1


def test_the_sentence_names_the_link(trail):
    meddle(first_change(version=7))

    broken = seal_check.check().broken
    assert broken.sentence.params["number"] == broken.number
    assert broken.sentence.params["id"] == changes()[1].id


def test_an_erased_account_leaves_the_seals_whole_and_cannot_be_guessed(trail):
    with unit_of_work():
        erasure.erase_accounts([trail[1]])

    assert seal_check.check().broken is None
    sealed()
    assert seal_check.check().broken is None
    assert "Acme 1" not in repr([each.fields for each in changes()])


def test_what_is_erased_before_it_is_sealed_leaves_them_whole(make, desk):
    id_ = account(make)
    with unit_of_work():
        erasure.erase_accounts([id_])
    sealed()

    assert seal_check.check().broken is None


def test_more_than_was_erased_is_missed(trail):
    with unit_of_work():
        erasure.erase_accounts([trail[1]])
    left = changes()[0].id
    meddle(delete(Change).where(Change.id == left))

    assert seal_check.check().broken.row_id == left


def test_an_erased_person_leaves_no_address_and_whole_seals(trail, make):
    with unit_of_work():
        erasure.erase_people([make.bob.id])

    hers = session.query(AuditEvent).filter_by(by_id=make.bob.id).all()
    assert hers
    assert {(each.address, each.agent, each.salt) for each in hers} == {(None, None, None)}
    assert seal_check.check().broken is None
    sealed()
    assert seal_check.check().broken is None


def test_a_day_is_found_by_its_seals(trail, make):
    def found(**asked):
        given = {"before": Cursor(), "by": make.alice, "locale": "en"}
        return len(audit_trail.page(Asked(kind="changes", **asked), **given).items)

    account(make, "Not sealed yet")
    hour = timedelta(hours=1)

    assert found(since=utcnow() - hour, until=utcnow() + hour) == 4
    assert found(since=utcnow() + hour) == 0
    assert found(until=utcnow() - hour) == 0


def test_a_smaller_id_that_comes_late_is_not_left_out(make, app):
    """On PostgreSQL somebody may commit a smaller id later; on SQLite there is one writer."""
    if db.engine.dialect.name != "postgresql":
        account(make)
        assert sealed() == 1
        return
    bob = make.bob.id
    with db.engine.connect() as slow:
        late = slow.scalar(text("SELECT nextval('change_id_seq') FROM pg_current_xact_id()"))
        early = account(make, "Early")
        assert sealed() == 0
        row = {"id": late, "object": "account", "record_id": early, "action": "updated"}
        values = {"fields": {}, "links": [], "source": {}, "version": 2, "by_id": bob}
        slow.execute(Change.__table__.insert().values(**row, **values, at=utcnow()))
        slow.commit()
    sealed()

    assert late < changes()[-1].id
    assert seal_check.check().broken is None
    assert seal_check.check().waiting == 0


def test_ids_are_taken_by_a_transaction_that_has_its_number(make):
    """What :mod:`crmapp.db.horizon` counts on; SQLite has no numbers."""
    with unit_of_work():
        (id_,) = reserve_ids(Change.__table__, 1)
        assert id_ > 0
        if db.engine.dialect.name == "postgresql":
            assert session.scalar(text("SELECT pg_current_xact_id_if_assigned()")) is not None
