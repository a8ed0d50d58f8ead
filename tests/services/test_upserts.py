"""The main job below the web: rows become a plan, a plan becomes accounts, and back."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from crmapp import artefacts
from crmapp.db import session, unit_of_work
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.permissions import Right
from crmapp.errors import AlreadyRunning, Conflict, Forbidden, Invalid, NotUndoable
from crmapp.models import Account, Change, MailOutbox, Run, RunException
from crmapp.services import engine, runs, undo, upsert_plan, upserts
from crmapp.services.notifications import message_id
from tests.factories import Make
from tests.support import rows as made_up
from tests.support.upserts import MAPPING, ROWS, carry_out, edit, plan, start, take_back


def living() -> set[str]:
    return set(session.scalars(select(Account.name).where(Account.deleted_at.is_(None))))


def planned_rows(planned: Run) -> list[dict]:
    with artefacts.read([part["name"] for part in planned.artefacts]) as file:
        return file.rows("true", [], 100)


def test_a_plan_says_what_would_happen_and_writes_nothing(make: Make) -> None:
    make.account("Acme", number="C1", phone="+33 1 23")
    before = living()
    planned = plan(make)
    assert planned.status == "planned"
    assert planned.counts == {"create": 1, "rejected": 1, "unchanged": 1}
    assert living() == before


def test_a_plan_keeps_old_and_new_of_what_it_changes(make: Make) -> None:
    make.account("Acme", number="C1", phone="+44 20 1234")
    planned = plan(make)
    fields = {row["key"]: row["fields"] for row in planned_rows(planned)}
    assert fields["C1"] == {"phone": ["+44 20 1234", "+33 1 23"]}


def test_a_run_carries_out_its_plan_and_its_receipt_balances(make: Make) -> None:
    make.account("Old name", number="C1")
    done = carry_out(make, plan(make))
    receipt = runs.receipt_of(done)
    assert done.status == "done_with_errors"
    assert receipt.balances
    assert (receipt.outcomes["created"], receipt.outcomes["updated"]) == (1, 1)
    assert {"Acme", "Łódź Toys"} <= living()


def test_running_the_same_rows_again_changes_nothing(make: Make) -> None:
    carry_out(make, plan(make))
    again = plan(make)
    assert again.counts == {"unchanged": 2, "rejected": 1}


def test_each_row_is_written_once_and_logged_once(make: Make) -> None:
    done = carry_out(make, plan(make))
    logged = session.scalar(select(func.count()).where(Change.run_id == done.id))
    assert logged == 2


def test_a_row_that_changed_since_the_plan_is_skipped_and_listed(make: Make) -> None:
    account = make.account("Acme", number="C1", phone="+44 20 1234")
    planned = plan(make)
    edit(make, account, notes="Mine")
    done = carry_out(make, planned)
    skipped = session.scalars(select(RunException).where(RunException.run_id == done.id)).one()
    assert (skipped.reason, skipped.record_id) == ("changed_since", account.id)
    assert runs.receipt_of(done).balances


def test_undo_takes_back_what_nobody_touched_and_keeps_the_rest(make: Make) -> None:
    account = make.account("Old name", number="C1", phone="+44 20 1234")
    done = carry_out(make, plan(make))
    edit(make, account, phone="999 999")
    undone = take_back(make, done)
    session.expire_all()
    assert (account.name, account.phone) == ("Old name", "999 999")
    assert "Łódź Toys" not in living()
    assert undone.status == "done"
    assert runs.get(done.id, by=make.mona).status == "undone"


def test_undo_keeps_a_created_account_that_people_added_to(make: Make) -> None:
    done = carry_out(make, plan(make))
    created = session.scalars(select(Account).where(Account.name == "Łódź Toys")).one()
    make.contact(created)
    undone = take_back(make, done)
    kept = [row for row in planned_rows(undone) if row["action"] == "kept"]
    assert [row["reason"] for row in kept] == ["people_added"]
    assert "Łódź Toys" in living()


def test_an_undo_can_be_undone(make: Make) -> None:
    account = make.account("Old name", number="C1")
    done = carry_out(make, plan(make))
    take_back(make, take_back(make, done))
    session.expire_all()
    assert account.name == "Acme"
    assert "Łódź Toys" in living()
    assert runs.get(done.id, by=make.mona).status == "done_with_errors"


def test_after_an_undo_the_same_rows_create_the_accounts_again(make: Make) -> None:
    take_back(make, carry_out(make, plan(make)))
    again = carry_out(make, plan(make))
    assert again.done["created"] == 2


def test_a_run_is_not_undone_twice(make: Make) -> None:
    done = carry_out(make, plan(make))
    take_back(make, done)
    with pytest.raises(NotUndoable):
        undo.undo_later(done.id, by=make.mona, key=None)


def test_a_second_row_for_one_account_is_rejected(make: Make) -> None:
    twice = {
        "A": {"code": "C1", "name": "Acme", "phone": ""},
        "B": {"code": "C1", "name": "Acme two", "phone": ""},
        "C": {"code": "", "name": "No number", "phone": ""},
    }
    planned = plan(make, twice)
    reasons = {row["key"]: row["reason"] for row in planned_rows(planned)}
    assert reasons == {"A": None, "B": "duplicate_key", "C": "no_key"}


@pytest.mark.parametrize("grouped", [1, 3, 250_000])
def test_second_rows_are_found_however_far_from_the_first(make: Make, monkeypatch, grouped) -> None:
    monkeypatch.setattr(upsert_plan, "_GROUPED", grouped)
    carry_out(make, plan(make, {"known": {"code": "C1", "name": "Acme", "phone": ""}}))
    rows = {f"row {n}": {"code": f"N{n}", "name": f"New {n}", "phone": ""} for n in range(6)}
    rows["known"] = {"code": "C9", "name": "Acme", "phone": ""}
    rows["other way"] = {"code": "C1", "name": "Acme", "phone": ""}
    rows["said again"] = {"code": "N0", "name": "New again", "phone": ""}
    found = {row["key"]: row["reason"] for row in planned_rows(plan(make, rows)) if row["reason"]}
    assert found == {"other way": "same_account", "said again": "duplicate_key"}


@pytest.mark.parametrize(
    "match, here, there",
    [
        ("email", "Info@Acme.example", "info@ACME.example"),
        ("email", "josé@acme.example", "José@Acme.example"),
        ("name", "Łódź  Toys", "LODZ TOYS"),
        ("number", "C1", "C1"),
    ],
)
def test_an_account_is_found_however_its_key_is_written(
    make: Make, match: str, here: str, there: str
) -> None:
    values = {"name": "Acme", match: here}
    make.account(**values)
    columns = {"name": "name", "number": "code", "email": "email"}
    row = {"code": "C9", "name": "Acme Ltd", "email": "b@c.example"}
    row[{"number": "code"}.get(match, match)] = there

    planned = plan(make, {"K": row}, FieldMapping(columns, match=match))

    assert planned.counts == {"update": 1}


def test_a_prospect_of_the_same_name_is_for_a_person_to_decide(make: Make) -> None:
    prospect = make.account("ACME", number=None)
    planned = plan(make, {"C1": ROWS["C1"]})
    (row,) = planned_rows(planned)
    assert row["action"] == "ambiguous"
    assert row["params"]["candidates"] == [prospect.id]


def test_an_empty_cell_is_left_or_clears_as_the_mapping_says(make: Make) -> None:
    make.account("Acme", number="C1", phone="555 123")
    empty = {"C1": {"code": "C1", "name": "Acme", "phone": ""}}
    clearing = FieldMapping(MAPPING.columns, clear_empty=True)
    assert plan(make, empty).counts == {"unchanged": 1}
    assert plan(make, empty, clearing).counts == {"update": 1}


def test_control_totals_of_mapped_amounts_balance(make: Make) -> None:
    mapping = FieldMapping({"name": "name", "number": "code", "credit_limit": "limit"})
    amounts = {
        "C1": {"code": "C1", "name": "A", "limit": "100.10"},
        "C2": {"code": "C2", "name": "B", "limit": "200.20"},
        "C3": {"code": "", "name": "C", "limit": "5"},
    }
    done = carry_out(make, plan(make, amounts, mapping))
    assert done.control == {
        "credit_limit": {"planned": "305.30", "written": "300.30", "left_out": "5.00"}
    }
    assert runs.receipt_of(done).balances


def test_everything_in_view_needs_the_number_confirmed(make: Make) -> None:
    run_id = start(make, everything=True)
    with pytest.raises(Invalid) as refused:
        upserts.plan_later(run_id, MAPPING, confirmed=None, by=make.mona)
    assert "confirmed" in refused.value.fields
    upserts.plan_later(run_id, MAPPING, confirmed=3, by=make.mona)


def test_a_run_over_everything_is_refused_when_the_number_has_changed(make: Make) -> None:
    run_id = start(make, everything=True, newest={**ROWS, "C4": ROWS["C1"]})
    with pytest.raises(Invalid) as refused:
        upserts.plan_later(run_id, MAPPING, confirmed=3, by=make.mona)
    assert "4" in str(refused.value.fields["confirmed"])


def test_a_plan_that_was_made_anew_is_not_run_unseen(make: Make) -> None:
    planned = plan(make)
    with pytest.raises(Conflict):
        upserts.run_later(planned.id, plan_hash="another", key=None, by=make.mona)


def test_a_plan_is_run_once(make: Make) -> None:
    planned = plan(make)
    carry_out(make, planned)
    with pytest.raises(AlreadyRunning):
        upserts.run_later(planned.id, plan_hash=planned.plan_hash or "", key=None, by=make.mona)


def test_who_lacks_the_right_is_told_which(make: Make) -> None:
    with pytest.raises(Forbidden) as refused:
        upserts.start(made_up.source(ROWS), title="", by=make.bob, key=None)
    assert refused.value.right == Right.GRID_ADD_UPDATE_ACCOUNTS


def test_the_end_of_a_run_is_one_message(make: Make) -> None:
    done = carry_out(make, plan(make))
    keys = session.scalars(select(MailOutbox.message_id)).all()
    assert keys == [message_id(f"run-{done.id}-ended")]


def test_a_worker_that_lost_its_claim_writes_nothing(make: Make) -> None:
    planned = plan(make)
    upserts.run_later(planned.id, plan_hash=planned.plan_hash or "", key=None, by=make.mona)
    old = engine.claim(planned.id)
    with unit_of_work():
        session.get_one(Run, planned.id).lease_until = None
    new = engine.claim(planned.id)
    assert old is not None
    assert new is not None
    with pytest.raises(engine.RunStopped):
        runs.PHASES["upsert", "running"](old)
    assert "Acme" not in living()


def test_a_cancelled_run_keeps_what_is_done_and_can_be_undone(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crmapp.services.pace.chunk_size", lambda: 1)
    planned = plan(make)
    upserts.run_later(planned.id, plan_hash=planned.plan_hash or "", key=None, by=make.mona)
    held = engine.claim(planned.id)
    assert held is not None
    held = runs.PHASES["upsert", "running"](held)
    runs.cancel(planned.id, by=make.mona)
    assert held is not None
    assert runs.PHASES["upsert", "running"](held) is None
    cancelled = runs.get(planned.id, by=make.mona)
    assert (cancelled.status, cancelled.done) == ("cancelled", {"created": 1})
    take_back(make, cancelled)
    assert "Acme" not in living()
