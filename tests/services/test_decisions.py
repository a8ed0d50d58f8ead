"""What people decide about uncertain rows, and how it gets into the plan that runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from crmapp import artefacts
from crmapp.config import settings
from crmapp.db import session, unit_of_work
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.plan import Planned
from crmapp.errors import Conflict, Forbidden, Invalid, NotFound
from crmapp.models import Account, Change, PlanDecision, Run
from crmapp.services import decisions, engine, freeze, plans, runs
from tests.factories import Make
from tests.support.upserts import MAPPING, carry_out, edit, plan, plan_again, queue, rows_of


def decide(make: Make, run: Run, **answers: str) -> int:
    """Answer for rows: ``decide(make, run, r1="create")``."""
    chosen = {int(name[1:]): answer for name, answer in answers.items()}
    kept = decisions.decide(run.id, chosen, plan_hash=run.plan_hash or "", by=make.mona)
    session.rollback()
    return kept


def actions(run: Run) -> dict[str, str]:
    with artefacts.read([part["name"] for part in run.artefacts]) as file:
        return {row["key"]: row["action"] for row in file.rows("true", [], 100)}


def named(name: str) -> list[Account]:
    query = select(Account).where(Account.name == name, Account.deleted_at.is_(None))
    return list(session.scalars(query))


def uncertain(make: Make, *names: str) -> tuple[Run, list[Account]]:
    """Plan rows of ``names``, for each of which there is a prospect of the same name."""
    prospects = [make.account(name, number=None) for name in names]
    return plan(make, rows_of(*names)), prospects


def test_a_decided_row_updates_the_account_that_was_chosen(make: Make) -> None:
    planned, (acme,) = uncertain(make, "Acme")
    decide(make, planned, r1=f"update:{acme.id}")
    done = carry_out(make, planned)
    session.expire_all()
    assert acme.number == "C1"
    assert runs.receipt_of(done).outcomes["updated"] == 1
    assert runs.receipt_of(done).balances


def test_a_decided_row_creates_a_second_account(make: Make) -> None:
    planned, _ = uncertain(make, "Acme")
    decide(make, planned, r1="create")
    carry_out(make, planned)
    assert len(named("Acme")) == 2


def test_skipped_and_undecided_rows_are_skipped_and_listed(make: Make) -> None:
    planned, _ = uncertain(make, "Acme", "Bolts")
    decide(make, planned, r1="skip")
    done = carry_out(make, planned)
    assert runs.receipt_of(done).outcomes["skipped"] == 2
    assert actions(done) == {"C1": "kept", "C2": "ambiguous"}


def test_the_run_records_the_plan_that_it_carried_out(make: Make) -> None:
    planned, _ = uncertain(make, "Acme")
    looked_at = planned.artefacts[0]
    decide(make, planned, r1="create")
    done = carry_out(make, planned)
    (final,) = done.artefacts
    assert final["frozen"] == looked_at
    assert done.plan_hash == final["sha256"] != looked_at["sha256"]
    assert done.counts == {"create": 1}


def test_without_decisions_the_plan_that_was_looked_at_is_carried_out(make: Make) -> None:
    planned = plan(make, rows_of("Acme"))
    looked_at = planned.plan_hash
    assert carry_out(make, planned).plan_hash == looked_at


def test_freezing_that_was_killed_is_done_again_with_the_same_result(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned, (acme, _) = uncertain(make, "Acme", "Bolts")
    decide(make, planned, r1=f"update:{acme.id}", r2="create")
    run_id = queue(make, planned)
    held = engine.claim(run_id)
    assert held is not None
    with monkeypatch.context() as killed:
        killed.setattr(freeze, "checkpoint", _killed)
        with pytest.raises(KeyboardInterrupt):
            freeze.advance(held)
    first = {path.name for path in _files(run_id)}
    freeze.advance(held)
    assert {path.name for path in _files(run_id)} == first
    assert runs.get(run_id, by=make.mona).counts == {"create": 1, "update": 1}


def _killed(*_args: object, **_values: object) -> None:
    raise KeyboardInterrupt


def _files(run_id: int) -> list[Path]:
    return list((settings().artefacts_dir / f"run-{run_id}").glob("plan-2-*"))


def test_a_worker_that_lost_its_claim_freezes_nothing(make: Make) -> None:
    planned, _ = uncertain(make, "Acme")
    decide(make, planned, r1="create")
    run_id = queue(make, planned)
    old = engine.claim(run_id)
    runs.cancel(run_id, by=make.mona)
    assert old is not None
    _take_over(run_id)
    with pytest.raises(engine.RunStopped):
        freeze.advance(old)
    assert "frozen" not in runs.get(run_id, by=make.mona).artefacts[0]


def _take_over(run_id: int) -> None:
    with unit_of_work():
        session.get_one(Run, run_id).lease_until = None
    assert engine.claim(run_id) is not None


def test_what_was_decided_is_written_once(make: Make) -> None:
    planned, (acme,) = uncertain(make, "Acme")
    decide(make, planned, r1=f"update:{acme.id}")
    done = carry_out(make, planned)
    runs.work(done.id)
    logged = session.scalar(select(func.count()).where(Change.run_id == done.id))
    assert logged == 1


def test_an_account_that_changed_after_the_freeze_is_skipped(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned, (acme,) = uncertain(make, "Acme")
    decide(make, planned, r1=f"update:{acme.id}")
    run_id = queue(make, planned)
    held = engine.claim(run_id)
    assert held is not None
    frozen = freeze.advance(held)
    edit(make, acme, notes="Mine")
    assert frozen is not None
    assert freeze.advance(frozen) is not None
    assert runs.get(run_id, by=make.mona).done == {"skipped": 1}


def test_two_rows_are_not_decided_to_be_one_account(make: Make) -> None:
    acme = make.account("Acme", number=None)
    rows = rows_of("Acme", "ACME")
    planned = plan(make, rows)
    with pytest.raises(Invalid) as refused:
        decide(make, planned, r1=f"update:{acme.id}", r2=f"update:{acme.id}")
    assert list(refused.value.fields) == ["row-2"]


def test_a_row_is_not_decided_to_be_an_account_that_another_row_updates(make: Make) -> None:
    acme = make.account("Acme", number=None, email="a@acme.example")
    by_mail = FieldMapping({**MAPPING.columns, "email": "email"}, match="email")
    rows = rows_of("Acme", "Acme")
    rows["C1"]["email"], rows["C2"]["email"] = "new@other.example", "a@acme.example"
    planned = plan(make, rows, by_mail)
    (row,) = plans.rows(planned, Planned.AMBIGUOUS, 1, by=make.mona, locale="en").rows
    assert row.candidates[0].taken == 2
    with pytest.raises(Invalid):
        decide(make, planned, r1=f"update:{acme.id}")


def test_new_accounts_of_one_number_are_made_once(make: Make) -> None:
    make.account("Acme", number=None)
    make.account("Bolts", number=None)
    rows = rows_of("Acme", "Bolts")
    rows["C2"]["code"] = "C1"
    planned = plan(make, rows)
    decide(make, planned, r1="create", r2="create")
    done = carry_out(make, planned)
    assert actions(done) == {"C1": "create", "C2": "rejected"}


def test_a_decision_can_be_changed_and_taken_back(make: Make) -> None:
    planned, _ = uncertain(make, "Acme")
    counts = [decide(make, planned, r1=answer) for answer in ("skip", "create", "create", "")]
    assert counts == [1, 1, 0, 1]
    assert decisions.of(planned.id) == {}


@pytest.mark.parametrize("answer", ["update:999999", "update:", "delete", "update:1e5"])
def test_an_answer_that_the_row_does_not_offer_is_refused(make: Make, answer: str) -> None:
    planned, _ = uncertain(make, "Acme")
    with pytest.raises(Invalid) as refused:
        decide(make, planned, r1=answer)
    assert list(refused.value.fields) == ["row-1"]
    assert session.scalar(select(func.count(PlanDecision.id))) == 0


def test_a_row_that_is_certain_is_not_decided(make: Make) -> None:
    planned = plan(make, rows_of("Acme"))
    with pytest.raises(Invalid):
        decide(make, planned, r1="skip")


def test_a_plan_that_was_made_anew_takes_no_decisions(make: Make) -> None:
    planned, _ = uncertain(make, "Acme")
    with pytest.raises(Conflict):
        decisions.decide(planned.id, {1: "skip"}, plan_hash="another", by=make.mona)


def test_a_run_that_has_begun_takes_no_decisions(make: Make) -> None:
    planned, _ = uncertain(make, "Acme")
    queue(make, planned)
    with pytest.raises(Conflict):
        decide(make, planned, r1="skip")


def test_who_may_not_add_accounts_may_not_decide(make: Make) -> None:
    planned, _ = uncertain(make, "Acme")
    plan_hash = planned.plan_hash or ""
    with pytest.raises((Forbidden, NotFound)):
        decisions.decide(planned.id, {1: "skip"}, plan_hash=plan_hash, by=make.bob)


def test_a_decision_outlives_a_plan_made_anew_with_the_same_candidates(make: Make) -> None:
    planned, (acme, _) = uncertain(make, "Acme", "Bolts")
    decide(make, planned, r1=f"update:{acme.id}", r2="skip")
    plan_again(make, planned.id, FieldMapping(MAPPING.columns, clear_empty=True))
    assert {n: d.choice for n, d in decisions.of(planned.id).items()} == {1: "update", 2: "skip"}


def test_a_decision_does_not_outlive_other_candidates(make: Make) -> None:
    planned, (acme, _) = uncertain(make, "Acme", "Bolts")
    decide(make, planned, r1=f"update:{acme.id}", r2="create")
    make.account("Bolts", number=None)
    edit(make, acme, number="C1")
    plan_again(make, planned.id)
    assert decisions.of(planned.id) == {}
