"""How long the files of runs are kept, and what is lost with them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmapp import artefacts
from crmapp.db import session, unit_of_work, utcnow
from crmapp.errors import Forbidden, Invalid
from crmapp.models import Run
from crmapp.services import exports, retention
from crmapp.services.retention import Loss
from tests.support.upserts import ROWS, carry_out, plan, queue, take_back


def ended(make, days: int) -> Run:
    """A run that ended so many days ago, with its plan."""
    run = carry_out(make, plan(make, ROWS))
    with unit_of_work():
        session.get_one(Run, run.id).finished_at = utcnow() - timedelta(days=days)
    return run


def lost(run_id: int) -> bool:
    run = session.get_one(Run, run_id)
    return artefacts.lost([part["name"] for part in run.artefacts])


def keep(make, days: int | None, confirmed: Loss | None = None) -> None:
    retention.keep({"upsert": days}, confirmed=confirmed, by=make.alice)


def test_files_of_runs_are_kept_for_ever_but_those_of_exports_for_a_week(make):
    run = ended(make, 5000)

    assert retention.days() == {exports.KIND: 7, "deleted_file": 30, "unfiled_letter": 90}
    assert retention.forget_old() == 0
    assert not lost(run.id)


def test_files_go_when_their_time_is_over_and_the_run_says_since_when(make):
    old = ended(make, 31).id
    keep(make, 30, retention.loss({"upsert": 30}))

    assert retention.forget_old() == 1

    assert lost(old)
    assert make.again(Run, old).files_gone_at is not None
    assert retention.forget_old() == 0


def test_younger_files_stay(make):
    run = ended(make, 29)
    keep(make, 30)

    assert retention.forget_old() == 0
    assert not lost(run.id)


def test_a_run_whose_files_are_gone_can_still_be_undone(make):
    run = ended(make, 31)
    keep(make, 30, retention.loss({"upsert": 30}))
    retention.forget_old()

    undone = take_back(make, session.get_one(Run, run.id))

    assert undone.status == "done"
    assert make.again(Run, run.id).status == "undone"


def test_a_run_that_has_not_ended_keeps_its_plan(make):
    run_id = queue(make, plan(make, ROWS))
    with unit_of_work():
        session.get_one(Run, run_id).created_at = utcnow() - timedelta(days=900)
    keep(make, 1)

    assert retention.forget_old() == 0
    assert not lost(run_id)


def test_a_run_keeps_its_plan_until_the_retry_of_its_rows_has_ended(make):
    run = ended(make, 31)
    retry = make.run(retries_id=run.id, status="planning").id
    keep(make, 30)

    assert retention.forget_old() == 0
    with unit_of_work():
        session.get_one(Run, retry).status = "cancelled"
    assert retention.forget_old() == 1


def test_what_is_lost_at_once_has_to_be_confirmed(make):
    run = ended(make, 31)

    for wrong in (None, Loss(2, 2)):
        with pytest.raises(Invalid) as refused:
            keep(make, 30, wrong)
        assert refused.value.fields.keys() == {"confirm"}

    assert retention.loss({"upsert": 30}) == Loss(1, 1)
    assert retention.days_of("upsert") is None
    assert not lost(run.id)


@pytest.mark.parametrize("days", [0, -1, 4000])
def test_a_number_that_cannot_be_used_is_refused_at_its_kind(make, days):
    with pytest.raises(Invalid) as refused:
        keep(make, days)

    assert refused.value.fields.keys() == {"upsert"}


def test_who_may_not_change_settings_sets_nothing(make):
    with pytest.raises(Forbidden):
        retention.keep({"upsert": 1}, confirmed=None, by=make.mona)


def test_for_ever_can_be_said_again(make):
    keep(make, 30)
    keep(make, None)

    assert retention.days_of("upsert") is None
