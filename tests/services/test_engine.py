"""What becomes of a run when working on it raises."""

from __future__ import annotations

import pytest

from crmapp.db import session, unit_of_work
from crmapp.models import Run
from crmapp.services import engine
from tests.factories import Make
from tests.support.upserts import plan, queue


class Oops(Exception):
    """What a bug raises."""


def fail(_held: engine.Claim) -> None:
    raise Oops


PHASES = {("upsert", "running"): fail}


def work_and_fail(run_id: int) -> None:
    with pytest.raises(Oops):
        engine.work(run_id, PHASES)


def run_of(run_id: int) -> Run:
    session.rollback()
    return session.get_one(Run, run_id)


def test_a_crash_is_noted_and_tried_again_later(make: Make) -> None:
    run_id = queue(make, plan(make))
    work_and_fail(run_id)

    engine.crashed("Oops: no")

    run = run_of(run_id)
    assert (run.status, run.attempts, run.error) == ("running", 1, "Oops: no")
    assert engine.claim(run_id) is None
    assert run.retry_at is not None


def test_five_crashes_in_a_row_fail_the_run(make: Make) -> None:
    run_id = queue(make, plan(make))
    for _attempt in range(5):
        with unit_of_work():
            session.get_one(Run, run_id).retry_at = None
        work_and_fail(run_id)
        engine.crashed("Oops: no")

    assert run_of(run_id).status == "failed"


def test_the_crash_of_a_lost_claim_does_not_touch_the_run(make: Make) -> None:
    run_id = queue(make, plan(make))
    work_and_fail(run_id)
    with unit_of_work():
        session.get_one(Run, run_id).lease_until = None
    held = engine.claim(run_id)

    engine.crashed("Oops: no")

    run = run_of(run_id)
    assert held is not None
    assert (run.attempts, run.error, run.fence) == (0, None, held.fence)
    assert run.lease_until is not None
