"""Somebody dies, or sleeps past her lease, at the worst moment; many press the same button."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from sqlalchemy import update

from crmapp.db import session, unit_of_work
from crmapp.domain.runs import Status
from crmapp.models import Run
from tests.faults import aim
from tests.faults.aim import Scene, scene
from tests.faults.clerk import PLANNED, status
from tests.faults.house import send
from tests.faults.visitor import Visitor

MIDDLE = 2  # of four chunks


@pytest.fixture(scope="module")
def at(tmp_path_factory, databases) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("aimed"), databases) as opened:
        yield opened


@pytest.mark.parametrize("gate", ["part-planned", "rows-read", "rows-written", "all-but-committed"])
def test_a_run_survives_the_death_of_its_worker(at, gate):
    assert aim.kill_at(gate, 1 if gate == "part-planned" else MIDDLE, at) == []


def test_a_worker_that_wakes_after_its_lease_writes_nothing(at):
    assert aim.freeze_at("rows-read", MIDDLE, at) == []


def test_an_undo_keeps_what_people_changed_since(at):
    assert aim.undo_after_edits(at) == []


def test_no_bell_rings_for_what_was_never_committed(at):
    assert aim.die_before_commit(at) == []


def test_what_was_committed_is_done_though_no_bell_rang(at):
    assert aim.die_before_the_bell(at) == []


def test_one_form_sent_400_times_by_8_processes_is_done_once(at):
    assert aim.press(at) == []


def test_1000_edits_of_one_account_by_two_processes_lose_no_acknowledged_edit(at):
    assert aim.edit_together(at) == []


def test_people_work_while_the_queue_is_frozen_and_runs_follow(at):
    queue = at.house.freeze_queue()
    visitor = Visitor(at.house.installation.url).sign_in("bob@crm.example")
    form = visitor.form("/accounts/new", "/accounts") | {"name": "While frozen"}
    at.clerk.ledger.sent.append("While frozen")
    answer = visitor.ask("POST", "/accounts", form)
    run_id = at.clerk.enter(at.book())

    send(queue, signal.SIGCONT)

    at.wait(run_id, PLANNED)
    assert answer.status == 303
    assert at.breaks() == []


def test_a_run_of_newer_code_waits_for_newer_workers(at):
    run_id = at.clerk.draft(at.book())
    set_code_version(run_id, +1)
    at.clerk.plan(run_id)
    at.complete(at.book())
    waited = status(run_id)

    set_code_version(run_id, -1)

    at.wait(run_id, PLANNED)
    assert waited == Status.PLANNING


def set_code_version(run_id: int, by: int) -> None:
    with unit_of_work():
        newer = {"code_version": Run.code_version + by}
        session.execute(update(Run).where(Run.id == run_id).values(newer))
