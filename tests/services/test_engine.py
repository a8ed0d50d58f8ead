"""How a run is held while it is worked on, and what becomes of it when that raises."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from crmapp import artefacts, config
from crmapp.db import session, unit_of_work
from crmapp.errors import Conflict
from crmapp.models import Run
from crmapp.services import engine, planning, runs, upserts
from tests.factories import Make
from tests.support.upserts import MAPPING, carry_out, plan, queue, start


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


def test_a_retry_that_a_wrong_clock_put_far_off_is_not_waited_for(make: Make) -> None:
    soon = make.run(status="planning", retry_at=time.time() + 10)
    far = make.run(status="planning", retry_at=time.time() + 3600)

    assert engine.claim(soon.id) is None
    assert engine.claim(far.id) is not None


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


def test_a_step_that_works_long_keeps_its_claim(make: Make) -> None:
    config.use(replace(config.settings(), lease=1.0))
    run_id = make.run(status="planning").id
    held = engine.claim(run_id)
    assert held is not None

    with engine.keep_alive(held):
        time.sleep(1.6)
        meanwhile = engine.claim(run_id)

    assert meanwhile is None
    with unit_of_work():
        assert engine.checkpoint(held) == held


def test_who_has_lost_a_claim_does_not_renew_it(make: Make) -> None:
    config.use(replace(config.settings(), lease=1.0))
    run_id = make.run(status="planning").id
    lost = engine.claim(run_id)
    assert lost is not None
    with unit_of_work():
        run = session.get_one(Run, run_id)
        run.fence, run.lease_until = run.fence + 1, None

    with engine.keep_alive(lost):
        time.sleep(1.2)

    assert run_of(run_id).lease_until is None


def test_a_part_that_is_long_in_planning_is_not_planned_twice(make: Make) -> None:
    config.use(replace(config.settings(), lease=1.0))
    run_id, due = make.run(status="planning").id, []

    def slowly(_held: engine.Claim) -> None:
        time.sleep(1.6)
        due.extend(engine.due(10))

    engine.work(run_id, {("upsert", "planning"): slowly})

    assert due == []


def test_a_run_that_was_put_off_is_not_held_by_a_late_beat(make: Make) -> None:
    config.use(replace(config.settings(), lease=1.0))
    run_id = make.run(status="planning").id

    def put_off(held: engine.Claim) -> None:
        engine.put_off(held, None, error="away")
        time.sleep(0.6)

    engine.work(run_id, {("upsert", "planning"): put_off})

    assert run_of(run_id).lease_until is None


def test_a_plan_that_is_long_in_joining_is_not_joined_twice(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.use(replace(config.settings(), lease=1.0))
    rewrite, due = artefacts.rewrite, []

    def slowly(*args: Any) -> artefacts.Artefact:
        time.sleep(1.6)
        session.rollback()
        due.extend(engine.due(10))
        return rewrite(*args)

    monkeypatch.setattr(artefacts, "rewrite", slowly)

    assert plan(make).status == "planned"
    assert due == []


def test_a_run_starts_when_it_is_run_not_when_it_was_planned(make: Make) -> None:
    planned = plan(make)
    prepared = planned.started_at

    engine.claim(queue(make, planned))

    assert prepared is not None
    assert (run_of(planned.id).started_at or prepared) > prepared


def die(run_id: int) -> None:
    """Take the run up and die without a word: nothing but the lease says so."""
    assert engine.claim(run_id) is not None
    with unit_of_work():
        session.get_one(Run, run_id).lease_until = None


def test_a_run_whose_worker_dies_each_time_fails_and_says_why(make: Make) -> None:
    run_id = queue(make, plan(make))
    for _death in range(engine.CLAIMS):
        die(run_id)

    assert engine.claim(run_id) is None

    run = run_of(run_id)
    assert (run.status, run.error, run.lease_until) == ("failed", engine.GAVE_UP, None)
    assert engine.due(10) == []


def test_a_run_that_gets_further_between_two_deaths_goes_on(make: Make) -> None:
    run_id = queue(make, plan(make))
    for _death in range(engine.CLAIMS * 2):
        held = engine.claim(run_id)
        assert held is not None
        with unit_of_work():
            engine.checkpoint(held)
            session.get_one(Run, run_id).lease_until = None

    assert run_of(run_id).status == "running"
    assert engine.claim(run_id) is not None


def left_behind(make: Make, status: str, **values: Any) -> Run:
    values["code_version"] = engine.CODE_VERSION - 1
    return make.run(status=status, by_id=make.mona.id, **values)


def test_a_run_of_an_earlier_version_is_cancelled_at_once(make: Make) -> None:
    run = left_behind(make, "running", done={"created": 1})

    runs.cancel(run.id, by=make.mona)

    assert run_of(run.id).status == "cancelled"


def test_a_run_that_an_earlier_version_still_works_on_is_asked_to_stop(make: Make) -> None:
    run = left_behind(make, "running", lease_until=time.time() + 10)

    runs.cancel(run.id, by=make.mona)

    assert (run_of(run.id).status, run_of(run.id).cancel_requested) == ("running", True)


def test_a_preview_of_an_earlier_version_is_made_anew_and_run(make: Make) -> None:
    planned = plan(make)
    with unit_of_work():
        session.get_one(Run, planned.id).code_version -= 1
    with pytest.raises(Conflict) as refused:
        queue(make, planned)
    assert str(refused.value.message) == planning.OUTDATED

    upserts.plan_again_later(planned.id, by=make.mona)
    runs.work(planned.id)

    assert carry_out(make, runs.get(planned.id, by=make.mona)).done["created"] == 2


def test_planning_that_an_earlier_version_left_behind_is_begun_again(make: Make) -> None:
    run_id = start(make)
    upserts.plan_later(run_id, MAPPING, confirmed=None, by=make.mona)
    with pytest.raises(Conflict):
        upserts.plan_again_later(run_id, by=make.mona)
    with unit_of_work():
        session.get_one(Run, run_id).code_version -= 1

    upserts.plan_again_later(run_id, by=make.mona)
    runs.work(run_id)

    assert run_of(run_id).status == "planned"
