"""A person is erased on request: nothing names her any more, and history and its seals stay."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from crmapp import artefacts, origin
from crmapp.config import settings
from crmapp.db import db, session, unit_of_work
from crmapp.domain.changes import Action, Write
from crmapp.errors import Conflict, Forbidden, Invalid, NotFound
from crmapp.models import Account, Activity, Change, Contact, MailOutbox, Run, User
from crmapp.origin import Origin
from crmapp.services import (
    contacts,
    engine,
    erased_list,
    merges,
    person_erasure,
    personal_data,
    records,
    runs,
    seal_check,
    seals,
    undo,
    users,
)

NAMES = ("Annabel", "Quintsworth")
MAIL = "annabel.q@north.example"
PHONE = "+33 6 55 71 20 93"


def everything():
    """Return the text of each row of each table, by table."""
    session.rollback()
    tables = {}
    for table in db.metadata.sorted_tables:
        rows = session.execute(table.select()).all()
        tables[table.name] = [repr(tuple(row)) for row in rows]
    session.rollback()
    return tables


def naming(*words):
    said = [word.casefold() for word in words]
    return [
        (table, row)
        for table, rows in everything().items()
        for row in rows
        if any(word in row.casefold() for word in said)
    ]


def erase(make, kind, id_):
    name = personal_data.subject(kind, id_, by=make.alice).name
    run_id = person_erasure.start(kind, id_, typed=name, by=make.alice)
    runs.work(run_id)
    return make.again(Run, run_id)


@pytest.fixture
def anna(make):
    account = make.account("North")
    typed = {"first_name": NAMES[0], "last_name": NAMES[1], "email": MAIL, "phone": PHONE}
    contact_id = contacts.add(account.id, typed, by=make.mona)
    return make.again(Contact, contact_id)


def sealed():
    seals.seal(at_least=1, soon=timedelta(0))


def test_nothing_names_a_contact_any_more_and_the_seals_hold(make, anna):
    draw = random.Random(7)
    words = [" ".join(NAMES), MAIL, "0033655712093"[-9:], f"{NAMES[1]}, {NAMES[0]}"]
    for number in range(12):
        notes = f"See {draw.choice(words)} about {number}"
        typed = {"notes": f"Buyer {number}", "email": f"a{number}.q@north.example"}
        contacts.update(anna.id, typed, make.again(Contact, anna.id).version, by=make.mona)
        other = make.activity(make.account(f"Acme {number}"), notes)
        with unit_of_work():
            records.update(
                Activity,
                other.id,
                {"notes": notes},
                version=None,
                by=make.mona,
                source={"kind": "form"},
            )
    with unit_of_work():
        session.add(
            MailOutbox(key="k", message_id="m", recipient="x@y.example", text=f"Call {MAIL}")
        )
    merged = make.account("North again"), make.again(Account, anna.account_id)
    merges.merge(merged[0].id, {each.id: each.version for each in merged}, {}, by=make.mona)
    sealed()
    assert naming("Quintsworth", "q@north.example")

    run = erase(make, "contact", anna.id)

    assert run.status == "done"
    assert naming("Quintsworth", "Annabel", "q@north.example", "655712093", "55 71 20 93") == []
    sealed()
    assert seal_check.check().broken is None
    left = make.again(Contact, anna.id)
    assert (left.first_name, left.email, left.phone, left.deleted_at is None) == (
        None,
        None,
        None,
        False,
    )


def test_what_does_not_name_her_stays_as_it_is(make, anna):
    namesake = make.contact(make.account("South"), "Quintsworth", first_name="Bella")
    make.activity(make.account("West"), "Called Quintsworths about Annabel Quint")
    others = ("account", "activity", "pick_list", "pick_list_value", "user")
    before = everything()

    erase(make, "contact", anna.id)

    after = everything()
    primary = [row for row in before["account"] if "North" in row]
    for table in others:
        kept = [row for row in before[table] if row not in primary]
        assert set(kept) <= set(after[table]), table
    assert make.again(Contact, namesake.id).last_name == "Quintsworth"


def test_an_undo_of_an_older_run_brings_nothing_back(make, anna):
    run = make.run(kind="upsert", status="done", done={"updated": 1})
    with unit_of_work():
        values = {"email": "new.q@north.example"}
        write = Write(Action.UPDATE, values, anna.id, None, {"kind": "grid"})
        records.write(Contact, [write], run=session.get_one(Run, run.id))
    erase(make, "contact", anna.id)

    undoing = undo.undo_later(run.id, by=make.mona, key=None)
    runs.work(undoing)
    runs.work(undoing)

    assert make.again(Run, undoing).status in ("done", "done_with_errors")
    assert naming("q@north.example", "Annabel") == []


@pytest.mark.parametrize("steps", [0, 1, 5, 20, 40])
def test_who_is_killed_in_the_middle_is_taken_up_again(make, anna, steps):
    make.activity(make.account("West"), f"Met {' '.join(NAMES)}")
    contacts.update(anna.id, {"email": "b.q@north.example"}, 1, by=make.mona)
    run_id = person_erasure.start("contact", anna.id, typed=anna.name, by=make.alice)
    held = engine.claim(run_id)
    for _step in range(steps):
        held = person_erasure.advance(held)
    with unit_of_work():
        session.get_one(Run, run_id).lease_until = None

    runs.work(run_id)

    assert make.again(Run, run_id).status == "done"
    assert naming("Annabel", "q@north.example") == []


def test_the_history_that_was_erased_is_told_from_one_that_was_meddled_with(make, anna):
    sealed()
    erase(make, "contact", anna.id)
    account = make.account("East")
    with unit_of_work():
        records.update(
            type(account),
            account.id,
            {"name": "Eastern"},
            version=None,
            by=make.mona,
            source={"kind": "form"},
        )
    sealed()
    assert seal_check.check().broken is None

    with unit_of_work():
        last = session.query(Change).order_by(Change.id.desc()).first()
        last.fields = {"name": ["East", "(erased)"]}

    assert seal_check.check().broken is not None


def test_a_person_who_signed_in_is_a_number_afterwards(make):
    origin.enter(Origin("192.0.2.7", "Her browser", "r1"))
    bob = make.user("bobette-x")
    users.set_role(make.carol.id, "rep", by=bob if bob.can(personal_data.RIGHT) else make.alice)
    account = make.account("Kept", owner_id=bob.id)
    with unit_of_work():
        session.get_one(User, bob.id).active = False
    origin.enter(None)
    sealed()
    name, email = bob.name, bob.email

    erase(make, "user", bob.id)

    left = make.again(User, bob.id)
    assert left.name == f"Erased person {bob.id}"
    assert account.owner_id == bob.id
    assert naming(email, name) == []
    assert seal_check.check().broken is None


def test_files_that_name_her_go(make, anna):
    run = make.run(kind="upsert", status="done")
    folder = settings().artefacts_dir / f"run-{run.id}"
    folder.mkdir(parents=True)
    (folder / "rows.jsonl").write_text('{"first": "Annabel", "last": "Quintsworth"}\n')
    planned = make.run(kind="upsert", status="done")
    rows = [[None] * len(artefacts.COLUMNS)]
    rows[0][list(artefacts.COLUMNS).index("fields")] = {"email": [None, MAIL]}
    plan = artefacts.write(planned.id, "plan", rows)
    other = settings().artefacts_dir / "run-999999"
    other.mkdir()
    (other / "rows.jsonl").write_text('{"first": "Annabel", "last": "Other"}\n')

    erase(make, "contact", anna.id)

    assert not (folder / "rows.jsonl").exists()
    assert not (settings().artefacts_dir / plan.name).exists()
    assert (other / "rows.jsonl").exists()
    assert make.again(Run, run.id).files_gone_at is not None


def test_a_run_that_has_not_ended_and_needs_such_a_file_comes_first(make, anna):
    run = make.run(kind="upsert", status="planned")
    folder = settings().artefacts_dir / f"run-{run.id}"
    folder.mkdir(parents=True)
    (folder / "rows.jsonl").write_text(f'{{"email": "{MAIL}"}}\n')

    with pytest.raises(Conflict, match=str(run.id)):
        person_erasure.start("contact", anna.id, typed=anna.name, by=make.alice)


def test_whoever_erases_types_the_name_and_may_manage_people(make, anna):
    with pytest.raises(Invalid):
        person_erasure.start("contact", anna.id, typed="Somebody", by=make.alice)
    with pytest.raises(Forbidden):
        person_erasure.plan("contact", anna.id, by=make.mona)
    with pytest.raises(Conflict):
        person_erasure.start("user", make.bob.id, typed=make.bob.name, by=make.alice)


def test_the_plan_says_what_goes_and_what_stays(make, anna):
    make.account("Sole trader", email=MAIL)
    make.activity(make.account("West"), f"Met {' '.join(NAMES)}")

    plan = person_erasure.plan("contact", anna.id, by=make.alice)

    assert {"contact", "history", "activity"} <= {each.name for each in plan.goes}
    assert [each.name for each in plan.stays] == ["account"]


def test_erasures_are_listed_by_number_and_found_gone(make, anna):
    erase(make, "contact", anna.id)

    assert [(each.kind, each.id) for each in erased_list.every()] == [("contact", anna.id)]
    with pytest.raises(NotFound):
        personal_data.subject("contact", anna.id, by=make.alice)
    assert "Annabel" not in (settings().home / "erasures.jsonl").read_text()
